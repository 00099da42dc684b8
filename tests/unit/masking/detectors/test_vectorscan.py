from pathlib import Path
from random import Random

import hyperscan
import pytest

from passgate.core.errors import DetectorError
from passgate.core.finding import FindingClass
from passgate.masking import Detector, Rule
from passgate.masking.detectors.cache import write_database
from passgate.masking.detectors.literals import LiteralGate
from passgate.masking.detectors.rule_set import RuleSet, build_rule_set
from passgate.masking.detectors.samples import draw
from passgate.masking.detectors.vectorscan import VectorscanGate


def rules(*patterns: str, context: tuple[str, ...] = ()) -> RuleSet:
    return build_rule_set(
        [
            Rule(id=f"r{index}", class_=FindingClass.PII, label="X", rank=50, pattern=pattern, context=context)
            for index, pattern in enumerate(patterns)
        ]
    )


def gate(made: RuleSet, cache: Path | None = None) -> VectorscanGate:
    return VectorscanGate(made.rules, fingerprint=made.fingerprint, cache=cache)


def test_names_every_rule_that_fires_once_and_in_order() -> None:
    made = gate(rules("abc", "b", "zzz", "b"))
    assert list(made.fired(b"b abc abc")) == [0, 1, 3]
    assert list(made.fired(b"nothing")) == []


@pytest.mark.parametrize(
    "text",
    [
        b"card",
        b"my_card=1",
        b"userCardNumber",
        b"CARD:",
        b"(Card)",
        b"pin code 1",
        b"pinCode",
        b"tel.: 5",
        b"myTel.: 5",
        "आधार 1".encode(),
        b"2fa code",
    ],
)
def test_a_context_word_opens_the_gate_wherever_a_rule_would_hear_it(text: bytes) -> None:
    made = rules("[0-9]{3}", context=("card", "pin code", "tel.", "आधार", "2fa code"))
    assert made.rules[0].words is not None
    assert made.rules[0].words.search(text) is not None
    assert list(gate(made).fired(text)) == [0]
    assert list(LiteralGate(made.rules).fired(text + b" 123")) == [0]


def test_without_a_word_the_gate_stays_shut() -> None:
    made = rules("[0-9]{3}", context=("cc",))
    assert list(gate(made).fired(b"accept 123 acc")) == []
    assert list(LiteralGate(made.rules).fired(b"nothing 123")) == []


def test_words_that_are_all_digits_or_signs() -> None:
    made = rules("[0-9]{3}", context=("2fa",))
    assert list(gate(made).fired(b"2fa 123")) == [0]


def test_the_compiled_database_is_kept_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rules("abc")
    cache = tmp_path / "rules.db"
    gate(made, cache)
    assert cache.exists()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("passgate.masking.detectors.vectorscan._compile", never)
    assert list(gate(made, cache).fired(b"abc")) == [0]


def test_a_cache_of_other_rules_or_of_another_machine_is_built_anew(tmp_path: Path) -> None:
    cache = tmp_path / "rules.db"
    gate(rules("abc"), cache)
    assert list(gate(rules("xyz"), cache).fired(b"xyz abc")) == [0]
    made = rules("def")
    from importlib.metadata import version

    write_database(cache, f"{made.fingerprint}:{version('hyperscan')}", b"not a database")
    assert list(gate(made, cache).fired(b"def")) == [0]


def test_what_the_database_passes_over_fires_always_and_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A miscompiled pattern is silent behind some texts, and whoever asks the gate would believe it."""
    import passgate.masking.detectors.vectorscan as vectorscan

    def miscompiled(patterns: list[bytes]) -> hyperscan.Database:
        return compiled([b"(?:^|\\n)key-[0-9]{4}" if pattern.startswith(b"key") else pattern for pattern in patterns])

    compiled = vectorscan._compile
    monkeypatch.setattr(vectorscan, "_compile", miscompiled)
    made = rules("abc", "key-[0-9]{4}")
    cache = tmp_path / "rules.db"
    first = gate(made, cache)
    monkeypatch.setattr(vectorscan, "_compile", compiled)
    for one in (first, gate(made, cache)):
        assert one.unsure == {1}
        assert list(one.fired(b"say key-1234")) == [1]
        assert list(one.fired(b"abc")) == [0, 1]
        assert [found.type for found in Detector(made, one).findings(b"say key-1234")] == ["X"]
    assert gate(made).unsure == frozenset()


def test_a_pattern_that_cannot_be_compiled_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise hyperscan.CompilerError("Pattern is too large.")

    monkeypatch.setattr("passgate.masking.detectors.vectorscan._compile", fail)
    with pytest.raises(DetectorError, match="too large"):
        gate(rules("abc"))


def test_a_scan_that_fails_is_an_error_and_not_an_empty_answer() -> None:
    made = gate(rules("abc"))

    class Broken:
        def scan(self, *_: object, **__: object) -> None:
            raise hyperscan.ScratchInUseError

    made._scratch()
    made._database = Broken()  # type: ignore[assignment]
    with pytest.raises(DetectorError, match="scan failed"):
        made.fired(b"abc")


BEFORE = (
    b"",
    b"a" * 19 + b"\n",
    b"b" * 39 + b" ",
    b"A1 -b x=y\n",
    b"x y z " * 20,
    b"0" * 30 + b"\n",
    b"/" * 33 + b" ",
    b'"key": "',
)


def test_whatever_stands_before_it_no_rule_is_passed_over(detector: Detector) -> None:
    """Vectorscan has compiled a pattern into one that sees some texts only behind nothing: a gate that is silent is believed."""
    random = Random(5)
    passed_over = set()
    for index, rule in enumerate(detector.rules.rules):
        for _ in range(8):
            word = random.choice(rule.rule.context).encode() + b" " if rule.rule.context else b""
            value = word + draw(rule.rule.pattern, random)
            for before in BEFORE:
                text = before + value + b"\nAPP"
                spoken = rule.words is None or rule.words.search(text) is not None
                if spoken and rule.search(text, 0) is not None and index not in detector._gate.fired(text):
                    passed_over.add(rule.rule.id)
    assert passed_over == set()
