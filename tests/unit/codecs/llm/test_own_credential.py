import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.own_credential import WITHHELD, OwnCredential
from passgate.core.masker import Shown


class Echo:
    """A lane that shows what it is told."""

    held = 0
    masked: Mapping[str, int] = {}
    restored: Mapping[str, int] = {}

    def feed(self, data: bytes) -> Shown:
        return Shown(delivered=data, recorded=data)

    def finish(self) -> Shown:
        return self.feed(b"")

    def whole(self, data: bytes) -> Shown:
        return self.feed(data)


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


@given(PRINTABLE, st.data())
def test_a_text_that_comes_in_pieces_says_it_nowhere(secret: str, data: st.DataObject) -> None:
    """However it is cut, the same comes out; what is no beginning of it does not wait."""
    parts = st.one_of(st.just(secret), st.just(secret[:3]), st.sampled_from(["word ", "é", secret[-2:]]))
    text = "".join(data.draw(st.lists(parts, max_size=6))).encode()
    whole = Echo()
    expected = OwnCredential(secret).lane(whole).whole(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    lane = OwnCredential(secret).lane(Echo())
    said = b""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        said += lane.feed(text[start:end]).delivered
        assert lane.held < len(secret)
        assert lane.held == 0 or secret.encode().startswith(text[:end][-lane.held :])
    assert said + lane.finish().delivered == expected.delivered
    assert secret.encode() not in expected.delivered.replace(WITHHELD, b"\0")
