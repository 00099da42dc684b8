"""Each word of the tables: what it looks at, what it leaves alone, and that nothing escapes by having another shape."""

import base64
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings

from passgate.codecs.llm import rules
from passgate.codecs.llm.json_text import Json, parse
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import (
    MARKER,
    MODEL,
    PARAMETER,
    Choose,
    Claim,
    Either,
    JsonText,
    Limit,
    Media,
    Members,
    Nested,
    Offered,
    Rule,
    Sealed,
    Text,
    Tokens,
    items,
)
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import BASE64, ENCRYPTED, SIGNATURE
from tests.unit.codecs.llm.test_json_text import TREES

USER = Text(field=Field.USER)
EVERY: tuple[Rule, ...] = (
    USER,
    PARAMETER,
    MARKER,
    MODEL,
    Claim(name="user"),
    Sealed(field=Field.REASONING),
    Media(field=Field.USER),
    Tokens(field=Field.INPUT),
    JsonText(field=Field.TOOL_ARGUMENTS),
    Members(known={"a": USER, "": PARAMETER}),
    Offered(rule=Members(known={"name": USER})),
    Nested(rule=USER, field=Field.USER),
    items(Members(known={"type": MARKER}), Field.USER),
    Choose(by="type", among={"text": Members(known={"type": MARKER})}, otherwise=USER),
    Either(string=MARKER, items=MODEL, members=Members(known={})),
)


def read(rule: Rule, value: object) -> Reading:
    document = parse(orjson.dumps(value))
    reading = Reading(document)
    rule.read(reading, document.tree, "")
    return reading


def texts(reading: Reading) -> list[tuple[str, str, bool]]:
    return [(leaf.pointer, leaf.text.decode(), leaf.fixed) for leaf in reading.leaves]


def strings(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [text for name, member in value.items() for text in (name, *strings(member))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: type(rule).__name__)
def test_whatever_stands_there_all_of_it_is_taken_and_looked_at(rule: Rule) -> None:
    known = {"a", "", "type", "name"} | rules.WORDS

    @settings(max_examples=25)
    @given(TREES)
    def every_string_is_looked_at(tree: Json) -> None:
        reading = read(rule, tree)
        looked = {leaf.text.decode() for leaf in reading.leaves}
        assert {text for text in strings(tree) if text not in known} <= looked
        assert reading.opaque == [] or isinstance(rule, (Tokens, JsonText))
        assert reading.taken

    every_string_is_looked_at()


def test_a_parameter_is_a_number_or_looked_at() -> None:
    assert texts(read(PARAMETER, 0.7)) == []
    assert texts(read(PARAMETER, None)) == []
    assert texts(read(PARAMETER, "0.7")) == [("", "0.7", False)]
    assert texts(read(PARAMETER, [1])) == [("/0", "1", False)]


def test_limits_are_noted() -> None:
    assert read(Limit(), 5).limits == [5]
    assert read(Limit(), None).limits == []
    assert read(Limit(), 5).leaves == []


@pytest.mark.parametrize(
    "value", [-1, -(2**62), 2**53 + 1, 2**63, True, 5.5, 4096.0, "4096", "ada@example.org", [5], {"a": 5}]
)
def test_a_limit_that_is_no_count_is_refused_wherever_it_stands(value: object) -> None:
    """It would be a small number to a rule, or not said, and none or another to the server."""
    with pytest.raises(RemoteProtocolError, match="must be an integer"):
        read(Limit(), value)


def test_the_apis_own_words_are_no_texts() -> None:
    assert texts(read(MARKER, "assistant")) == []
    assert texts(read(MARKER, "call_1")) == [("", "call_1", True)]
    assert texts(read(MARKER, ["text", "x"])) == [("/0", "text", True), ("/1", "x", True)]


@pytest.mark.parametrize("value", [SIGNATURE, ENCRYPTED, base64.b64encode(bytes(range(256))).decode()])
def test_what_is_sealed_is_told_by_its_form(value: str) -> None:
    reading = read(Sealed(field=Field.REASONING), value)
    assert (reading.leaves, reading.sealed, reading.opaque) == ([], [""], [])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short",
        "A" * 63,
        "A" * 65,
        "sk-ant-api03-" + "A" * 95,
        "github_pat_" + "A" * 82,
        "A" * 64 + " alice@example.com",
        "A" * 60 + "\nAAA",
        "Ä" * 64,
        "gAAAA" + "alice@example.com" * 6,
        "eyJhbGciOiJIUzI1NiJ9." * 4,
    ],
)
def test_what_does_not_have_the_form_is_looked_at(value: str) -> None:
    reading = read(Sealed(field=Field.REASONING), value)
    assert (texts(reading), reading.sealed) == ([("", value, True)], [])


@pytest.mark.parametrize(
    "value",
    [BASE64, f"data:image/png;base64,{BASE64}", f"DATA:text/plain;charset=utf-8;BASE64,{BASE64}", "A" * 64],
)
def test_media_cannot_be_looked_at(value: str) -> None:
    reading = read(Media(field=Field.USER), value)
    assert (reading.leaves, reading.opaque) == ([], [""])


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/a.png?key=AKIAIOSFODNN7EXAMPLE",
        "data:text/plain,alice@example.com",
        "data:image/png;base64,QUJD",
        f"data:image/png;base64,{BASE64} alice@example.com",
        f"x data:image/png;base64,{BASE64}",
        "AKIAIOSFODNN7EXAMPLE",
        "",
    ],
)
def test_what_is_no_media_is_looked_at(value: str) -> None:
    reading = read(Media(field=Field.USER), value)
    assert (texts(reading), reading.opaque) == ([("", value, False)], [])


