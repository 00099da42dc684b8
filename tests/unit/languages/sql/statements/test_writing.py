import pytest

from tests.unit.languages.sql.shop import action, gaps, said, shows


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        (
            "INSERT INTO orders (id, note) VALUES (1, 'x')",
            ["insert orders", "insert orders.id target", "insert orders.note target"],
        ),
        (
            "INSERT INTO orders SELECT id, id, ssn FROM customers",
            ["select customers.ssn source", "insert orders.total target"],
        ),
        ("INSERT INTO orders DEFAULT VALUES", ["insert orders.id target"]),
        ("INSERT INTO customers (id) VALUES (1) ON CONFLICT (ssn) DO NOTHING", ["select customers.ssn predicate"]),
        ("INSERT INTO customers (id) VALUES (1) ON CONFLICT DO NOTHING", ["select customers.ssn predicate"]),
        (
            "INSERT INTO customers (id) VALUES (1) ON CONFLICT ON CONSTRAINT k DO UPDATE SET name = 'x'",
            ["select customers.ssn predicate", "update customers.name target"],
        ),
        (
            "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = orders.status",
            ["update orders.note target", "select orders.status source"],
        ),
        (
            "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE orders.total > 1",
            ["select orders.total predicate"],
        ),
        (
            "UPDATE orders SET note = c.ssn FROM customers c WHERE c.id = orders.customer_id",
            ["select customers.ssn source", "update orders.note target", "select customers.id predicate"],
        ),
        ("UPDATE orders SET note[id] = 'x' WHERE id = 1", ["select orders.id predicate", "update orders.note target"]),
        ("DELETE FROM orders USING customers c WHERE c.ssn = '1'", ["select customers.ssn predicate", "delete orders"]),
        (
            "WITH q AS (SELECT ssn FROM customers) UPDATE orders SET note = q.ssn FROM q WHERE id = 1",
            ["select customers.ssn source"],
        ),
        (
            "WITH q AS (SELECT ssn FROM customers) DELETE FROM orders USING q WHERE note = q.ssn",
            ["select customers.ssn predicate"],
        ),
        (
            "WITH q AS (SELECT ssn FROM customers) INSERT INTO orders (note) SELECT * FROM q",
            ["select customers.ssn source"],
        ),
        (
            (
                "MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED AND c.ssn = '1' "
                "THEN UPDATE SET note = c.email WHEN NOT MATCHED THEN INSERT (note) VALUES (c.name)"
            ),
            [
                "select customers.ssn predicate",
                "select customers.email source",
                "select customers.name source",
                "merge orders",
                "update orders.note target",
                "insert orders.note target",
                "select customers.id join",
            ],
        ),
        (
            "WITH q AS (SELECT 1 AS id) MERGE INTO orders o USING q ON o.id = q.id WHEN MATCHED THEN DELETE",
            ["delete orders"],
        ),
        ("DELETE FROM events WHERE id = 1", ["delete events", "delete events_1"]),
        ("UPDATE ONLY events SET what = 'x' WHERE id = 1", ["update events.what target"]),
        ("UPDATE events_1 SET what = 'x' WHERE id = 1", ["update events.what target", "update events_1.what target"]),
        (
            "UPDATE customer_v SET ref = 'x' WHERE id = 1",
            ["update customer_v.ref target", "update customers.ssn target", "update customers"],
        ),
        ("DELETE FROM customer_v WHERE id = 1", ["delete customer_v", "delete customers"]),
    ],
)
def test_what_is_read_and_written(text: str, atoms: list[str]) -> None:
    assert set(atoms) <= set(said(text))


