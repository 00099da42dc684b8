from passgate.core.finding import FindingClass
from passgate.masking import Rule
from passgate.masking.detectors.literals import LiteralGate
from passgate.masking.detectors.rule_set import build_rule_set


def test_asks_for_word_then_anchor_then_pattern() -> None:
    made = build_rule_set(
        [
            Rule(id="plain", class_=FindingClass.PII, label="X", rank=50, pattern="[0-9]{3}"),
            Rule(id="anchored", class_=FindingClass.PII, label="X", rank=50, pattern="(?i)key[0-9]", anchors=("key",)),
            Rule(id="spoken", class_=FindingClass.PII, label="X", rank=50, pattern="[a-z]{3}", context=("pin code",)),
        ]
    )
    gate = LiteralGate(made.rules)
    assert list(gate.fired(b"123")) == [0]
    assert list(gate.fired(b"KEY1")) == [1]
    assert list(gate.fired(b"key")) == []
    assert list(gate.fired(b"PIN-Code")) == [2]
    assert list(gate.fired(b"")) == []
