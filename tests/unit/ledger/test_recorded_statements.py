"""Lines of statements and results as moments; what a whole ledger gives is tested with the replay."""

import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.core.moment import RecordedLine
from tests.unit.ledger.conftest import READERS


def read(*lines: tuple[str, bytes]) -> list[tuple[str, str]]:
    found = READERS["postgres"].moments([RecordedLine(channel, 0, data) for channel, data in lines])
    return [(moment.kind, moment.text) for moment in found]


def test_a_result_ends_with_what_follows_it() -> None:
    shape = b'{"columns":["a"]}'
    assert read(("shape", shape), ("rows", b"1\n"), ("rows", b"2\n"), ("shape", shape), ("end", b'{"tag":"SELECT 2"}')) == [
        ("result", "2 rows"), ("result", "0 rows"), ("end", "SELECT 2"),
    ]  # fmt: skip


def test_a_result_without_end_or_shape() -> None:
    assert read(("rows", b"1\n")) == [("result", "1 rows")]
    assert read(("cut", b'{"lag":3}')) == [("cut", "not stored, only hashed: 3 bytes (lag)")]


@pytest.mark.parametrize("channel", ["shape", "verdict", "notice", "end", "cut"])
def test_a_malformed_line(channel: str) -> None:
    with pytest.raises(LedgerCorruptError, match="a recorded line is malformed"):
        read((channel, b"{"))
