from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.errors import DetectorError
from passgate.core.finding import FindingClass, Span
from passgate.core.masker import Text
from passgate.core.text_plan import LanePlan
from passgate.masking import Detector, Rule, SessionMasker
from passgate.masking.detectors.literals import LiteralGate
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_TAIL, MAX_WIDTH
from passgate.masking.detectors.rule_set import build_rule_set
from passgate.masking.lane import MaskingLane
from passgate.masking.tokens import TokenReader, outside
from passgate.masking.window import LATCHED, MAX_HELD, character_start
from tests.unit.masking.detectors.test_detector import TEXTS
from tests.unit.masking.lanes import cut, opened, through, tokenised
from tests.unit.masking.texts import Texts

BASE64 = b"ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/"


MOST_HELD = MAX_WIDTH + CONTEXT_REACH + 4


def lane(detector: Detector) -> MaskingLane:
    masker = opened(detector)
    return masker.lane(tokenised(masker))


def whole(detector: Detector, text: bytes) -> bytes:
    masker = opened(detector)
    return masker.replace(text, masker.find([Text(value=text)])[0], tokenised(masker))


def streamed(detector: Detector, pieces: list[bytes]) -> bytes:
    window = lane(detector)
    shown = [window.feed(piece).delivered for piece in pieces]
    return b"".join(shown) + window.finish().delivered


def private_key(random: Random, lines: int) -> bytes:
    body = b"\n".join(bytes(random.choices(BASE64, k=64)) for _ in range(lines))
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"\n-----END RSA PRIVATE KEY-----\n"


texts = st.lists(
    st.sampled_from(TEXTS)
    | st.text(max_size=20).map(str.encode)
    | st.sampled_from([b"\n", b" ", b"", b"card ", b"order ", b"x" * 600, b"4111 " * 40]),
    max_size=25,
).map(b" ".join)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6) | st.lists(st.integers(1, 2000), min_size=1, max_size=6)


@settings(max_examples=50, deadline=None)
@given(texts, sizes)
def test_how_a_text_is_cut_never_shows(detector: Detector, text: bytes, pieces: list[int]) -> None:
    assert streamed(detector, cut(text, pieces)) == whole(detector, text) == lane(detector).whole(text).delivered


def test_byte_by_byte(detector: Detector) -> None:
    text = b" ".join(TEXTS[::7])
    assert streamed(detector, cut(text, [1])) == whole(detector, text)


@pytest.mark.parametrize("lines", [1, 40, 250, 300])
@pytest.mark.parametrize("size", [97, 5000])
def test_keys_of_any_length(detector: Detector, lines: int, size: int) -> None:
    text = b"before bob@example.org\n" + private_key(Random(lines), lines) + b"after bob@example.org"
    shown = streamed(detector, cut(text, [size]))
    assert shown == whole(detector, text)
    if 64 * lines < MAX_TAIL:
        assert b"MIIE" not in shown
        assert shown.count(b"PRIVATE_KEY") == 1


@pytest.mark.parametrize("first", [780, 900, 960])
def test_the_mask_of_touching_keys_is_of_all_of_them_wherever_text_is_let_go(detector: Detector, first: int) -> None:
    """A union whose second member has hardly begun when enough is known: what is known of it belongs to the mask."""
    random = Random(first)
    head = b"-----BEGIN RSA PRIVATE KEY-----\n"
    one, two = (head + bytes(random.choices(BASE64, k=size)) for size in (first, 400))
    text = one + b"\n" + two + b"\n-----END RSA PRIVATE KEY-----"
    near = LATCHED - 20
    pieces = [text[:near], *cut(text[near : near + 200], [1]), text[near + 200 :]]
    assert streamed(detector, pieces) == whole(detector, text)


def test_what_was_let_go_early_is_never_part_of_a_finding(detector: Detector) -> None:
    window = lane(detector)
    shown = window.feed(b"Please write to bob@exam").delivered
    assert shown == b"Please write to "
    rest = window.feed(b"ple.org").delivered + window.finish().delivered
    assert shown + rest == whole(detector, b"Please write to bob@example.org")
    assert window.masked == {"EMAIL": 1}
    assert window.held == 0


def test_only_whole_characters_are_let_go(detector: Detector) -> None:
    text = "日本語の文章です。".encode() * 200
    window = lane(detector)
    shown = [window.feed(piece).delivered for piece in cut(text, [7])]
    for piece in shown:
        piece.decode()
    assert b"".join(shown) + window.finish().delivered == text


def test_bytes_that_are_not_utf8_still_come_through(detector: Detector) -> None:
    text = b"\x80" * 5000
    assert streamed(detector, cut(text, [100])) == text


def test_little_is_held_when_nothing_is_found(detector: Detector) -> None:
    window = lane(detector)
    for _ in range(200):
        window.feed(b"plain words go by ")
        assert window.held <= MOST_HELD


