import itertools

import pytest

from passgate.core.action import Atom, ColumnRef
from passgate.core.decision import LimitRows, Mask, MaxRows, Notify, ReadOnly, Record, Scan, Strategy, StrategyKind, Tag
from passgate.policy.bundle import load_text
from passgate.policy.obligations import merged
from passgate.policy.rule import Rule
from tests.unit.policy.actions import atom

EMAIL = atom(name="customers", column="email")


def rules(*thens: str) -> list[Rule]:
    written = "\n".join(f"- {{id: r{n}, when: 'true', then: {then}}}" for n, then in enumerate(thens))
    return list(load_text(f"rules:\n{written}").rules)


def fired(*thens: str, about: Atom = EMAIL) -> list[tuple[Rule, Atom]]:
    return [(rule, about) for rule in rules(*thens)]


@pytest.mark.parametrize(
    ("thens", "left"),
    [
        (("{max_rows: 9}", "{max_rows: 3}", "{max_rows: 5}"), (MaxRows(limit=3, rule="r1"),)),
        (("{limit: 9}", "{limit: 3}"), (LimitRows(limit=3, rule="r1"),)),
        (("read_only", "read_only"), (ReadOnly(rule="r0"),)),
        (("{record: hold-response}", "{record: strict}"), (Record(mode="strict", rule="r1"),)),
        (("{scan: [pii]}", "{scan: [secret]}"), (Scan(classes=frozenset({"pii", "secret"}), rule="r0"),)),
        (("{tag: a}", "{tag: b}", "{tag: a}"), (Tag(tag="a", rule="r0"), Tag(tag="b", rule="r1"))),
        (("{notify: a}", "{notify: a}"), (Notify(channel="a", rule="r0"),)),
        (("{max_rows: 3}", "{limit: 3}"), (LimitRows(limit=3, rule="r1"), MaxRows(limit=3, rule="r0"))),
        (("allow", "deny"), ()),
    ],
)
def test_merging(thens: tuple[str, ...], left: tuple[object, ...]) -> None:
    assert merged(fired(*thens)) == left


def mask(*strategies: str) -> Mask:
    found = merged(fired(*(f"{{mask: {strategy}}}" for strategy in strategies)))
    assert len(found) == 1
    assert isinstance(found[0], Mask)
    return found[0]


def test_of_two_masks_the_one_that_shows_less_stays() -> None:
    ordered = (
        "{strategy: partial}",
        "{strategy: token}",
        "{strategy: hash}",
        "{strategy: redact}",
        "{strategy: 'null'}",
    )
    for laxer, stricter in itertools.combinations(ordered, 2):
        assert mask(laxer, stricter).strategy == mask(stricter, laxer).strategy == mask(stricter).strategy
        assert mask(laxer, stricter).rule == "r1"


def test_two_partial_masks_show_what_both_show() -> None:
    found = mask(
        "{strategy: partial, keep_first: 3, keep_last: 1}", "{strategy: partial, keep_first: 1, keep_last: 4, label: E}"
    )
    assert found.strategy == Strategy(kind=StrategyKind.PARTIAL, keep_first=1, keep_last=1, label="E")


def test_equal_masks_are_named_by_the_first_id() -> None:
    assert mask("{strategy: hash}", "{strategy: hash}").rule == "r0"


def test_each_column_has_its_own_mask() -> None:
    rule = rules("{mask: {strategy: redact}}")[0]
    other = atom(name="customers", column="phone")
    found = merged([(rule, EMAIL), (rule, other), (rule, EMAIL)])
    assert [o.column.column for o in found if isinstance(o, Mask)] == ["email", "phone"]


def test_a_relation_as_a_whole_shows_no_value() -> None:
    assert merged(fired("{mask: {strategy: redact}}", about=atom(name="customers"))) == ()


def test_what_has_no_columns_is_masked_as_a_whole() -> None:
    prompt = atom("select", "gpt", kind="", namespace="")
    found = merged(fired("{mask: {strategy: token}}", about=prompt))
    assert [o.column.column for o in found if isinstance(o, Mask)] == [""]


@pytest.mark.parametrize(
    ("verb", "kind", "masked"),
    [
        ("disclose", "finding", True),
        ("reveal", "finding", True),
        ("restore", "finding", False),
        ("generate", "model", False),
        ("offer", "tool", False),
        ("create_batch", "batch", False),
    ],
)
def test_of_a_call_only_findings_are_masked(verb: str, kind: str, masked: bool) -> None:
    about = atom(verb, "EMAIL", "user" if kind == "finding" else "", kind=kind, namespace="pii")
    found = merged(fired("{mask: {strategy: token}}", about=about))
    assert [o.column for o in found if isinstance(o, Mask)] == (
        [ColumnRef(namespace="pii", object="EMAIL", column="user")] if masked else []
    )


def test_the_rule_of_a_mask_does_not_hang_on_the_order_of_rules() -> None:
    """Two partial masks together show less than either: the later one was named, whichever it was."""
    several = rules(
        "{mask: {strategy: partial, keep_last: 4}}",
        "{mask: {strategy: partial, keep_first: 2, keep_last: 1}}",
        "{mask: {strategy: partial, keep_first: 1, keep_last: 3}}",
    )
    together = {merged([(rule, EMAIL) for rule in order]) for order in itertools.permutations(several)}
    (left,) = together
    assert [obligation.rule for obligation in left] == ["r0"]
