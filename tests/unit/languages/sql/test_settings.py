import pytest

from passgate.languages.sql.settings import listed, setting, verb_of_setting
from tests.unit.languages.sql.shop import action, said, understander


def test_a_setting_is_known_by_its_lower_case_name() -> None:
    assert setting("Search_Path").name == "search_path"
    assert setting("application_name").effect == "harmless"
    assert not setting("my.own").system


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("role", "set_role"),
        ("SESSION_AUTHORIZATION", "set_session_authorization"),
        ("transaction_read_only", "set_transaction"),
        ("timezone", "set"),
    ],
)
def test_some_settings_are_statements_of_their_own(name: str, verb: str) -> None:
    assert verb_of_setting("set", name) == verb


def test_set_config_sets() -> None:
    assert "set search_path" in said("SELECT set_config('search_path', 'evil', false)")
    assert "set_role role" in said("SELECT set_config('role', 'postgres', false)")
    assert "set_transaction transaction_read_only" in said("SELECT set_config('transaction_read_only', 'off', false)")
    assert not action("SELECT set_config('search' || '_path', 'evil', false)").complete


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("SET standard_conforming_strings = on", "tame"),
        ("SET standard_conforming_strings = off", "lexing"),
        ("SET standard_conforming_strings TO DEFAULT", "lexing"),
        ("SET client_encoding TO 'UTF-8'", "tame"),
        ("SET NAMES 'UTF8'", "tame"),
        ("SET client_encoding TO 'SJIS'", "lexing"),
        ("SET client_min_messages TO warning", "tame"),
        ("SET client_min_messages TO debug1", "unknown"),
        ("SELECT set_config('jit', 'off', false)", "tame"),
        ("SELECT set_config('jit', $1, false)", "tame"),
        ("SELECT set_config('client_min_messages', $1, false)", "unknown"),
        ("SELECT set_config('standard_conforming_strings', $1, false)", "lexing"),
        ("SELECT set_config('jit_provider', 'off', false)", "privilege"),
        ("RESET client_encoding", "lexing"),
    ],
)
def test_what_drivers_set_at_connect_is_told_by_its_value(text: str, effect: str) -> None:
    (set_,) = [atom for atom in action(text).atoms if atom.object.kind == "setting"]
    assert set_.object.effect == effect


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("SELECT set_config('timezone', 'UTC', false)", "read"),
        ("SELECT set_config('timezone', note, false) FROM orders", "admin"),
        ("SELECT set_config(note, 'UTC', false) FROM orders", "admin"),
        ("SELECT set_config('timezone', $1, false)", "read"),
        ("SELECT set_config('timezone', $1 || note, false) FROM orders", "admin"),
        ("SELECT set_config('app.x', (SELECT email FROM customers LIMIT 1), false)", "admin"),
    ],
)
def test_set_config_of_constants_is_judged_by_what_it_sets(text: str, effect: str) -> None:
    (call,) = [atom for atom in action(text).atoms if atom.verb == "call"]
    assert call.object.effect == effect


def test_an_argument_of_execute_is_no_value_of_the_clients() -> None:
    session_ = understander()
    prepare = "PREPARE p AS SELECT set_config('app.x', $1, false)"
    session_.succeeded(session_.understand(prepare).actions[0])
    (found,) = session_.understand("EXECUTE p((SELECT email FROM customers LIMIT 1))").actions
    assert {atom.object.effect for atom in found.atoms if atom.verb == "call"} == {"admin"} or not found.complete


def test_a_list_of_identifiers_in_one_text() -> None:
    assert listed('Public, "Other", "a""b"') == ["public", "Other", 'a"b']
