import re
from pathlib import Path

import pytest

from passgate.codecs.postgres import sqlstate
from passgate.codecs.postgres.sqlstate import condition

PACKAGE = Path(sqlstate.__file__).parents[2]


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


CODES = {name: value for name, value in vars(sqlstate).items() if name.isupper() and not name.startswith("_")}


@pytest.mark.parametrize("name", CODES)
def test_every_code_is_in_use_and_has_five_characters_and_a_name(name: str) -> None:
    users = (path.read_text() for path in PACKAGE.rglob("*.py") if path != Path(sqlstate.__file__))
    assert any(re.search(rf"\b{name}\b", text) for text in users)
    assert len(CODES[name]) == 5
    assert condition(CODES[name]) != "error"
