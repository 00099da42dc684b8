// node-postgres through Passgate: prints one JSON object. Connection settings come from libpq's environment variables.
import fs from "node:fs";
import pg from "pg";
import Cursor from "pg-cursor";

const client = new pg.Client({ ssl: { ca: fs.readFileSync(process.env.PGSSLROOTCERT), rejectUnauthorized: true } });
await client.connect();
const answers = {};
answers.simple = (await client.query("SELECT id, email, ssn FROM customers WHERE id = 8")).rows;
answers.extended = (await client.query("SELECT id, email FROM customers WHERE id = $1", [9])).rows;
const named = { name: "by-id", text: "SELECT id, email FROM customers WHERE id = $1" };
answers.named = [];
for (const id of [1, 2, 3]) answers.named.push(...(await client.query({ ...named, values: [id] })).rows);
const cursor = client.query(new Cursor("SELECT id, email FROM customers ORDER BY id"));
answers.cursor = [];
for (let rows = await cursor.read(100); rows.length; rows = await cursor.read(100)) answers.cursor.push(...rows);
await cursor.close();
try {
  await client.query("DELETE FROM orders");
  answers.refusal = null;
} catch (error) {
  answers.refusal = { code: error.code, detail: error.detail, hint: error.hint };
}
answers.after = (await client.query("UPDATE orders SET status = $1 WHERE id = $2", ["node", 51])).rowCount;
await client.end();
console.log(JSON.stringify(answers));
