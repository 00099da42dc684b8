import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "ALTER TABLE orders ADD COLUMN x int DEFAULT wipe()",
            "alter",
            "ddl",
            ["alter relation public.orders.x ddl additive", "call function public.wipe code definer"],
        ),
        ("ALTER TABLE orders DROP COLUMN note", "alter", "ddl", ["drop relation public.orders.note ddl destructive"]),
        (
            "ALTER TABLE orders ALTER total TYPE int USING 0",
            "alter",
            "ddl",
            ["alter relation public.orders.total ddl destructive"],
        ),
        (
            "ALTER TABLE orders ALTER note TYPE text USING (SELECT ssn FROM customers LIMIT 1)",
            "alter",
            "ddl",
            ["select relation public.customers.ssn read"],
        ),
        (
            "ALTER TABLE orders ALTER note SET DEFAULT 'x'",
            "alter",
            "ddl",
            ["alter relation public.orders.note ddl additive"],
        ),
        (
            "ALTER TABLE orders ALTER note SET NOT NULL, ALTER note SET STATISTICS 1",
            "alter",
            "ddl",
            ["alter relation public.orders.note ddl additive", "alter relation public.orders.note ddl maintenance"],
        ),
        (
            "ALTER TABLE customers ADD CHECK (ssn > '1')",
            "alter",
            "ddl",
            ["select relation public.customers.ssn read", "alter relation public.customers ddl additive"],
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES customers (ssn)",
            "alter",
            "ddl",
            ["select relation public.customers.ssn read"],
        ),
        ("ALTER TABLE orders DROP CONSTRAINT c", "alter", "ddl", ["drop relation public.orders ddl destructive"]),
        ("ALTER TABLE orders SET UNLOGGED", "alter", "ddl", ["alter relation public.orders ddl maintenance"]),
        ("ALTER TABLE orders SET (fillfactor = 10)", "alter", "ddl", []),
        (
            "ALTER TABLE orders OWNER TO x",
            "alter",
            "admin",
            ["owner relation public.orders admin", "owner role x admin"],
        ),
        (
            "ALTER TABLE orders DISABLE TRIGGER ALL",
            "alter",
            "code",
            ["alter trigger public.orders.all code destructive"],
        ),
        (
            "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
            "alter",
            "admin",
            ["alter relation public.orders admin destructive"],
        ),
        ("ALTER TABLE orders DISABLE RULE r", "alter", "code", ["alter rule public.orders.r code destructive"]),
        (
            "ALTER TABLE customers INHERIT orders",
            "alter",
            "ddl",
            ["alter relation public.orders ddl additive", "select relation public.customers.ssn read"],
        ),
        (
            "ALTER TABLE events ATTACH PARTITION customers FOR VALUES IN (1)",
            "alter",
            "ddl",
            ["select relation public.customers.ssn read", "alter relation public.customers ddl additive"],
        ),
        (
            "ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY",
            "alter",
            "ddl",
            ["alter relation public.events_1 ddl destructive"],
        ),
        ("ALTER INDEX i SET (fillfactor = 10)", "alter", "ddl", ["alter index i ddl maintenance"]),
        ("ALTER TABLE orders REPLICA IDENTITY FULL", "alter", "admin", []),
        (
            "ALTER TABLE orders ALTER id ADD GENERATED ALWAYS AS IDENTITY",
            "alter",
            "ddl",
            ["alter relation public.orders.id ddl additive"],
        ),
        (
            "ALTER VIEW customer_v SET (security_barrier)",
            "alter",
            "ddl",
            ["alter relation public.customer_v ddl maintenance"],
        ),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_is_not_known_is_a_gap() -> None:
    for text in (
        "ALTER TABLE nosuch ADD COLUMN a int",
        "ALTER TABLE orders ADD COLUMN a nosuch",
        "ALTER TABLE orders ADD CHECK (nosuch > 1)",
    ):
        assert not action(text).complete, text
