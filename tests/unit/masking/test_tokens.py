import re

import pytest

from passgate.core.finding import FindingClass
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import derive_keys
from passgate.masking.strategies import token
from passgate.masking.tokens import PATTERN, TokenReader, outside

READER = TokenReader({"EMAIL", "IP_ADDRESS"})
CANONICAL = b"<<EMAIL:k7q2m9xapb3d>>".replace(b"9", b"5")
ADDRESS = b"<<IP_ADDRESS:aaaabbbb2222>>"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (CANONICAL, CANONICAL),
        (b"<<email:K7Q2M5XAPB3D>>", CANONICAL),
        (b"<<Email: k7q2m5xapb3d>>", CANONICAL),
        (rb"\<\<EMAIL:k7q2m5xapb3d\>\>", CANONICAL),
        (rb"\<\<EMAIL:k7q2m5xapb3d>>", CANONICAL),
        (b"&lt;&lt;EMAIL:k7q2m5xapb3d&gt;&gt;", CANONICAL),
        (rb"<<IP\_ADDRESS:aaaabbbb2222>>", ADDRESS),
        (rb"&LT;&lt;IP_ADDRESS: aaaabbbb2222&gt;&GT;", ADDRESS),
    ],
)
def test_ways_to_write_a_token(text: bytes, canonical: bytes) -> None:
    (found,) = READER.tokens(b"<" + text + b">")
    assert (found.start, found.end) == (1, 1 + len(text))
    assert found.canonical == canonical
    assert canonical.startswith(b"<<" + found.type.encode() + b":")


@pytest.mark.parametrize(
    "text",
    [
        b"<<EMAIL:k7q2m5xapb3>>",
        b"<<EMAIL:k7q2m5xapb3dd>>",
        b"<<EMAIL:k7q2m5xapb31>>",
        b"<<EMAIL:  k7q2m5xapb3d>>",
        b"<<EMAIL k7q2m5xapb3d>>",
        b"<<EMAIL:k7q2m5xapb3d>",
        b"<EMAIL:k7q2m5xapb3d>>",
        b"<<EMAIL :k7q2m5xapb3d>>",
        b"<<E MAIL:k7q2m5xapb3d>>",
        b"<<E-MAIL:k7q2m5xapb3d>>",
        b"<<EMAIL:k7q2m5x apb3d>>",
        rb"\<<EMAIL:k7q2m5xapb3d",
        b"&lt;&lt;EMAIL:k7q2m5xapb3d>>",
        b"<<EMAIL:k7q2m5xapb3d&gt;&gt;",
        b"<<PASSPORT:k7q2m5xapb3d>>",
        b"<<_EMAIL:k7q2m5xapb3d>>",
    ],
)
def test_everything_else_is_text(text: bytes) -> None:
    assert list(READER.tokens(text)) == []


def test_what_is_made_is_what_is_read() -> None:
    made = token(b"bob@example.org", "EMAIL", derive_keys(b"m" * 32, "s").tokens)
    (found,) = READER.tokens(b"to " + made)
    assert found.canonical == made


def test_one_after_the_other_from_a_place_on() -> None:
    text = CANONICAL + CANONICAL + b"<" + ADDRESS
    assert [t.start for t in READER.tokens(text)] == [0, len(CANONICAL), 2 * len(CANONICAL) + 1]
    assert [t.start for t in READER.tokens(text, 1)] == [len(CANONICAL), 2 * len(CANONICAL) + 1]


def test_the_grammar_has_a_longest_token() -> None:
    assert re.compile(PATTERN).fullmatch(b"&lt;&lt;" + rb"A\_" * 25 + b": " + b"a" * 12 + b"&gt;&gt;") is None
    assert re.compile(PATTERN).fullmatch(b"&lt;&lt;A" + rb"\_" * 47 + b": " + b"a" * 12 + b"&gt;&gt;") is not None


def finding(start: int, end: int) -> Finding:
    return Finding(start=start, end=end, type="X", class_=FindingClass.PII, rule="r")


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ((0, 10), [(0, 10)]),
        ((0, 15), [(0, 10)]),
        ((12, 18), []),
        ((10, 20), []),
        ((15, 25), [(20, 25)]),
        ((5, 45), [(5, 10), (20, 30), (40, 45)]),
        ((40, 45), [(40, 45)]),
    ],
)
def test_tokens_are_taken_out_of_findings(found: tuple[int, int], left: list[tuple[int, int]]) -> None:
    text = b"." * 10 + b"<" * 10 + b"." * 10 + b"<" * 10 + b"." * 10
    tokens = [READER.tokens(CANONICAL)[0]._replace(start=s, end=s + 10) for s in (10, 30)]
    assert len(text) == 50
    assert [(f.start, f.end) for f in outside([finding(*found)], tokens)] == left
    assert outside([finding(0, 50)], ()) == (finding(0, 50),)
