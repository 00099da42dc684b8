import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "GRANT SELECT (ssn), UPDATE ON customers TO x",
            "grant",
            "admin",
            [
                "grant relation public.customers admin",
                "grant relation public.customers.ssn admin",
                "grant role x admin",
            ],
        ),
        ("REVOKE ALL ON orders FROM PUBLIC", "revoke", "admin", ["revoke role public admin"]),
        ("GRANT ALL ON ALL TABLES IN SCHEMA public TO x", "grant", "admin", ["grant schema public admin"]),
        ("GRANT EXECUTE ON FUNCTION wipe() TO x", "grant", "admin", ["grant function wipe admin"]),
        (
            "GRANT pg_read_server_files TO support",
            "grant",
            "admin",
            ["grant role pg_read_server_files admin", "grant role support admin"],
        ),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "grant", "admin", []),
        ("CREATE ROLE x SUPERUSER", "create", "admin", ["create role x admin"]),
        ("ALTER ROLE x SUPERUSER", "alter", "admin", ["alter role x admin"]),
        ("ALTER ROLE x SET search_path = evil", "alter", "admin", ["set setting search_path session privilege"]),
        ("DROP ROLE x", "drop", "admin", ["drop role x admin"]),
        ("DROP OWNED BY app CASCADE", "drop", "admin", ["drop role app admin"]),
        ("REASSIGN OWNED BY a TO b", "owner", "admin", ["owner role a admin", "owner role b admin"]),
        (
            "CREATE POLICY p ON customers USING (ssn = '1')",
            "create",
            "admin",
            [
                "create policy public.customers.p admin",
                "select relation public.customers.ssn read",
                "alter relation public.customers admin destructive",
            ],
        ),
        (
            "ALTER POLICY p ON orders WITH CHECK (checked(note))",
            "alter",
            "admin",
            ["call function public.checked code unknown"],
        ),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_is_not_known_is_a_gap() -> None:
    assert not action("GRANT SELECT ON nosuch TO x").complete
    assert not action("CREATE POLICY p ON nosuch USING (true)").complete
