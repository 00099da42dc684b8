"""What is spelled with escapes, or in letters that only look like others."""

import json
import re
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.finding import FindingClass
from passgate.core.masker import Text
from passgate.core.text_plan import REDACT, LanePlan
from passgate.masking import Detector, SessionMaskerFactory
from passgate.masking.detectors import escaped
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
    assert time.process_time() - started < 10


ADDRESS, SSN, CARD = "jane.roe@example.com", "536-90-4399", "4111 1111 1111 1111"


def full_width(text: str) -> str:
    return "".join("\u3000" if one == " " else chr(ord(one) + 0xFEE0) for one in text)


def digits(text: str, zero: int) -> str:
    return "".join(chr(zero + int(one)) if one.isdigit() else one for one in text)


WAYS: dict[str, Callable[[str], str]] = {
    "escapes of Python": lambda text: "".join(f"\\x{ord(one):02x}" for one in text),
    "octal": lambda text: "".join(f"\\{ord(one):03o}" for one in text),
    "escapes of JavaScript": lambda text: "".join(f"\\u{{{ord(one):x}}}" for one in text),
    "a URL": lambda text: quote(text, safe=""),
    "a URL, all of it": lambda text: "".join(f"%{ord(one):02X}" for one in text),
    "a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML in base 16": lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    "HTML in HTML": lambda text: "".join(f"&amp;#{ord(one)};" for one in text),
    "Markdown": lambda text: re.sub(r"([_.\-])", r"\\\1", text).replace("@", "\\@"),
    "zero width": "\u200b".join,
    "one of no width": lambda text: text[:5] + "\u2060" + text[5:],
    "a soft hyphen": lambda text: text[:5] + "\u00ad" + text[5:],
    "a mark of direction": lambda text: "\u202d" + text[:5] + "\u202c" + text[5:],
    "a filler": lambda text: text[:5] + "\u3164" + text[5:],
    "a tag": lambda text: text[:5] + "\U000e0020" + text[5:],
    "tags": lambda text: "".join(chr(0xE0000 + ord(one)) for one in text),
    "full width": full_width,
    "mail": lambda text: text[:5] + "=\n" + text[5:],
    "two lines": lambda text: text[:5] + "\\\n" + text[5:],
    "two strings": lambda text: text[:5] + '" + "' + text[5:],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("said", [ADDRESS, SSN, CARD, KEY, "AKIAIOSFODNN7EXAMPLE"])
def test_the_same_in_other_letters_is_found_whole(detector: Detector, way: str, said: str) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    text = f"before {WAYS[way](said)} after".encode()
    ((found,),) = masker.find([Text(value=text)])
    inner = text[found.start : found.end].decode()
    assert inner.strip("\u200b\u202c\u202d") == WAYS[way](said).strip("\u200b\u202c\u202d")


@pytest.mark.parametrize("zero", [0xFF10, 0x660, 0x966, 0x1D7CE])
@pytest.mark.parametrize("said", [SSN, CARD, "DE89 3704 0044 0532 0130 00", "203.0.113.7", "+49 30 12345678"])
def test_digits_of_other_scripts_are_digits(detector: Detector, zero: int, said: str) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    ((found,),) = masker.find([Text(value=digits(said, zero).encode())])
    assert found.class_ is FindingClass.PII


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "&nbsp;", "%20", "+"])
@pytest.mark.parametrize("said", [CARD, "+49 30 12345678"])
def test_blanks_of_typography_are_blanks(detector: Detector, blank: str, said: str) -> None:
    if blank == "+" and said != CARD:
        return  # a number that begins with it
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    assert len(masker.find([Text(value=said.replace(" ", blank).encode())])[0]) == 1


@pytest.mark.parametrize("hyphen", ["\u2010", "\u2011", "\u2013", "\u2212", "\uff0d", "&#45;", "&ndash;"])
def test_hyphens_of_typography_are_hyphens(detector: Detector, hyphen: str) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    assert len(masker.find([Text(value=SSN.replace("-", hyphen).encode())])[0]) == 1


def test_a_name_speaks_for_a_value_in_other_letters(detector: Detector) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    value = digits("536904399", 0xFF10).encode()
    ((found,),) = masker.find([Text(value=value, context=b"ssn")])
    assert (found.start, found.end) == (0, len(value))


@pytest.mark.parametrize(
    "text",
    [
        "\u7b2c\uff13\u7ae0\u3001\uff11\uff12\uff13\u30da\u30fc\u30b8\u3001\u4fa1\u683c\uff1a\uff11\uff12\uff13\u5186",
        "10\u201312 Uhr, 3\u20134 May, 1\u202f234\u202f567,89 EUR",
        "1+1 = 2, 2024+1985, a[1] + b[2]",
        "https://x.y/?q=a%20b%3Dc%26d&r=%E2%82%AC",
        "&lt;div class=&quot;x&quot;&gt; &nbsp; &#8217;",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family \ufe0f",
        '"Dear " + name + ", welcome"',
    ],
)
def test_everyday_text_says_nothing_either(detector: Detector, text: str) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    assert masker.find([Text(value=text.encode())]) == [()]


@given(st.text(), st.lists(st.sampled_from(["%40", "&#64;", "\u200b", "\uff11", "\U000e0041" * 5, "\\x41", "=\n"])))
def test_any_place_of_any_text_is_one_of_it(text: str, parts: list[str]) -> None:
    written = text.join(parts).encode()
    read = unescaped(written)
    if read is not None:
        places = [read.place(at) for at in range(len(read.text) + 1)]
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] == len(written)


@pytest.mark.parametrize(
    "piece", ["\uff11", "\u200b", "%41", "&#65;", "\\u0041", "\U000e0041", "&amp;", "%25", '" + "']
)
def test_a_text_of_nothing_else_takes_linear_time(piece: str) -> None:
    started = time.process_time()
    unescaped(piece.encode() * 100_000)
    assert time.process_time() - started < 20


def test_what_is_found_twice_is_compared_in_linear_time(detector: Detector) -> None:
    masker = SessionMaskerFactory(detector=detector, master_key=b"m" * 32).open(session())
    text = b"\\n".join(b"ada%d@example.com" % number for number in range(20_000)) + b" &#64;"
    started = time.process_time()
    (found,) = masker.find([Text(value=text)])
    assert len(found) == 20_000
    assert time.process_time() - started < 40


PIECES = st.sampled_from(
    [
        *(
            b"\\",
            b"\\\\",
            b"u0040",
            b"u{41}",
            b"x41",
            b"101",
            b"!",
            b"[",
            b"^",
            b"n",
            b"\n",
            b"\r\n",
            b" ",
            b"\t",
            b"\x0b",
        ),
        *(
            b"%",
            b"25",
            b"40",
            b"&",
            b"amp;",
            b"#",
            b"64",
            b";",
            b"#x40;",
            b"commat;",
            b"=",
            b"3D",
            b'"',
            b"'",
            b"+",
            b"123",
        ),
        *(b"a", b"AB1", b"0"),
    ]
)


@given(st.lists(PIECES, max_size=14).map(b"".join))
def test_where_none_may_begin_there_is_none(text: bytes) -> None:
    """A page is passed over by an engine that cannot look back; it must stop wherever the one that can would find something."""
    whole = [found.start() for found in escaped._ESCAPES.finditer(text)]
    places = [found.start() for found in escaped._maybe().finditer(text)]
    assert [start for start in places if escaped._ESCAPES.match(text, start)] == whole
