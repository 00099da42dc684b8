import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("BEGIN", "begin", "session", ["begin transaction  session"]),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "begin", "session", ["begin transaction  session"]),
        ("BEGIN READ WRITE", "begin", "session", ["set_transaction setting transaction_read_only session transaction"]),
        ("COMMIT AND CHAIN", "commit", "session", ["commit transaction  session"]),
        ("END", "commit", "session", ["commit transaction  session"]),
        ("ABORT", "rollback", "session", ["rollback transaction  session"]),
        ("SAVEPOINT a", "savepoint", "session", ["savepoint savepoint a session"]),
        ("RELEASE a", "release", "session", ["release savepoint a session"]),
        ("ROLLBACK TO a", "rollback_to", "session", ["rollback_to savepoint a session"]),
        ("PREPARE TRANSACTION 'x'", "prepare_transaction", "session", ["prepare_transaction transaction x session"]),
        ("COMMIT PREPARED 'x'", "commit_prepared", "session", []),
        ("ROLLBACK PREPARED 'x'", "rollback_prepared", "session", []),
        ("SET CONSTRAINTS ALL DEFERRED", "set_constraints", "session", ["set_constraints transaction  session"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_read_only_asks_for_nothing_more() -> None:
    assert [atom.verb for atom in action("BEGIN READ ONLY").atoms] == ["begin"]
