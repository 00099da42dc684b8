import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "DROP TABLE orders, other.orders",
            "drop",
            "ddl",
            ["drop relation public.orders ddl destructive", "drop relation other.orders ddl destructive"],
        ),
        ("DROP TABLE events_1", "drop", "ddl", ["drop relation public.events ddl destructive"]),
        ("DROP VIEW customer_v", "drop", "ddl", ["drop relation public.customer_v ddl destructive"]),
        ("DROP INDEX CONCURRENTLY i", "drop", "ddl", ["drop index i ddl destructive"]),
        ("DROP FUNCTION wipe()", "drop", "ddl", ["drop function wipe ddl destructive"]),
        ("DROP SCHEMA public CASCADE", "drop", "ddl", ["drop schema public ddl destructive"]),
        ("DROP TYPE public.mood", "drop", "ddl", ["drop type public.mood ddl destructive"]),
        ("DROP TRIGGER t ON orders", "drop", "ddl", ["drop trigger public.orders.t ddl destructive"]),
        ("DROP POLICY p ON orders", "drop", "admin", ["drop policy public.orders.p admin destructive"]),
        ("DROP PUBLICATION p", "drop", "admin", []),
        ("DROP SERVER s", "drop", "egress", []),
        ("DROP OPERATOR + (int, int)", "drop", "ddl", []),
        ("DROP CAST (int AS text)", "drop", "ddl", []),
        ("ALTER TABLE orders RENAME TO x", "rename", "ddl", ["rename relation public.orders ddl destructive"]),
        (
            "ALTER TABLE customers RENAME ssn TO x",
            "rename",
            "ddl",
            ["rename relation public.customers.ssn ddl destructive"],
        ),
        ("ALTER INDEX i RENAME TO j", "rename", "ddl", []),
        ("ALTER SCHEMA public RENAME TO x", "rename", "ddl", ["rename schema public ddl destructive"]),
        ("ALTER ROLE a RENAME TO b", "rename", "admin", ["rename role a admin destructive"]),
        ("ALTER TABLE orders SET SCHEMA other", "rename", "ddl", ["alter schema other ddl additive"]),
        (
            "ALTER TABLE orders OWNER TO x",
            "alter",
            "admin",
            ["owner relation public.orders admin", "owner role x admin"],
        ),
        ("ALTER FUNCTION wipe() OWNER TO x", "owner", "admin", ["owner function wipe admin", "owner role x admin"]),
        (
            "COMMENT ON COLUMN customers.ssn IS 'x'",
            "comment",
            "ddl",
            ["comment relation public.customers.ssn ddl additive"],
        ),
        ("COMMENT ON FUNCTION wipe() IS 'x'", "comment", "ddl", []),
        ("COMMENT ON LARGE OBJECT 5 IS 'x'", "comment", "ddl", ["comment large_object 5 ddl additive"]),
        ("COMMENT ON TABLE orders IS 'x'", "comment", "ddl", ["comment relation public.orders ddl additive"]),
        ("SECURITY LABEL ON ROLE support IS 'x'", "security_label", "admin", ["security_label role support admin"]),
        ("ALTER FUNCTION wipe() DEPENDS ON EXTENSION e", "alter", "code", ["alter extension e code"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_is_not_known_is_a_gap() -> None:
    assert not action("DROP TABLE nosuch").complete
    assert not action("COMMENT ON TABLE nosuch IS 'x'").complete
    assert action("DROP INDEX CONCURRENTLY i").facts["sql.concurrently"]
