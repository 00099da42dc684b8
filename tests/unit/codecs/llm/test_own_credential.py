import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.own_credential import WITHHELD, OwnCredential

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=40)


@given(PRINTABLE, st.integers(0, 3))
def test_json_however_deep_stays_json_and_says_it_no_more(secret: str, depth: int) -> None:
    text = f'é "key" \n{secret}\t'
    for _ in range(depth + 1):
        text = json.dumps(text)
    left = OwnCredential(secret).taken_out(text.encode())
    assert WITHHELD in left
    json.loads(left)


@given(PRINTABLE, st.data())
def test_wherever_a_line_is_cut_it_is_not_let_go(secret: str, data: st.DataObject) -> None:
    own = OwnCredential(secret)
    written = "".join(data.draw(st.sampled_from([sign, f"\\u{ord(sign):04x}", f"%{ord(sign):02X}"])) for sign in secret)
    line = f"data: {written}".encode()
    said, rest = b"", b""
    for at in range(len(line)):
        rest = own.taken_out(rest + line[at : at + 1])
        waits = own.unsettled(rest)
        said, rest = said + rest[: len(rest) - waits], rest[len(rest) - waits :]
    assert WITHHELD in said + own.taken_out(rest)


def test_a_whole_line_does_not_wait() -> None:
    own = OwnCredential("key")
    assert own.unsettled(b"data: k\n") == own.unsettled(b"data: k\r") == 0
    assert own.unsettled(b"data: k\nke") == 2


def test_what_is_not_in_there_is_the_very_object() -> None:
    text = b'{"a": "sk-other"}'
    assert OwnCredential("sk-key").taken_out(text) is text


@pytest.mark.parametrize("secret", ["a", "ab", "key"])
def test_a_short_one_is_not_looked_for_in_base_64(secret: str) -> None:
    assert not OwnCredential(secret).stands_in(b"YWJrZXlr")
