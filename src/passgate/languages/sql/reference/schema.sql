-- The database "shop" of the reference policy: what policy tests and `passgate policy explain --reference` resolve names against.
CREATE TABLE products (id int PRIMARY KEY, name text, price numeric, "delete" boolean, category_id int);
CREATE TABLE customers (id int PRIMARY KEY, name text, ssn text, email text);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, product_id int REFERENCES products,
                     status text, total numeric, note text, name text,
                     created_at timestamptz DEFAULT now(), updated_at timestamptz, deleted_at timestamptz);
CREATE TABLE payments (id int PRIMARY KEY, card text);
CREATE TABLE audit_log (id serial, what text);
CREATE TABLE staging (id int, total numeric);
CREATE VIEW customer_v AS SELECT id, ssn AS ref FROM customers;
