"""Strict JSON with places: nothing but what is edited changes."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.json_text import MAX_DEPTH, MAX_SCALARS, Json, parse, quoted, splice
from passgate.core.errors import RemoteProtocolError

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
TREES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@st.composite
def written(draw: st.DrawFn) -> tuple[Any, bytes]:
    """A tree and one of the many ways to write it."""
    tree = draw(TREES)
    way = draw(st.sampled_from(("orjson", "ascii", "indented", "spaced", "escaped")))
    if way == "orjson":
        text = orjson.dumps(tree)
    elif way == "escaped":
        text = _written_escaped(tree).encode()
    else:
        text = json.dumps(
            tree,
            ensure_ascii=way == "ascii",
            indent="\t\r\n " if way == "indented" else None,
            separators=(" , ", " : ") if way == "spaced" else None,
        ).encode()
    return tree, text


def _written_escaped(tree: Any) -> str:
    """As no usual writer would: every character an escape."""
    if isinstance(tree, dict):
        return "{" + ",".join(f"{_escaped(name)}:{_written_escaped(value)}" for name, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(_written_escaped(item) for item in tree) + "]"
    return _escaped(tree) if isinstance(tree, str) else json.dumps(tree)


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[at]:02X}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'


def _scalars(tree: Json) -> list[Json]:
    if isinstance(tree, dict):
        return [part for name, value in tree.items() for part in (name, *_scalars(value))]
    if isinstance(tree, list):
        return [part for item in tree for part in _scalars(item)]
    return [tree]


@given(written())
def test_every_token_says_what_the_tree_says_at_its_place(case: tuple[Any, bytes]) -> None:
    tree, text = case
    document = parse(text)
    assert document.tree == tree
    tokens = [text[start:end] for start, end in map(document.places.span, range(document.scalars))]
    assert [json.loads(token) for token in tokens] == _scalars(tree)
    with pytest.raises(IndexError):
        document.places.span(document.scalars)


@given(written(), st.data())
def test_edits_change_their_tokens_and_no_other_byte(case: tuple[Any, bytes], data: st.DataObject) -> None:
    _, text = case
    document = parse(text)
    places = [document.places.span(number) for number in range(document.scalars)]
    chosen = sorted(data.draw(st.sets(st.integers(0, len(places) - 1)))) if places else []
    edits = [(*places[at], quoted(data.draw(st.text()).encode())) for at in chosen]
    made = splice(text, edits)
    at = shift = 0
    for start, end, token in edits:
        assert made[at + shift : start + shift] == text[at:start]
        assert made[start + shift : start + shift + len(token)] == token
        at, shift = end, shift + len(token) - (end - start)
    assert made[at + shift :] == text[at:]


@given(st.binary())
def test_without_edits_it_is_the_same_object(text: bytes) -> None:
    assert splice(text, []) is text


@given(st.text())
def test_what_is_quoted_reads_the_same(text: str) -> None:
    assert json.loads(quoted(text.encode())) == text


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"{} {}",
        b"[1,]",
        b'{"a":1,}',
        b"{'a':1}",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"01",
        b"+1",
        b".5",
        b"0x10",
        b'"\x00"',
        b'"\n"',
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\u0041"',
        b'"\\x41"',
        b'"a',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"// no\n{}",
        b"\x00",
    ],
)
def test_what_is_not_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not JSON"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1,"b":{"c":2}}}',
        b'[{"a":1},{"a":"x","b":"y","a":"z"}]',
        b'{"a":1,"b":"x","a":{"c":["d"]}}',
        b'{"a":"x","a":1}',
        b'{"a":{},"a":[]}',
        b'{"":0,"":0}',
        b'{"a\\"":"\\\\","a\\u0022":"x"}',
        b'{"\\u0022":"","\\u0022":""}',
        b'{"a":"\\u0022\\u0022\\u0022\\u0022","a":"\\u0022"}',
    ],
)
def test_a_name_that_stands_twice_is_refused(text: bytes) -> None:
    """Which of the two counts is up to each reader, so one would be judged and the other obeyed."""
    with pytest.raises(RemoteProtocolError, match="stands twice"):
        parse(text)


@given(st.lists(st.tuples(st.text(max_size=2), _SCALARS), max_size=6))
def test_names_are_unique_or_refused(pairs: list[tuple[str, Any]]) -> None:
    text = ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}").encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert parse(text).tree == dict(pairs)
    else:
        with pytest.raises(RemoteProtocolError):
            parse(text)


@pytest.mark.parametrize("text", [b'"\\u0022"', b'["\\\\u0022", "\\""]', b'{"\\\\\\u0022": "\\\\\\""}', b'"\\\\"'])
def test_quotation_marks_inside_of_texts_are_no_names(text: bytes) -> None:
    document = parse(text)
    assert document.tree == json.loads(text)
    assert [json.loads(text[slice(*document.places.span(at))]) for at in range(document.scalars)] == _scalars(
        document.tree
    )


def test_depth_is_bounded() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse(deep).scalars == 0
    for text in (b"[" + deep + b"]", b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 100_000, b"[" * 2000 + b"]" * 2000):
        with pytest.raises(RemoteProtocolError):
            parse(text)


def test_the_number_of_values_is_bounded() -> None:
    assert parse(b'{"a":1,"b":2}', most=4).scalars == 4
    with pytest.raises(RemoteProtocolError, match="more than 4 values"):
        parse(b'{"a":1,"b":[2,3]}', most=4)
    with pytest.raises(RemoteProtocolError, match=f"more than {MAX_SCALARS} values"):
        parse(b"[" + b"0," * MAX_SCALARS + b"0]")


def test_a_refusal_says_where_and_never_what() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse('{"key": "ü hunter2" oops}'.encode())
    assert "hunter2" not in str(caught.value)
    assert "byte 21" in str(caught.value)