def test_a_text_of_nothing_but_overlapping_findings_is_refused(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passgate.masking.window.MAX_HELD", 1000)
    rules = build_rule_set(
        [Rule(id="pair", class_=FindingClass.PII, label="PAIR", rank=50, pattern="[ab]{2}", anchors=("a", "b"))]
    )
    window = lane(Detector(rules, LiteralGate(rules.rules)))
    with pytest.raises(DetectorError, match="overlapping"):
        window.feed(b"ab" * 600)
    assert MAX_HELD > MAX_TAIL


def test_a_failing_detector_shows_nothing(detector: Detector) -> None:
    class Broken:
        def fired(self, data: bytes) -> list[int]:
            raise DetectorError

    window = lane(Detector(detector.rules, Broken()))
    with pytest.raises(DetectorError):
        window.feed(b"a")
    with pytest.raises(DetectorError):
        window.finish()


@pytest.fixture(scope="module")
def masker(detector: Detector) -> SessionMasker:
    return opened(detector)


@pytest.fixture(scope="module")
def plan(masker: SessionMasker) -> LanePlan:
    return tokenised(masker, frozenset(type_ for _, type_ in masker.types))


@pytest.fixture(scope="module")
def generated(detector: Detector, masker: SessionMasker, plan: LanePlan) -> Texts:
    values = (b"bob@example.org", b"203.0.113.9", b"4111 1111 1111 1111")
    tokens = [masker.replace(value, masker.find([Text(value=value)])[0], plan) for value in values]
    words = sorted({word.encode() for rule in detector.rules.rules for word in rule.rule.context})
    return Texts(words, [*tokens, tokens[0].replace(b"<<", b"&lt;&lt;").replace(b">>", b"&gt;&gt;"), tokens[1][:-1]])


def check(text: bytes, random: Random, detector: Detector, masker: SessionMasker, plan: LanePlan) -> None:
    """However it is cut, a text gives what the whole text gives, in both of its forms."""
    expected = through(masker.lane(plan), [text])
    findings = outside(detector.findings(text), TokenReader({type_ for _, type_ in detector.types}).tokens(text))
    spans = [Span(start=f.start, end=f.end, type=f.type, class_=f.class_) for f in findings]
    assert expected.recorded == masker.replace(text, spans, plan)
    cuts = [[1] if len(text) < 600 else [9], [3] if len(text) < 1500 else [20], random.choices(range(1, 200), k=5)]
    for sizes in cuts:
        assert through(masker.lane(plan), cut(text, sizes)) == expected
    for context in (b"", b"card", b"name"):
        in_pieces, at_once = masker.lane(plan, context=context), masker.lane(plan, context=context)
        assert at_once.whole(text) == through(in_pieces, cut(text, cuts[2]))
        assert (at_once.masked, at_once.restored) == (in_pieces.masked, in_pieces.restored)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_however_a_difficult_text_is_cut(
    detector: Detector, generated: Texts, masker: SessionMasker, plan: LanePlan, random: Random
) -> None:
    check(generated.draw(random), random, detector, masker, plan)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_however_a_long_key_is_cut(
    detector: Detector, generated: Texts, masker: SessionMasker, plan: LanePlan, random: Random
) -> None:
    check(generated.draw_long(random), random, detector, masker, plan)


def test_prose_waits_for_a_word_at_most(detector: Detector) -> None:
    text = (
        b"Sure, I can help with that. The report has three parts: what was sold, what came back, and what is open. " * 8
    )
    window = lane(detector)
    held = []
    for piece in cut(text, [5]):
        window.feed(piece)
        held.append(window.held)
    assert sum(held) / len(held) <= 12
    assert sorted(held)[len(held) // 2] <= 8
    assert max(held) <= 20


def test_nobody_waits_for_the_end_of_a_key(detector: Detector) -> None:
    text = b"Here: " + private_key(Random(3), 200) + b"That was it."
    window = lane(detector)
    shown = []
    for piece in cut(text, [16]):
        shown.append(window.feed(piece).delivered)
        assert window.held <= LATCHED + MOST_HELD
    mask_at = next(index for index, piece in enumerate(shown) if b"PRIVATE_KEY" in piece)
    assert mask_at * 16 <= LATCHED + 64
    assert b"".join(shown) + window.finish().delivered == whole(detector, text)
    assert window.masked["PRIVATE_KEY"] == 1


@pytest.mark.parametrize("inside", [b"AKIAQ4X7ZP2MN8RT5VBC", b"\nsk-ant-api03-", b" Bearer "])
def test_what_lies_in_a_long_key_does_not_show(detector: Detector, inside: bytes) -> None:
    key = private_key(Random(5), 60)
    text = key[:1500] + inside + key[1500:] + b" bob@example.org"
    for size in (7, 100):
        assert streamed(detector, cut(text, [size])) == whole(detector, text)


def test_a_long_key_that_may_be_seen_is_seen(detector: Detector) -> None:
    text = b"Here: " + private_key(Random(3), 60) + b"That was it."
    window = opened(detector).lane(LanePlan(passed=frozenset({"PRIVATE_KEY"})))
    assert through(window, cut(text, [50])).delivered == text


def test_both_engines_stream_alike(detector: Detector, literal_detector: Detector) -> None:
    text = b" ".join(TEXTS[::29])
    literal_detector.prepare()
    assert streamed(literal_detector, cut(text, [11])) == whole(detector, text)


@pytest.mark.parametrize("text", ["é", "日", "😀"])
def test_where_characters_begin(text: str) -> None:
    data = b"a" + text.encode() + b"b"
    assert [character_start(data, place) for place in range(len(data) + 1)] == [
        0, 1, *([1] * (len(data) - 3)), len(data) - 1, len(data),
    ]  # fmt: skip
    assert character_start(data[:-2], len(data) - 2) == 1
    assert character_start(b"\x80" * 9, 5) == 5
