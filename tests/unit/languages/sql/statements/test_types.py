import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("CREATE TYPE pair AS (a int, b text)", "create", "ddl", ["create type pair ddl additive"]),
        ("CREATE TYPE mood AS ENUM ('a')", "create", "ddl", ["create type mood ddl additive"]),
        ("ALTER TYPE mood ADD VALUE 'b'", "alter", "ddl", ["alter type mood ddl additive"]),
        ("ALTER TYPE mood RENAME VALUE 'a' TO 'b'", "alter", "ddl", ["alter type mood ddl destructive"]),
        ("CREATE TYPE r AS RANGE (subtype = int4)", "create", "code", ["create type r code"]),
        ("CREATE DOMAIN d AS int CHECK (VALUE > 0)", "create", "ddl", ["create type d ddl additive"]),
        (
            "CREATE DOMAIN d AS text CHECK (checked(VALUE))",
            "create",
            "ddl",
            ["call function public.checked code unknown"],
        ),
        ("ALTER DOMAIN d ADD CHECK (checked(VALUE))", "alter", "ddl", ["call function public.checked code unknown"]),
        ("ALTER DOMAIN d DROP CONSTRAINT c", "drop", "ddl", ["drop type d ddl destructive"]),
        ("ALTER TYPE d SET (receive = f)", "alter", "code", ["alter type d code destructive"]),
        ("ALTER COLLATION c REFRESH VERSION", "alter", "ddl", []),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_parts_must_be_known() -> None:
    assert not action("CREATE DOMAIN d AS nosuch").complete
    assert not action("CREATE TYPE pair AS (a nosuch)").complete
