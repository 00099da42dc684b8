import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "CREATE TABLE t (a serial PRIMARY KEY, b int DEFAULT wipe(), c text CHECK (checked(c)))",
            "create",
            "ddl",
            [
                "create relation public.t ddl additive",
                "call function public.wipe code definer",
                "call function public.checked code unknown",
            ],
        ),
        ("CREATE TEMP TABLE t (a int)", "create", "ddl", ["create relation pg_temp.t ddl additive"]),
        ("CREATE TABLE t (LIKE customers)", "create", "ddl", ["select relation public.customers read"]),
        ("CREATE TABLE t () INHERITS (customers)", "create", "ddl", ["alter relation public.customers ddl additive"]),
        (
            "CREATE TABLE t PARTITION OF events FOR VALUES IN (1)",
            "create",
            "ddl",
            ["alter relation public.events ddl additive"],
        ),
        (
            "CREATE TABLE t (a text REFERENCES customers (ssn))",
            "create",
            "ddl",
            ["select relation public.customers.ssn read"],
        ),
        ("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =))", "create", "ddl", []),
        (
            "CREATE TABLE t (a int) PARTITION BY RANGE ((a + wipe()))",
            "create",
            "ddl",
            ["call function public.wipe code definer"],
        ),
        ("CREATE TABLE t OF orders", "create", "ddl", []),
        ("CREATE TABLE t PARTITION OF events FOR VALUES FROM (1) TO (MAXVALUE)", "create", "ddl", []),
        (
            "CREATE UNIQUE INDEX i ON customers (left(ssn, 3)) WHERE email > 'x'",
            "create",
            "ddl",
            [
                "create index public.i ddl additive",
                "select relation public.customers.ssn read",
                "select relation public.customers.email read",
            ],
        ),
        ("CREATE INDEX ON orders (note evil.ops)", "create", "ddl", ["call function evil.ops code unknown"]),
        (
            "TRUNCATE orders, events",
            "truncate",
            "ddl",
            ["truncate relation public.orders ddl destructive", "truncate relation public.events_1 ddl destructive"],
        ),
        ("CREATE SEQUENCE s", "create", "ddl", ["create sequence public.s ddl additive"]),
        (
            "ALTER SEQUENCE orders_id_seq RESTART",
            "alter",
            "ddl",
            ["alter sequence public.orders_id_seq ddl destructive"],
        ),
        (
            "ALTER SEQUENCE orders_id_seq OWNED BY NONE",
            "alter",
            "ddl",
            ["alter sequence public.orders_id_seq ddl additive"],
        ),
        (
            "CREATE STATISTICS s ON ssn, (name || 'x') FROM customers",
            "create",
            "ddl",
            ["select relation public.customers.ssn read", "select relation public.customers.name read"],
        ),
        ("ALTER STATISTICS s SET STATISTICS 1", "alter", "ddl", ["alter statistics s ddl maintenance"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_facts() -> None:
    assert action("CREATE INDEX CONCURRENTLY i ON orders (id)").facts["sql.concurrently"]
    assert action("TRUNCATE customers CASCADE").facts["sql.cascades"]


def test_what_is_not_known_is_a_gap() -> None:
    for text in (
        "CREATE INDEX ON nosuch (a)",
        "CREATE TABLE t (a nosuch)",
        "TRUNCATE nosuch",
        "CREATE TABLE t (LIKE nosuch)",
        "CREATE TABLE t OF nosuch",
        "CREATE TABLE t (a int REFERENCES nosuch)",
        "CREATE TABLE t (a int REFERENCES orders (nosuch))",
        "CREATE INDEX ON orders (nosuch)",
    ):
        assert not action(text).complete, text
