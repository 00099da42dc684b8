"""The demo's database: customers, payments, products and orders, made up from a fixed seed."""

from random import Random

from passgate.testing import PostgresCluster

CUSTOMERS, PRODUCTS, ORDERS = 500, 40, 5000

RULES = """\
# What the demo's owner adds to the pack postgres-safe: which columns are nobody's business.
protect:
  - {object: customers, column: email, as: {mask: {strategy: partial, keep_first: 1, label: EMAIL}}}
  - {object: customers, column: ssn, as: {mask: {strategy: 'null'}}}
  - {object: payments, as: never}
"""

_SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE NOT NULL, ssn text NOT NULL, city text);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, product_id int NOT NULL REFERENCES products,
                     status text NOT NULL, total numeric(10,2) NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE payments (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, card text NOT NULL);
"""

_FIRST = "Ada Grace Alan Edsger Barbara Donald Frances Ken Radia Leslie Margaret Niklaus Hedy Tim Shafi Vint".split()
_LAST = "Stone Rivera Okafor Lindqvist Moreau Tanaka Novak Silva Haddad Kowalski Byrne Petrov Mwangi Castillo".split()
_CITIES = "Lisbon Oslo Nairobi Lima Osaka Graz Leeds Turin".split()


def create(cluster: PostgresCluster, *, user: str, password: str) -> None:
    """Create the database ``shop`` with its data, owned by a role that is no superuser. Raises PassgateError."""
    cluster.psql(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'; CREATE DATABASE shop OWNER {user};")
    rows = [_SCHEMA, *_copies(), "ANALYZE;"]
    cluster.psql(f"SET ROLE {user};\n" + "\n".join(rows), database="shop")


def _copies() -> list[str]:
    pick = Random(20261122)  # noqa: S311 - the same made-up people every time
    customers = []
    for number in range(1, CUSTOMERS + 1):
        first, last = pick.choice(_FIRST), pick.choice(_LAST)
        ssn = f"{pick.randint(1, 665):03}-{pick.randint(1, 99):02}-{pick.randint(1, 9999):04}"
        email = f"{first}.{last}{number}@example.com".lower()
        customers.append((number, f"{first} {last}", email, ssn, pick.choice(_CITIES)))
    products = [(n, f"Part {n:03}", f"{pick.randint(100, 99900) / 100:.2f}") for n in range(1, PRODUCTS + 1)]
    orders = [
        (
            *(n, pick.randint(1, CUSTOMERS), pick.randint(1, PRODUCTS)),
            pick.choice(("open", "paid", "shipped")),
            f"{pick.randint(500, 250000) / 100:.2f}",
            f"2026-{pick.randint(1, 10):02}-{pick.randint(1, 28):02} 12:00+00",
        )
        for n in range(1, ORDERS + 1)
    ]
    payments = [(n, n, f"4111 1111 1111 {pick.randint(0, 9999):04}") for n in range(1, 1001)]
    tables = {"customers": customers, "products": products, "orders": orders, "payments": payments}
    return [
        f"COPY {name} FROM stdin;\n" + "\n".join("\t".join(map(str, row)) for row in rows) + "\n\\.\n"
        for name, rows in tables.items()
    ]
