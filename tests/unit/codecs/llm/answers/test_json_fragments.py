import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passgate.codecs.llm.answers.json_fragments import MAX_DEPTH, MAX_TOKEN, JsonFragments, escaped
from passgate.core.finding import Field
from passgate.core.masker import Shown
from tests.unit.codecs.llm.answers.lanes import Lanes, delivered, recorded

_SECRET = "swordfish"


def run(text: str, cuts=(), lanes=None) -> Shown:
    """``cuts``: places between characters."""
    fragments = JsonFragments(lanes or Lanes())
    every = [fragments.feed(text[start:end].encode()) for start, end in pairwise([0, *sorted(cuts), len(text)])]
    every.append(fragments.finish())
    return Shown(
        delivered=b"".join(shown.delivered for shown in every), recorded=b"".join(shown.recorded for shown in every)
    )


def masked(value: object, replace) -> object:
    """What a value says with every string and name in it replaced."""
    if isinstance(value, dict):
        return {masked(name, replace): masked(member, replace) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(item, replace) for item in value]
    return replace(value.encode()).decode() if isinstance(value, str) else value


words = st.lists(
    st.sampled_from(
        [_SECRET, "sword", "fish", "<<EMAIL:abc>>", "<<EM", "a", "é", "😀", '"', "\\", "\n", "/", "\x00", " "]
    ),
    max_size=5,
).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
spelled = st.builds(
    lambda value, ascii_, indent: json.dumps(value, ensure_ascii=ascii_, indent=indent),
    values,
    st.booleans(),
    st.sampled_from([None, 1]),
)
_SCRAPS = [
    *(_SECRET, "sword", "fish", '"', '\\"', "\\u0073wordfish", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\u00", "\\q"),
    *(
        "\\",
        "\\/",
        "é",
        "😀",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "1",
        "12.5e3",
        "true",
        "tru",
        " ",
        "\n",
        "x",
        "<<EMAIL:abc>>",
    ),
]
scraps = st.lists(st.sampled_from(_SCRAPS), max_size=14).map("".join)


@given(spelled | scraps, st.data())
def test_how_the_text_is_cut_does_not_show(text, data):
    cuts = data.draw(st.sets(st.integers(0, len(text))))
    assert run(text, cuts) == run(text)


@given(spelled | scraps)
@example('"\\ud83d')
@example('{"a": "\\u00')
def test_one_character_at_a_time_gives_the_same(text):
    assert run(text, range(1, len(text))) == run(text)


@given(spelled)
def test_what_is_said_is_masked_and_restored_as_strings(text):
    value = json.loads(text)
    shown = run(text, range(1, len(text)))
    assert json.loads(shown.delivered) == masked(value, delivered)
    assert json.loads(shown.recorded) == masked(value, recorded)


@given(scraps)
def test_the_secret_never_comes_through(text):
    shown = run(text)
    assert b"swordfish" not in shown.delivered
    assert b"swordfish" not in shown.recorded


@given(values, st.booleans())
def test_nothing_to_mask_leaves_every_byte(value, ascii_):
    text = json.dumps(value, ensure_ascii=ascii_)
    if not any(word in str(value) for word in (_SECRET, "sword fish", "<<EMAIL:abc>>")):
        assert run(text, range(1, len(text))).delivered == text.encode()


def test_a_secret_that_is_escaped_is_found():
    assert run('{"a": "\\u0073word\\u0066ish!"}').delivered == b'{"a": "<MASKED>!"}'


def test_the_spelling_before_the_first_change_is_kept():
    assert run('"\\u0041\\/ swordfish \\u0041\\/"').delivered == b'"\\u0041\\/ <MASKED> A/"'


def test_a_restored_value_is_escaped():
    assert json.loads(run('{"to": "<<EMAIL:abc>>"}').delivered) == {"to": 'jo "\n"@x.io'}
    assert json.loads(run('{"to": "<<EMAIL:abc>>"}').recorded) == {"to": "<<EMAIL:abc>>"}


def test_the_lane_of_a_value_is_told_the_names_that_lead_to_it():
    lanes = Lanes()
    run('{"user": {"login": "a", "keys": ["b", {"x": 100}, "c"]}, "d": 200}', lanes=lanes)
    told = {lane.fed: lane.context for lane in lanes.opened}
    assert told[b"a"] == b"user.login"
    assert told[b"b"] == told[b"c"] == b"user.keys"
    assert told[b"100"] == b"user.keys.x"
    assert told[b"200"] == b"d"
    assert told[b"login"] == b""
    assert {lane.field for lane in lanes.opened} == {Field.TOOL_ARGUMENTS}


def test_only_the_end_of_long_names_is_told():
    lanes = Lanes()
    run(json.dumps({"n" * 500: {"last": "a"}}), lanes=lanes)
    assert [lane.context for lane in lanes.opened if lane.fed == b"a"] == [b"n" * 91 + b".last"]


class NumberMask:
    """Masks every number."""

    held = 0

    def feed(self, data: bytes) -> Shown:
        return Shown(delivered=b'no "1"', recorded=b"no") if data.isdigit() else Shown(delivered=data, recorded=data)

    def finish(self) -> Shown:
        return Shown(delivered=b"", recorded=b"")

    def whole(self, data: bytes) -> Shown:
        return self.feed(data)


def test_a_number_that_is_masked_becomes_a_string():
    fragments = JsonFragments(lambda field, context: NumberMask())
    shown = fragments.feed(b'{"card":4111')
    assert (shown.delivered, fragments.held) == (b'{"card":', 4)
    shown = fragments.feed(b"1111}")
    assert (shown.delivered, shown.recorded) == (b'"no \\"1\\""}', b'"no"}')


def test_numbers_of_two_digits_say_nothing():
    lanes = Lanes()
    assert run("[1, 22, 333, -4, 0.5, 1e9]", lanes=lanes).delivered == b"[1, 22, 333, -4, 0.5, 1e9]"
    assert [lane.fed for lane in lanes.opened] == [b"333", b"-4", b"0.5", b"1e9"]


@pytest.mark.parametrize(
    "text",
    [
        "call me swordfish",
        "{'a': 'swordfish'}",
        '{"a": NaN, "swordfish": 1}',
        "1" * (MAX_TOKEN + 1) + " swordfish",
        "01x swordfish",
    ],
)
def test_what_is_not_json_is_one_plain_text_from_there_on(text):
    lanes = Lanes()
    assert run(text, range(1, len(text)), lanes).delivered == text.replace(_SECRET, "<MASKED>").encode()
    assert lanes.opened[-1].fed.endswith(text[-5:].encode())


def test_json_that_is_too_deep_is_plain_text_from_there_on():
    lanes = Lanes()
    text = "[" * (MAX_DEPTH + 1) + '"swordfish"'
    assert run(text, lanes=lanes).delivered == text.replace(_SECRET, "<MASKED>").encode()
    assert lanes.opened[-1].fed == b'["swordfish"'


def test_a_string_that_never_ends_is_masked_no_less():
    assert run('{"a": "swordfish').delivered == b'{"a": "<MASKED>'
    assert run('{"a": "swordfis').delivered == b'{"a": "swordfis'


def test_what_waits_is_counted():
    fragments = JsonFragments(Lanes())
    assert fragments.feed(b'{"a": "xy sw').delivered == b'{"a": "xy '
    assert fragments.held == 2
    fragments.feed(b"\\u006")
    assert fragments.held == 2 + 5
    fragments.feed(b"f")
    assert fragments.held == 2 + 6
    fragments.feed(b"x")
    assert fragments.held == 0
    fragments.feed(b'"} sw')
    assert fragments.held == 2
    fragments.feed(b"or ")
    assert fragments.held == 0
    fragments.feed(b"swo")
    assert fragments.held == 3
    assert fragments.finish() == Shown(delivered=b"swo", recorded=b"swo")


def test_every_character_that_must_be_escaped_is():
    text = "".join(map(chr, range(0x30))) + '"\\é😀'
    assert json.loads(b'"' + escaped(text.encode()) + b'"') == text


@given(spelled | scraps, spelled | scraps, st.data())
def test_what_is_remembered_does_not_show(first, second, data):
    clean: set = set()
    for text in (first, second, first):
        fragments = JsonFragments(Lanes(), clean=clean)
        cuts = data.draw(st.sets(st.integers(0, len(text))))
        every = [fragments.feed(text[start:end].encode()) for start, end in pairwise([0, *sorted(cuts), len(text)])]
        every.append(fragments.finish())
        assert b"".join(shown.delivered for shown in every) == run(text).delivered
        assert b"".join(shown.recorded for shown in every) == run(text).recorded


def test_a_string_in_which_nothing_was_found_needs_no_second_lane():
    lanes = Lanes()
    clean: set = set()
    text = json.dumps([{"id": "a", "said": "swordfish", "to": "x" * 300}, {"id": "a", "said": "swordfish"}])
    for _ in range(2):
        fragments = JsonFragments(lanes, clean=clean)
        shown = fragments.feed(text.encode()).delivered + fragments.finish().delivered
        assert shown == text.replace("swordfish", "<MASKED>").encode()
    found, long = b"swordfish", b"x" * 300
    assert [lane.fed for lane in lanes.opened] == [b"id", b"a", b"said", found, b"to", long, found, found, long, found]


def test_a_string_that_is_clean_in_one_place_is_looked_at_in_another():
    lanes = Lanes()
    run('{"a": "x", "b": "x", "x": ["x"]}', lanes=lanes)
    assert [(lane.context, lane.fed) for lane in lanes.opened if lane.fed == b"x"] == [
        (b"a", b"x"),
        (b"b", b"x"),
        (b"", b"x"),
        (b"x", b"x"),
    ]
