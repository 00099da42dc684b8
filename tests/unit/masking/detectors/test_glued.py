"""The last letter of an escape in front of a value is no part of it."""

import pytest

from passgate.masking import Detector
from passgate.masking.detectors.glued import loosened

KEY = b"ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ESCAPES = (b"\\n", b"\\r\\n", b"\\t", b"\\\\n", b"%20", b"%3D", b"%0A", b"\\u003d", b"\\x3d", b"\\u003C")
COLOURS = (b"\x1b[31m", b"\x1b[0;1m", b"\\x1b[31m", b"\\u001b[38;5;1m", b"\\033[1m", b"\\e[0m")
VALUES = (KEY, b"AKIAIOSFODNN7EXAMPLE", b"536-90-4399", b"4111 1111 1111 1111", b"203.0.113.7", b"jane@example.com")


@pytest.mark.parametrize("escape", [*ESCAPES, *COLOURS])
@pytest.mark.parametrize("value", VALUES)
def test_what_stands_behind_an_escape_is_found_and_the_escape_left_whole(
    detector: Detector, escape: bytes, value: bytes
) -> None:
    text = b"log: " + escape + value + b"\\n"
    (found,) = detector.findings(text)
    assert text[found.start : found.end] == value or (b"%" in escape and b"@" in value)  # both may be in an address
    assert detector.findings_batch([b"x", text, b"y"]) == {1: (found,)}
    assert detector.suspicious(text)


@pytest.mark.parametrize("text", [b"", b"plain", b"C:\\Users", b"100%", b"%41", b"\\u0041", b"\\d"])
def test_nothing_to_read_otherwise(text: bytes) -> None:
    assert loosened(text) is None


@pytest.mark.parametrize("text", [b"a\\n".join(VALUES), b"".join(ESCAPES + COLOURS) * 3])
def test_places_stay_and_what_is_known_is_read_alike_whatever_follows(text: bytes) -> None:
    whole = loosened(text)
    assert whole is not None
    assert len(whole) == len(text)
    for end in range(len(text)):
        known = loosened(text[:end]) or text[:end]
        assert known == whole[:end]