@pytest.mark.parametrize(
    ("text", "lineage"),
    [
        ("DELETE FROM customers WHERE id = 1 RETURNING ssn", {"ssn": "=customers.ssn"}),
        ("INSERT INTO orders (note) SELECT ssn FROM customers RETURNING note", {"note": "customers.ssn,orders.note"}),
        (
            "INSERT INTO orders (note) VALUES ((SELECT ssn FROM customers LIMIT 1)) RETURNING orders.*, 1 AS one",
            {
                "id": "=orders.id",
                "customer_id": "=orders.customer_id",
                "status": "=orders.status",
                "total": "=orders.total",
                "note": "customers.ssn,orders.note",
                "one": "",
            },
        ),
        (
            "UPDATE orders SET note = c.ssn FROM customers c WHERE orders.id = 1 RETURNING note, c.email",
            {"note": "customers.ssn,orders.note", "email": "=customers.email"},
        ),
        ("UPDATE orders SET note = 'x' WHERE id = 1 RETURNING note", {"note": "=orders.note"}),
        (
            "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING old.ssn, new.email",
            {"ssn": "=customers.ssn", "email": "=customers.email"},
        ),
        ("UPDATE customers SET name = 'x' WHERE id = 1 RETURNING WITH (OLD AS o) o.ssn", {"ssn": "=customers.ssn"}),
        (
            (
                "MERGE INTO orders o USING customers c ON o.id = 1 WHEN MATCHED "
                "THEN UPDATE SET note = c.ssn RETURNING o.note, c.email, merge_action()"
            ),
            {"note": "customers.ssn,orders.note", "email": "=customers.email", "merge_action": ""},
        ),
        (
            (
                "INSERT INTO orders (id, status) SELECT 1, ssn FROM customers ON CONFLICT (id) "
                "DO UPDATE SET note = excluded.status RETURNING note"
            ),
            {"note": "customers.ssn,orders.note"},
        ),
    ],
)
def test_what_returning_shows(text: str, lineage: dict[str, str]) -> None:
    assert shows(text) == lineage
    assert any(atom.position == "returning" for atom in action(text).atoms)


def test_how_narrow_an_insert_is() -> None:
    def pinned(text: str) -> bool:
        return next(atom for atom in action(text).atoms if atom.verb == "insert").key_pinned

    assert pinned("INSERT INTO orders (id) VALUES (1), (2)")
    assert pinned("INSERT INTO orders DEFAULT VALUES")
    assert not pinned("INSERT INTO orders (id) SELECT id FROM customers")
    assert not pinned("MERGE INTO orders o USING customers c ON o.id = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (1)")


def test_a_merge_is_as_narrow_as_its_condition() -> None:
    found = action("MERGE INTO orders o USING customers c ON true WHEN MATCHED THEN DELETE")
    assert not any(atom.where_effective for atom in found.atoms if atom.verb in ("merge", "delete"))
    found = action("MERGE INTO orders o USING customers c ON o.id = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE")
    assert not any(atom.where_effective for atom in found.atoms if atom.verb == "delete")


def test_cascades_are_a_fact() -> None:
    assert action("DELETE FROM customers WHERE id = 1").facts["sql.cascades"]
    assert action("MERGE INTO customers c USING orders o ON c.id = 1 WHEN MATCHED THEN DELETE").facts["sql.cascades"]
    assert not action("UPDATE customers SET id = 2 WHERE id = 1").facts["sql.cascades"]
    assert not action("DELETE FROM orders WHERE id = 1").facts["sql.cascades"]


def test_what_is_not_understood() -> None:
    assert "rules of public.ruled" in gaps("INSERT INTO ruled (id) VALUES (1)")
    assert "column orders.nosuch is not known" in gaps("INSERT INTO orders (nosuch) VALUES (1)")
    assert "column orders.nosuch is not known" in gaps("UPDATE orders SET nosuch = 1 WHERE id = 1")
    assert "relation nosuch is not known" in gaps("DELETE FROM nosuch")
    assert "relation nosuch is not known" in gaps("INSERT INTO nosuch VALUES (1) RETURNING *")
    assert any(not atom.object.known for atom in action("DELETE FROM nosuch").atoms)
