import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.errors import ConfigError, DetectorError
from passgate.core.finding import FindingClass
from passgate.masking import Detector, Rule, is_compiled, open_detector
from passgate.masking.detectors.detector import BLOCK_BYTES
from passgate.masking.detectors.literals import LiteralGate
from passgate.masking.detectors.rule_set import build_rule_set
from passgate.masking.detectors.vectorscan import VectorscanGate

HERE = Path(__file__).parent
_ALPHABETS = {
    "d": "0123456789",
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "an": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "al": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "AN": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "low": "0123456789abcdefghijklmnopqrstuvwxyz",
    "b32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "b32k": "023456789ACDEFGHJKLMNPQRSTUVWXYZ",
    "b64": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "url": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "bc": "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}


def filled(template: str, random: Random) -> str:
    def fill(found: re.Match[str]) -> str:
        return "".join(random.choices(_ALPHABETS[found[1]], k=int(found[2])))

    return re.sub(r"\{(\w+):(\d+)\}", fill, template)


def examples() -> list[tuple[str, str]]:
    lines = (HERE / "examples.tsv").read_text("utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]  # type: ignore[misc]


def clean() -> list[str]:
    return [line for line in (HERE / "clean.txt").read_text("utf-8").splitlines() if not line.startswith("# ")]


def test_what_has_to_be_found_is_found_whole_under_its_own_name(detector: Detector) -> None:
    failures: list[object] = []
    for label, template in examples() * 3:
        random = Random(template + str(len(failures)))
        text = filled(template, random)
        start = len(text.split("«")[0].encode())
        wanted = text.split("«")[1].split("»")[0].encode()
        data = text.replace("«", "").replace("»", "").encode()
        covering = [f for f in detector.findings(data) if f.start <= start and f.end >= start + len(wanted)]
        if not covering or covering[0].type != label:
            failures.append((label, data, detector.findings(data)))
    assert failures == []


def test_what_is_found_is_no_more_than_the_value(detector: Detector) -> None:
    """Neither the next word, nor the host behind a password, nor the next parameter of a URL, nor the end of a sentence."""
    failures: list[object] = []
    for label, template in examples():
        text = filled(template, Random(template))
        wanted = text.split("«")[1].split("»")[0].encode()
        data = text.replace("«", "").replace("»", "").encode()
        start = len(text.split("«")[0].encode())
        wide = [
            data[f.start : f.end]
            for f in detector.findings(data)
            if f.start <= start < f.end and f.end - f.start > len(wanted) and f.rule != "private_key"
        ]
        if wide:
            failures.append((label, wanted, wide))
    assert failures == []


@pytest.mark.parametrize(
    "carrier",
    [
        "PASSWORD={}", 'password: "{}"', "password='{}'", "tool --token {} -v", "DB_PASS={}", "curl -u a:{} x",
        "Server=x;Password={};User=a", "postgres://a:{}@h/db", "token: {}", "?token={}&b=1", "jdbc:mysql://h/d?user=a&password={}",
        "CREATE USER a PASSWORD '{}'", '{"name":"DB_PASSWORD","value":"{}"}', "| password | {} |", "the password is {}",
        'set_password("{}")', "psk={}", "requirepass {}", "define('DB_PASSWORD', '{}')", "ENV DB_PASSWORD {}", "h:5432:d:u:{}",
        "machine h login u password {}", "Authorization: Token {}", "Cookie: session={}; a=b",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [40, 127, 128, 129, 200, 401, 513, 3000])
def test_a_value_longer_than_any_bound_is_found_whole(detector: Detector, carrier: str, size: int) -> None:
    """Tokens stand in for passwords: what stood beyond the bound of a pattern was shown."""
    value = "a1B" + "".join(Random(size).choices(_ALPHABETS["an"], k=size - 3))
    before, behind = carrier.split("{}")
    data = f"{before}{value}{behind}".encode()
    covering = [f for f in detector.findings(data) if f.start <= len(before) and f.end >= len(before) + size]
    assert covering, detector.findings(data)
    assert covering[0].end == len(before) + size


@pytest.mark.parametrize("behind", ['"', "\n", "\u201c", "\u00e9"])
def test_what_stands_behind_it_is_never_cut(detector: Detector, behind: str) -> None:
    """A quote or a line's end is no part of a value; a letter beyond ASCII may be, as a whole."""
    for label, template in examples():
        text, after = filled(template, Random(template)).split("»")
        if after:
            continue
        data = (text.replace("«", "") + behind).encode()
        for found in detector.findings(data):
            shown = data[found.start : found.end].decode()
            assert behind > "\x7f" or not shown.endswith(behind), (label, data)


def test_what_only_looks_like_it_is_left_alone(detector: Detector) -> None:
    found = {text: detector.findings(text.encode()) for text in clean()}
    assert {text: findings for text, findings in found.items() if findings} == {}


def all_texts() -> list[bytes]:
    random = Random(7)
    found = [filled(template, random).replace("«", "").replace("»", "").encode() for _, template in examples()]
    return found + [text.encode() for text in clean()]


TEXTS = all_texts()


def test_both_engines_find_the_same(detector: Detector, literal_detector: Detector) -> None:
    for text in TEXTS:
        assert detector.findings(text) == literal_detector.findings(text)
        assert detector.suspicious(text) >= bool(detector.findings(text))
    whole = b"\n".join(TEXTS)
    assert detector.findings(whole) == literal_detector.findings(whole)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(TEXTS) | st.binary(max_size=30) | st.text(max_size=30).map(str.encode), max_size=40))
def test_a_batch_finds_what_each_value_alone_holds(
    detector: Detector, literal_detector: Detector, values: list[bytes]
) -> None:
    alone = {index: found for index, value in enumerate(values) if (found := detector.findings(value))}
    assert dict(detector.findings_batch(values)) == alone
    assert dict(literal_detector.findings_batch(values)) == alone


def test_a_match_over_a_border_hides_nothing(detector: Detector) -> None:
    # Joined by a blank-like byte these would read as one card, or as a key that goes on.
    values = [b"4111", b"1111", b"token=", b"536-90-4399", b"-----BEGIN PRIVATE KEY-----", b"bob@example.org"]
    assert {i: [f.type for f in found] for i, found in detector.findings_batch(values).items()} == {
        3: ["SSN"],
        5: ["EMAIL"],
    }


CROSSING = build_rule_set(
    [
        Rule(id="a", class_=FindingClass.PII, label="A", rank=50, pattern="a[^b]{1,3}c"),
        Rule(id="b", class_=FindingClass.PII, label="B", rank=40, pattern="[abc]{2}", edge="word"),
        Rule(id="k", class_=FindingClass.SECRET, label="K", rank=60, pattern="c", context=("ab",), tail="bd"),
    ]
)


@pytest.mark.parametrize("gate", ["vectorscan", "literals"])
@given(values=st.lists(st.text("abcd ", max_size=8).map(str.encode), max_size=12))
def test_rules_that_run_over_borders_find_what_each_value_alone_holds(gate: str, values: list[bytes]) -> None:
    detector = Detector(CROSSING, CROSSING_GATES[gate])
    alone = {index: found for index, value in enumerate(values) if (found := detector.findings(value))}
    assert dict(detector.findings_batch(values)) == alone


CROSSING_GATES = {
    "vectorscan": VectorscanGate(CROSSING.rules, fingerprint=CROSSING.fingerprint),
    "literals": LiteralGate(CROSSING.rules),
}


def test_values_longer_than_a_block_and_many_blocks(detector: Detector) -> None:
    long = b"x " * BLOCK_BYTES + b"bob@example.org"
    values = [long, b"clean", long, *([b"word"] * 20_000), b"536-90-4399"]
    found = detector.findings_batch(values)
    assert set(found) == {0, 2, len(values) - 1}
    assert found[0][0].end == len(long)


def test_no_values_no_findings(detector: Detector) -> None:
    assert dict(detector.findings_batch([])) == {}
    assert detector.findings(b"") == ()


def test_threads_share_a_detector(detector: Detector) -> None:
    expected = [detector.findings(text) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: [detector.findings(text) for text in TEXTS], range(8)):
            assert got == expected


def test_own_rules_are_added_and_built_in_ones_left_out() -> None:
    own = Rule(
        id="staff", class_=FindingClass.PII, label="STAFF_NUMBER", rank=60, pattern=r"\bE-[0-9]{5}\b", note="ours"
    )
    made = open_detector(own=[own], without={"email"}, least_rank=60, engine="literals")
    (found,) = made.findings(b"E-12345 bob@example.org")
    assert (found.type, found.rule) == ("STAFF_NUMBER", "staff")


def test_a_rule_that_is_not_fit_for_use_stops_the_start() -> None:
    bad = Rule(id="bad", class_=FindingClass.PII, label="X", rank=50, pattern="(?=x)y")
    with pytest.raises(ConfigError, match="rule bad"):
        open_detector(own=[bad], engine="literals")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(DetectorError, match="guess"):
        open_detector(engine="guess")


def test_low_ranked_rules_are_off_unless_asked(detector: Detector) -> None:
    url = b"see https://example.org/x"
    assert detector.findings(url) == ()
    assert [f.type for f in open_detector(least_rank=0, engine="literals").findings(url)] == ["URL"]


def test_whether_the_rules_are_compiled_is_known_without_compiling_them(tmp_path: Path) -> None:
    assert not is_compiled(tmp_path)
    open_detector(cache=tmp_path)
    assert is_compiled(tmp_path)