def test_numbers_of_tokens_are_opaque_lists_of_texts_are_not() -> None:
    reading = read(Tokens(field=Field.INPUT), ["a", [1, 2], [[3], ["b"]], []])
    assert texts(reading) == [("/0", "a", False), ("/2/1/0", "b", False)]
    assert reading.opaque == ["/1", "/2/0"]


def test_one_number_among_texts_is_a_text() -> None:
    reading = read(Tokens(field=Field.INPUT), ["a", 4111111111111111])
    assert texts(reading) == [("/0", "a", False), ("/1", "4111111111111111", False)]


def test_json_in_a_string_is_read_by_itself() -> None:
    (leaf,) = read(JsonText(field=Field.TOOL_ARGUMENTS), '{"to":"\\u0041","n":1}').leaves
    assert leaf.inner is not None
    assert [(inner.pointer, inner.text, inner.fixed) for inner in leaf.inner] == [
        ("/to", b"to", True),
        ("/to", b"A", False),
        ("/n", b"n", True),
        ("/n", b"1", False),
    ]
    assert [leaf.text[inner.start : inner.end] for inner in leaf.inner] == [b'"to"', b'"\\u0041"', b'"n"', b"1"]


@pytest.mark.parametrize(("value", "opaque"), [("", []), ("not json", []), ('{"a":', []), ('{"a":"\\u0041', [""])])
def test_what_should_be_json_and_is_not_is_text(value: str, opaque: Sequence[str]) -> None:
    """An escape in it may be read by somebody, so it is not sure that all was seen."""
    reading = read(JsonText(field=Field.TOOL_ARGUMENTS), value)
    assert [(leaf.text.decode(), leaf.inner) for leaf in reading.leaves] == [(value, None)]
    assert reading.opaque == opaque


def test_json_in_a_string_with_a_name_twice_is_opaque_where_it_could_be_misread() -> None:
    reading = read(JsonText(field=Field.TOOL_ARGUMENTS), '{"a":"\\u0041","a":1}')
    assert reading.opaque == [""]
    assert reading.leaves[0].inner is None


def test_known_names_are_no_leaves_unknown_ones_are() -> None:
    rule = Members(known={"a": USER}, other=Field.TOOL_RESULT)
    leaves = read(rule, {"a": "x", "b": {"c": "y"}}).leaves
    assert [(leaf.pointer, leaf.field, leaf.fixed) for leaf in leaves] == [
        ("/a", Field.USER, False),
        ("/b", Field.TOOL_RESULT, True),
        ("/b/c", Field.TOOL_RESULT, True),
        ("/b/c", Field.TOOL_RESULT, False),
    ]
    assert leaves[-1].context == b"b.c"


def test_a_choice_that_nobody_knows_is_read_as_the_rest() -> None:
    rule = Choose(by="type", among={"a": Text(field=Field.SYSTEM)}, otherwise=USER)
    for said in ("b", None, 1, ["a"], {"a": 1}):
        assert {leaf.field for leaf in read(rule, {"type": said, "x": "y"}).leaves} == {Field.USER}
    assert {leaf.field for leaf in read(rule, {"type": "a", "x": "y"}).leaves} == {Field.SYSTEM}


def test_tools_are_told_by_name_else_by_type() -> None:
    rule = Offered(rule=USER, named_by=("function", "name"), prefix="p/")
    for value, expected in (
        ({"function": {"name": "f"}}, "p/f"),
        ({"type": "web_search"}, "p/web_search"),
        ({"function": {"name": 5}, "type": "t"}, "p/t"),
        ({"function": []}, "?"),
        ([], "?"),
        ({"function": {"name": "n" * 999}}, "p/" + "n" * 256),
    ):
        assert read(rule, value).tools == [expected]


def test_models_are_told() -> None:
    assert read(MODEL, "m").models == ["m"]
    assert read(MODEL, {"x": "m"}).models == []


def test_a_claim_that_is_no_id_is_kept_as_a_digest() -> None:
    assert read(Claim(name="user"), "user_1").claims == {"user": "user_1"}
    kept = read(Claim(name="user"), "alice@example.com").claims["user"]
    assert kept.startswith("sha256:")
    assert "alice" not in kept
    assert read(Claim(name="user"), "").claims == {}
    assert texts(read(Claim(name="user"), "alice@example.com")) == [("", "alice@example.com", False)]


@pytest.mark.parametrize("rule", [*EVERY, Limit()], ids=lambda rule: type(rule).__name__)
def test_every_rule_says_what_it_does(rule: Rule) -> None:
    rows = list(rule.rows("/x"))
    assert rows
    assert all(row.where.startswith("/x") and row.verdict for row in rows)


def test_alternatives_that_are_read_alike_are_told_once() -> None:
    rule = Choose(by="type", among={"a": USER, "b": MARKER, "c": USER}, otherwise=MARKER)
    assert [row.where for row in rule.rows("/x")] == ["/x[type=a|c]", "/x[type=b]", "/x[any other]"]
