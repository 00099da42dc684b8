// pgJDBC through Passgate: prints one line per finding. Connection settings come from libpq's environment variables.
import java.sql.*;
import java.util.Properties;

public class Run {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", System.getenv("PGUSER"));
    properties.setProperty("password", System.getenv("PGPASSWORD"));
    properties.setProperty("sslmode", "verify-full");
    properties.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      // Past the fifth execution pgJDBC prepares on the server and asks for binary results.
      try (PreparedStatement statement = connection.prepareStatement("SELECT id, email, ssn FROM customers WHERE id = ?")) {
        for (int id = 1; id <= 12; id++) {
          statement.setInt(1, id);
          try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) System.out.println("row\t" + rows.getInt(1) + "\t" + rows.getString(2) + "\t" + rows.getString(3));
          }
        }
      }
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(64);
        int count = 0, clear = 0;
        try (ResultSet rows = statement.executeQuery("SELECT id, email FROM customers")) {
          while (rows.next()) {
            count++;
            if (rows.getString(2).startsWith("customer")) clear++;
          }
        }
        System.out.println("fetched\t" + count + "\t" + clear);
      }
      connection.commit();
      connection.setAutoCommit(true);
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate("DROP TABLE orders");
        System.out.println("dropped");
      } catch (SQLException refused) {
        System.out.println("refused\t" + refused.getSQLState());
      }
      try (PreparedStatement batch = connection.prepareStatement("UPDATE orders SET status = ? WHERE id = ?")) {
        batch.setString(1, "java");
        batch.setInt(2, 61);
        System.out.println("updated\t" + batch.executeUpdate());
      }
    }
  }
}
