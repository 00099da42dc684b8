import pytest

from tests.unit.languages.sql.shop import action, acts, gaps, shows


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("SET application_name = 'drop'", "set", "session", ["set setting application_name session harmless"]),
        ("SET TIME ZONE 'UTC'", "set", "session", ["set setting timezone session harmless"]),
        (
            "SET LOCAL standard_conforming_strings = off",
            "set",
            "session",
            ["set setting standard_conforming_strings session lexing"],
        ),
        ("SET ROLE postgres", "set_role", "session", ["set_role setting role session privilege"]),
        ("RESET ROLE", "set_role", "session", ["set_role setting role session privilege"]),
        (
            "SET SESSION AUTHORIZATION DEFAULT",
            "set_session_authorization",
            "session",
            ["set_session_authorization setting session_authorization session privilege"],
        ),
        (
            "SET TRANSACTION READ WRITE",
            "set_transaction",
            "session",
            ["set_transaction setting transaction_read_only session transaction"],
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "set_transaction",
            "session",
            ["set_transaction transaction session characteristics session"],
        ),
        ("SET transaction_read_only = off", "set_transaction", "session", []),
        ("RESET ALL", "reset", "session", ["reset setting all session unknown"]),
        ("RESET search_path", "reset", "session", []),
        ("DISCARD ALL", "discard", "session", ["discard setting all session unknown"]),
        ("SHOW server_version", "show", "read", []),
        (
            "ALTER SYSTEM SET archive_command = 'x'",
            "alter_system",
            "admin",
            ["alter_system setting archive_command admin destructive"],
        ),
        ("ALTER SYSTEM RESET ALL", "alter_system", "admin", []),
        ("NOTIFY a, 'b'", "notify", "write", ["notify channel a write"]),
        ("LISTEN a", "listen", "session", ["listen channel a session"]),
        ("UNLISTEN *", "unlisten", "session", []),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_show_shows_a_setting() -> None:
    assert shows("SHOW timezone") == {"timezone": ""}
    assert set(shows("SHOW ALL")) == {"name", "setting", "description"}
    assert gaps("SHOW") != ""
