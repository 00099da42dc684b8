import pytest

from passgate.languages.sql.settings import listed, setting, verb_of_setting
from tests.unit.languages.sql.shop import action, said


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


def test_a_list_of_identifiers_in_one_text() -> None:
    assert listed('Public, "Other", "a""b"') == ["public", "Other", 'a"b']
