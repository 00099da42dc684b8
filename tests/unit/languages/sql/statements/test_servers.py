import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("CREATE DATABASE x", "create", "ddl", ["create database x ddl additive"]),
        ("CREATE DATABASE x TEMPLATE shop", "create", "admin", ["create database x admin additive"]),
        ("ALTER DATABASE shop SET search_path = x", "alter", "admin", ["alter database shop admin destructive"]),
        ("ALTER DATABASE shop CONNECTION LIMIT 1", "alter", "admin", []),
        ("DROP DATABASE shop WITH (FORCE)", "drop", "ddl", ["drop database shop ddl destructive"]),
        (
            "CREATE SCHEMA s CREATE TABLE t (a int)",
            "create",
            "ddl",
            ["create schema s ddl additive", "create relation public.t ddl additive"],
        ),
        ("CREATE TABLESPACE t LOCATION '/x'", "create", "egress", ["create file /x egress"]),
        ("DROP TABLESPACE t", "drop", "egress", []),
        ("ALTER TABLESPACE t SET (random_page_cost = 1)", "alter", "egress", []),
        ("ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", "alter", "egress", []),
        ("CREATE FOREIGN DATA WRAPPER w", "create", "egress", []),
        ("ALTER FOREIGN DATA WRAPPER w OPTIONS (a 'b')", "alter", "egress", []),
        (
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'evil.example')",
            "create",
            "egress",
            ["create server s egress"],
        ),
        ("ALTER SERVER s OPTIONS (host 'x')", "alter", "egress", []),
        (
            "CREATE FOREIGN TABLE f (a int) SERVER s",
            "create",
            "egress",
            ["create relation public.f egress additive", "create server s egress"],
        ),
        ("CREATE USER MAPPING FOR x SERVER s", "create", "egress", []),
        ("ALTER USER MAPPING FOR x SERVER s OPTIONS (SET password 'x')", "alter", "egress", []),
        ("DROP USER MAPPING FOR x SERVER s", "drop", "egress", []),
        (
            "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO public",
            "import_schema",
            "egress",
            ["import_schema schema public admin"],
        ),
        ("CREATE PUBLICATION p FOR ALL TABLES", "create", "admin", ["create publication p admin"]),
        (
            "CREATE PUBLICATION p FOR TABLE customers WHERE (ssn = '1')",
            "create",
            "admin",
            ["alter relation public.customers admin destructive", "select relation public.customers.ssn read"],
        ),
        ("ALTER PUBLICATION p ADD TABLE orders", "alter", "admin", ["alter relation public.orders admin destructive"]),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "create", "egress", []),
        ("ALTER SUBSCRIPTION s DISABLE", "alter", "egress", []),
        ("DROP SUBSCRIPTION s", "drop", "egress", []),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_cannot_run_inside_a_transaction() -> None:
    for text in ("CREATE DATABASE x", "DROP DATABASE x", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p"):
        assert action(text).facts["sql.concurrently"], text
