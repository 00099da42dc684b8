from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.errors import DetectorError
from passgate.core.masker import Text
from passgate.masking import Detector
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_TAIL, MAX_WIDTH
from passgate.masking.lane import MaskingLane
from passgate.masking.window import MAX_HELD
from tests.unit.masking.detectors.test_detector import TEXTS
from tests.unit.masking.lanes import cut, opened, tokenised

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


@settings(max_examples=120, deadline=None)
@given(texts, sizes)
def test_how_a_text_is_cut_never_shows(detector: Detector, text: bytes, pieces: list[int]) -> None:
    assert streamed(detector, cut(text, pieces)) == whole(detector, text)


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
    window = lane(detector)
    with pytest.raises(DetectorError, match="overlapping"):
        window.feed(private_key(Random(1), 100)[:-60])
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
