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


def test_a_bare_number_of_a_json_text_becomes_a_string() -> None:
    card = b"4111111111111111"
    for text, expected in (
        (b'{"a": %s}', b'{"a": "[REDACTED:EMAIL]"}'),
        (b"[%s \n ]", b'["[REDACTED:EMAIL]" \n ]'),
        (b'{"a": "%s"}', b'{"a": "[REDACTED:EMAIL]"}'),
        (b'{"a": "is: %s or"}', b'{"a": "is: [REDACTED:EMAIL] or"}'),
        (b"a: %s, b", b"a: [REDACTED:EMAIL], b"),
    ):
        start = text.index(b"%s")
        assert made(StrategyKind.REDACT).replace(text % card, [finding(start, start + 16)]) == expected


def test_null_leaves_nothing() -> None:
    assert made(StrategyKind.NULL).replace(b"<bob>", [finding(1, 4)]) == b"<>"


def test_repr_hides_keys() -> None:
    assert "hashing" not in repr(made(StrategyKind.REDACT)).replace("StrategyKind", "")
