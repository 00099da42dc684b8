"""What is read as an event."""

import orjson
import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.leaves import parse
from tests.faults.kit import a_record


def test_an_event_is_read() -> None:
    assert parse(a_record(3).leaf)["id"] == "E3"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": None}, "no id"),
        ({"type": 3}, "no type"),
        ({"time": "now"}, "no time"),
        ({"mono": None}, "no mono"),
        ({"epoch": "1"}, "no epoch"),
        ({"payload": {}}, "malformed payload"),
        ({"payload": "x"}, "malformed payload"),
        ({"detail": []}, "malformed detail"),
        ({"detail": {"status": []}}, "malformed detail"),
        ({"detail": {"status": None}}, "malformed detail"),
    ],
)
def test_what_is_no_event(change: dict[str, object], why: str) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        parse(orjson.dumps({**orjson.loads(a_record(3).leaf), **change}))


@pytest.mark.parametrize("status", ["ok", 201])
def test_a_status_is_a_word_of_an_outcome_or_a_number_of_an_answer(status: object) -> None:
    leaf = orjson.dumps({**orjson.loads(a_record(3).leaf), "detail": {"status": status}})
    assert parse(leaf)["detail"] == {"status": status}


@pytest.mark.parametrize("leaf", [b"", b"{", b"[]", b"7"])
def test_what_is_no_object(leaf: bytes) -> None:
    with pytest.raises(LedgerCorruptError, match="not an event"):
        parse(leaf)
