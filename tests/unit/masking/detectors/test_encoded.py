"""What is sensitive inside base 64."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.finding import FindingClass
from passgate.core.masker import Text
from passgate.core.text_plan import REDACT, LanePlan
from passgate.masking import Detector, SessionMaskerFactory
from passgate.masking.detectors.encoded import MAX_RUN, encoded
from tests.unit.masking.test_masker import session

MAIL = b"write to jane.roe@example.com, please"
SECRET = b'{"user": "app", "password": "q7Wz!kk2", "mail": "jane.roe@example.com"}'


@pytest.mark.parametrize(
    "way", [base64.b64encode, base64.urlsafe_b64encode, lambda data: base64.b64encode(data).rstrip(b"=")]
)
@pytest.mark.parametrize(("data", "class_"), [(MAIL, FindingClass.PII), (SECRET, FindingClass.SECRET)])
@pytest.mark.parametrize("frame", [b"%s", b"data: %s\n", b'{"x": "%s"}', b"decode (%s) now"])
def test_a_run_is_found_whole_and_named_by_the_worst_in_it(
    detector: Detector, way: object, data: bytes, class_: FindingClass, frame: bytes
) -> None:
    run = way(data)  # type: ignore[operator]
    text = frame % run
    (found,) = encoded(text, detector)
    assert found.class_ is class_
    assert text[found.start : found.end] == run


@pytest.mark.parametrize(
    "text",
    [
        b"",
        base64.b64encode(b"nothing to see here, move on"),
        base64.b64encode(hashlib.sha256(b"x").digest() * 3),
        hashlib.sha256(b"x").hexdigest().encode() * 4,
        base64.b64encode(b"\x00\x01 jane.roe@example.com \x02"),
        base64.b64encode("jörg sagt nichts weiter dazu".encode("latin-1")),
        b"jane.roe@example.com is in plain sight",
    ],
)
def test_what_is_no_text_or_holds_nothing_is_left_alone(detector: Detector, text: bytes) -> None:
    assert list(encoded(text, detector)) == []


def test_how_long_it_is_hides_nothing_but_media_is_not_looked_into(detector: Detector) -> None:
    long = base64.b64encode(MAIL * (MAX_RUN // len(MAIL)))
    ((start, end),) = [(span.start, span.end) for span in encoded(long, detector)]
    assert (start, end) == (0, len(long))
    assert list(encoded(base64.b64encode(b"GIF89a\x01\x00" + MAIL * (MAX_RUN // len(MAIL))), detector)) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(detector: Detector, data: bytes) -> None:
    assert all(span.start < span.end <= len(data) for span in encoded(data, detector))


def test_what_goes_to_a_model_is_looked_into(detector: Detector) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=bytes(32)).open(session())
    text = b"bob@example.org " + base64.b64encode(SECRET) + b" x " + base64.b64encode(MAIL)
    (spans,) = masker.find([Text(value=text)])
    assert [span.class_ for span in spans] == ["pii", "secret", "pii"]
    assert sorted(spans, key=lambda span: span.start) == list(spans)
    plan = LanePlan(strategies={span.type: REDACT for span in spans})
    assert b"=" not in masker.replace(text, spans, plan)


def test_a_run_that_is_a_finding_itself_is_one_finding(detector: Detector) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=bytes(32)).open(session())
    text = b"Authorization: Basic " + base64.b64encode(b"admin:hunter2222 and jane.roe@example.com")
    (spans,) = masker.find([Text(value=text)])
    assert len(spans) == 1
    assert spans[0].class_ is FindingClass.SECRET


@pytest.mark.parametrize(
    "way",
    [
        lambda data: data.hex(),
        lambda data: "0x" + data.hex().upper(),
        lambda data: data.hex(" "),
        lambda data: data.hex(":"),
        lambda data: ", ".join(f"0x{byte:02x}" for byte in data),
        lambda data: base64.encodebytes(data).decode(),
        lambda data: base64.encodebytes(data).decode().strip().replace("\n", "\\n"),
        lambda data: base64.b64encode(data.decode().encode("utf-16-le")).decode(),
        lambda data: base64.b64encode(base64.b64encode(data)).decode(),
        lambda data: base64.b64encode(b"x" + data.hex().encode()).decode(),
        lambda data: base64.b64encode(b"to " + data.replace(b"@", b"%40")).decode(),
    ],
)
def test_other_ways_to_write_a_text_down(detector: Detector, way: Callable[[bytes], str]) -> None:
    text = way(b"lorem ipsum dolor sit amet, consectetur adipiscing write to " + MAIL).encode()
    (found,) = encoded(text, detector)
    assert found.class_ is FindingClass.PII
    assert text[found.start : found.end].strip() in (text.strip(), text[2:])


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"{number}" for number in range(20, 80)),
        "12:34:56:41:42:43:44:45:46:47:48:49:50",
        b"hello world this is a dump of bytes".hex(),
        base64.encodebytes(bytes(range(256)) * 2).decode(),
    ],
)
def test_numbers_and_bytes_are_left_alone(detector: Detector, text: str) -> None:
    assert list(encoded(text.encode(), detector)) == []
