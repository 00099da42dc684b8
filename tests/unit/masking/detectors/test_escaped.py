"""What is spelled with the escapes of JSON."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.finding import FindingClass
from passgate.core.masker import Text
from passgate.core.text_plan import REDACT, LanePlan
from passgate.masking import Detector, SessionMaskerFactory
from passgate.masking.detectors.escaped import unescaped
from tests.unit.masking.test_masker import session

KEY = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def spelled(text: str, which: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if one in which else one for one in text)


@pytest.mark.parametrize(
    ("said", "class_"),
    [
        (spelled("ada@example.com", "@"), FindingClass.PII),
        (spelled("ada+news@example.com", "+").upper().replace("\\U", "\\u"), FindingClass.PII),
        (spelled(KEY, "g"), FindingClass.SECRET),
        (spelled(KEY, KEY), FindingClass.SECRET),
        (spelled(KEY, "g").replace("\\", "\\\\"), FindingClass.SECRET),  # JSON that holds JSON
    ],
)
@pytest.mark.parametrize("frame", ["%s", '{"k": "%s"}', 'a\\/b and "%s", then'])
def test_what_is_escaped_is_found_whole(detector: Detector, frame: str, said: str, class_: FindingClass) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    text = (frame % said).encode()
    ((found,),) = masker.find([Text(value=text)])
    assert found.class_ is class_
    assert text[found.start : found.end] == said.encode()
    plan = LanePlan(strategies={found.type: REDACT})
    assert masker.replace(text, (found,), plan) == (frame % f"[REDACTED:{found.type}]").encode()


@pytest.mark.parametrize("text", ["", "a/b", "\\n and \\t", "\\u00e9t\\u00e9", '{"a\\/b": "\\u003cdiv\\u003e"}'])
def test_what_says_nothing_is_left_alone(detector: Detector, text: str) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    assert masker.find([Text(value=text.encode())]) == [()]


def test_a_token_is_a_token_however_it_is_spelled(detector: Detector) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    assert masker.find([Text(value=rb"to \u003c\u003cEMAIL:k7q2m9xapb3d\u003e\u003e")]) == [()]


@given(st.lists(st.sampled_from(["ab", "\\u0040", "\\/", "\\\\u002B", "\u00e9", "\\n"])))
def test_every_place_is_found_again(parts: list[str]) -> None:
    text = "".join(parts).encode()
    read = unescaped(text)
    if read is None:
        assert not any(part in ("\\u0040", "\\/", "\\\\u002B") for part in parts)
        return
    assert read.place(0) == 0
    assert read.place(len(read.text)) == len(text)
    places = [read.place(at) for at in range(len(read.text) + 1)]
    assert places == sorted(set(places))


def test_what_it_reads_is_what_json_says() -> None:
    text = spelled("to ada@example.com+/x", "@+/")
    read = unescaped(text.encode())
    assert read is not None
    assert read.text.decode() == json.loads(f'"{text}"')


def test_a_run_of_backslashes_is_read_once() -> None:
    started = time.process_time()
    assert unescaped(b"\\" * 1_000_000) is None
    assert time.process_time() - started < 1
