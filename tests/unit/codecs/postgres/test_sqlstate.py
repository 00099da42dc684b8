import pytest

from passgate.codecs.postgres import sqlstate
from passgate.codecs.postgres.sqlstate import condition


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("23505", "unique violation"),
        ("23999", "integrity constraint violation"),
        ("P0001", "pl/pgsql error"),
        ("ZZ000", "error"),
        ("", "error"),
    ],
)
def test_a_condition_is_named_by_its_code_else_by_its_class(code: str, name: str) -> None:
    assert condition(code) == name


def test_every_code_in_use_has_five_characters_and_a_name() -> None:
    codes = [value for name, value in vars(sqlstate).items() if name.isupper() and not name.startswith("_")]
    assert len(codes) >= 14
    for code in codes:
        assert len(code) == 5
        assert condition(code) != "error"
