from passgate.core.decision import Strategy, StrategyKind
from passgate.core.finding import FindingClass
from passgate.masking import Finding
from passgate.masking.keys import derive_keys
from passgate.masking.replacement import Replacement

KEYS = derive_keys(b"k" * 32, "s")


def made(kind: StrategyKind, **keep: int) -> Replacement:
    strategy = Strategy(kind=kind, keep_first=keep.get("keep_first", 0), keep_last=keep.get("keep_last", 0))
    return Replacement(
        by_class={FindingClass.PII: strategy, FindingClass.SECRET: Strategy(kind=StrategyKind.REDACT)}, keys=KEYS
    )


def finding(start: int, end: int, class_: FindingClass = FindingClass.PII) -> Finding:
    return Finding(start=start, end=end, type="EMAIL" if class_ is FindingClass.PII else "KEY", class_=class_, rule="r")


def test_each_class_by_its_own_strategy() -> None:
    text = b"to bob@x.io with k1"
    findings = [finding(3, 11), finding(17, 19, FindingClass.SECRET)]
    assert made(StrategyKind.PARTIAL, keep_first=1).replace(text, findings) == b"to b***@***.io with [REDACTED:KEY]"


def test_offsets_of_a_slice() -> None:
    assert made(StrategyKind.REDACT).replace(b"bob", [finding(10, 13)], 10) == b"[REDACTED:EMAIL]"


def test_null_leaves_nothing() -> None:
    assert made(StrategyKind.NULL).replace(b"<bob>", [finding(1, 4)]) == b"<>"


def test_repr_hides_keys() -> None:
    assert "hashing" not in repr(made(StrategyKind.REDACT)).replace("StrategyKind", "")
