"""Each scalar once, and bounds on what names can blow up."""

import orjson
import pytest

from passgate.codecs.llm import reading as module
from passgate.codecs.llm.json_text import parse
from passgate.codecs.llm.reading import Reading
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field


def read(value: object, **options: bool) -> Reading:
    document = parse(orjson.dumps(value))
    reading = Reading(document)
    reading.free(document.tree, "", Field.USER, **options)
    return reading


def test_names_strings_and_numbers_are_leaves_and_nothing_else_is() -> None:
    leaves = read({"to": ["a", 1, 2.50, True, None], "b/c~": {}}).leaves
    assert [(leaf.pointer, leaf.text, leaf.fixed, leaf.quoted) for leaf in leaves] == [
        ("/to", b"to", True, True),
        ("/to/0", b"a", False, True),
        ("/to/1", b"1", False, False),
        ("/to/2", b"2.5", False, False),
        ("/b~1c~0", b"b/c~", True, True),
    ]


def test_numbers_are_as_they_were_written() -> None:
    document = parse(b"[1.50e+3, 4111111111111111, 4111111111111111411111111111]")
    reading = Reading(document)
    reading.free(document.tree, "", Field.USER)
    assert [leaf.text for leaf in reading.leaves] == [b"1.50e+3", b"4111111111111111", b"4111111111111111411111111111"]


def test_the_names_before_a_value_are_its_context() -> None:
    leaves = read({"db": {"password": ["x"], "port": 5}}).leaves
    assert {leaf.pointer: leaf.context for leaf in leaves if not leaf.fixed} == {
        "/db/password/0": b"db.password",
        "/db/port": b"db.port",
    }


def test_context_is_bounded() -> None:
    leaves = read({"n" * 500: {"password": "x"}}).leaves
    assert leaves[-1].context.endswith(b"n.password")
    assert len(leaves[-1].context) < 120


def test_all_of_it_can_be_fixed() -> None:
    assert all(leaf.fixed for leaf in read({"a": ["b", 1]}, fixed=True).leaves)


def test_what_is_skipped_is_not_looked_at_and_what_follows_is_in_its_place() -> None:
    document = parse(b'[{"a":[1,{"b":"c"}],"d":null},"after"]')
    reading = Reading(document)
    assert isinstance(document.tree, list)
    reading.skip(document.tree[0])
    reading.scalar(document.tree[1], "/1", Field.USER)
    (leaf,) = reading.leaves
    assert document.text[leaf.start : leaf.end] == b'"after"'


def test_long_ways_are_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="names that lead"):
        read({"n" * 1025: 1})
    with pytest.raises(RemoteProtocolError, match="names that lead"):
        read({"n" * 600: {"m" * 600: 1}})


def test_the_number_of_leaves_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LEAVES", 3)
    assert len(read([1, 2, 3, None]).leaves) == 3
    with pytest.raises(RemoteProtocolError, match="more than 3 texts"):
        read([1, 2, 3, 4])
