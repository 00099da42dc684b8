"""Every built-in rule finds what its own pattern describes, on both engines, and nothing is named twice."""

import base64
import json
from random import Random

import pytest

from passgate.core.errors import ConfigError
from passgate.core.finding import FindingClass
from passgate.masking import Detector
from passgate.masking.detectors.confirm import matches
from passgate.masking.detectors.rule import CompiledRule, Rule
from passgate.masking.detectors.rule_set import build_rule_set, built_in_rules, parse_table
from passgate.masking.detectors.samples import draw
from passgate.masking.detectors.validators.secrets import base62
from tests.unit.masking.detectors.samples import base58check

RULES = built_in_rules()
TRIES = 20_000


def _header() -> str:
    return base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).rstrip(b"=").decode()


def crafted(rule: str, random: Random) -> bytes | None:
    """Values whose check no random text passes."""
    payload = random.randbytes(20)
    body = random.randbytes(32)
    match rule:
        case "bitcoin_base58":
            return base58check(b"\x00" + payload)
        case "litecoin":
            return base58check(b"\x30" + payload)
        case "bitcoin_wif":
            return base58check(b"\x80" + body + b"\x01")
        case "bip32_private":
            return base58check(bytes.fromhex("0488ade4") + random.randbytes(42) + body)
        case "bitcoin_bech32":
            return b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"  # BIP 173, test vectors
        case "github_token_checked":
            import zlib

            text = "".join(random.choice("abcdefghijKLMNOPQRS0123456789") for _ in range(30)).encode()
            return b"ghp_" + text + base62(zlib.crc32(text), 6).encode()
        case "jwt" | "grafana_key":
            return None if rule == "grafana_key" else f"{_header()}.eyJzdWIiOiIxMjM0In0.c2ln".encode()
        case "jwe":
            return f"{_header()}.{_header()}.dmVjdG9yMTIzNA.Y2lwaGVy.dGFn".encode()
        case "authorization_basic":
            return b"Basic " + base64.b64encode(b"admin:" + b"s3cr%dt" % random.randrange(10**6))
        case "docker_config_auth":
            return b'"auth": "' + base64.b64encode(b"robot:" + b"s3cr%dt" % random.randrange(10**6)) + b'"'
        case _:
            return None


def example(rule: CompiledRule, random: Random) -> bytes:
    """A text around something that the rule accepts."""
    word = rule.rule.context[0].encode() + b": " if rule.rule.context else b"see "
    for _ in range(TRIES):
        found = crafted(rule.rule.id, random) or draw(rule.rule.pattern, random)
        for closing in (
            b"",
            b'"',
            b"'",
        ):  # where a pattern begins at a quote, the one that ends the value is no part of it
            text = word + found + closing + b" ok"
            if any(True for _ in matches(rule, text)):
                return text
    raise AssertionError(f"{rule.rule.id}: nothing drawn from the pattern passes its own checks")


@pytest.mark.parametrize("class_", FindingClass)
def test_each_rule_finds_what_it_describes_on_both_engines(
    class_: FindingClass, detector: Detector, literal_detector: Detector
) -> None:
    for rule in detector.rules.rules:
        if rule.rule.class_ is not class_:
            continue
        random = Random(rule.rule.id)
        for _ in range(2):
            text = example(rule, random)
            assert rule.rule.id in {match.rule for match in detector.matches(text)}, text
            assert detector.findings(text) == literal_detector.findings(text), text
            (alone,) = detector.findings_batch([text]).values()
            assert alone == detector.findings(text), text


def test_no_match_is_without_an_anchor() -> None:
    for rule in RULES:
        random = Random(rule.id)
        for _ in range(10 if rule.anchors else 0):
            drawn = draw(rule.pattern, random).lower()
            assert any(anchor.encode() in drawn for anchor in rule.anchors), (rule.id, drawn)


def test_there_are_enough_rules_of_both_classes() -> None:
    assert sum(rule.class_ is FindingClass.PII for rule in RULES) >= 60
    assert sum(rule.class_ is FindingClass.SECRET for rule in RULES) >= 120


def test_every_rule_says_what_it_follows() -> None:
    assert all(rule.note for rule in RULES)


def test_an_id_used_twice_is_refused() -> None:
    rule = Rule(id="a", class_=FindingClass.PII, label="A", rank=50, pattern="abc")
    with pytest.raises(ConfigError, match="used twice"):
        build_rule_set([rule, rule])


def test_the_fingerprint_changes_with_anything_that_decides() -> None:
    one = Rule(id="a", class_=FindingClass.PII, label="A", rank=50, pattern="abc")
    other = Rule(id="a", class_=FindingClass.PII, label="A", rank=50, pattern="abc", context=("x",))
    assert build_rule_set([one]).fingerprint != build_rule_set([other]).fingerprint
    assert build_rule_set([one]).fingerprint == build_rule_set([one]).fingerprint


def test_a_table_names_file_and_line_of_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"mine\.tsv:3: 2 columns, not 10"):
        parse_table("# note\n\nid\tlabel\n", FindingClass.PII, "mine.tsv")
    with pytest.raises(ConfigError, match=r"mine\.tsv:1: rank 'high'"):
        parse_table("a\tA\thigh\tx\t\t\t\t\t\tnote", FindingClass.PII, "mine.tsv")


def test_a_table_is_read() -> None:
    head = "id\tlabel\trank\tpattern\tanchors\tvalidator\tedge\tcontext\ttail\tnote"
    (rule,) = parse_table(
        f"{head}\nemp\tEMPLOYEE\t50\tE-[0-9]{{5}}\te-|x\t\tword\tstaff\t\tours\n", FindingClass.PII, "t"
    )
    assert rule == Rule(
        id="emp",
        class_=FindingClass.PII,
        label="EMPLOYEE",
        rank=50,
        pattern="E-[0-9]{5}",
        anchors=("e-", "x"),
        edge="word",
        context=("staff",),
        note="ours",
    )
