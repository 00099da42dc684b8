import pytest

from passgate.core.decision import (
    Approvers,
    LimitRows,
    MaxRows,
    Notify,
    Outcome,
    PreviewMode,
    ReadOnly,
    Record,
    Scan,
    Strategy,
    StrategyKind,
    Tag,
)
from passgate.policy.consequence import read_approvers, read_then
from passgate.policy.definition import Then
from passgate.policy.document import Document
from passgate.policy.problems import Problem


def then(text: str) -> tuple[Then, list[str]]:
    problems: list[Problem] = []
    document = Document("f", f"then: {text}\n", problems)
    found = read_then(document, document.mapping(document.root, "x")["then"], "r")
    return found, [problem.message for problem in problems]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcomes(outcome: Outcome) -> None:
    assert then(outcome.value) == (Then(outcome=outcome), [])


@pytest.mark.parametrize(
    ("text", "obligation"),
    [
        ("read_only", ReadOnly(rule="r")),
        ("{max_rows: 100}", MaxRows(limit=100, rule="r")),
        ("{max_rows: 0}", MaxRows(limit=0, rule="r")),
        ("{limit: 10}", LimitRows(limit=10, rule="r")),
        ("{notify: '#dba'}", Notify(channel="#dba", rule="r")),
        ("{record: strict}", Record(mode="strict", rule="r")),
        ("{record: hold-response}", Record(mode="hold-response", rule="r")),
        ("{tag: sensitive-read}", Tag(tag="sensitive-read", rule="r")),
        ("{scan: [pii, secret]}", Scan(classes=frozenset({"pii", "secret"}), rule="r")),
    ],
)
def test_obligations(text: str, obligation: object) -> None:
    found, problems = then(text)
    assert (found.outcome, found.obligations, problems) == (None, (obligation,), [])


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("{strategy: redact}", Strategy(kind=StrategyKind.REDACT)),
        ("{strategy: partial}", Strategy(kind=StrategyKind.PARTIAL, keep_last=4)),
        ("{strategy: partial, keep_first: 2}", Strategy(kind=StrategyKind.PARTIAL, keep_first=2)),
        ("{strategy: partial, keep_first: 0, keep_last: 0}", Strategy(kind=StrategyKind.PARTIAL)),
        ("{strategy: token, label: EMAIL}", Strategy(kind=StrategyKind.TOKEN, label="EMAIL")),
        ("{strategy: hash}", Strategy(kind=StrategyKind.HASH)),
        ("{strategy: 'null'}", Strategy(kind=StrategyKind.NULL)),
    ],
)
def test_masks(text: str, strategy: Strategy) -> None:
    assert then(f"{{mask: {text}}}") == (Then(mask=strategy), [])


def test_a_list_joins_an_outcome_and_obligations() -> None:
    found, problems = then("[allow, read_only, {max_rows: 5, tag: x}]")
    assert found.outcome is Outcome.ALLOW
    assert found.obligations == (ReadOnly(rule="r"), MaxRows(limit=5, rule="r"), Tag(tag="x", rule="r"))
    assert not problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alow", "then cannot be 'alow'"),
        ("[allow, deny]", "then has two outcomes, allow and deny"),
        ("{max_row: 5}", "then has no key 'max_row'"),
        ("{max_rows: many}", "max_rows must be a whole number"),
        ("{limit: 0}", "limit must be a whole number of at least 1"),
        ("{record: maybe}", "record cannot be 'maybe'"),
        ("{scan: pii}", "scan must be a list"),
        ("{scan: [pi]}", "scan cannot be 'pi'"),
        ("{notify: 5}", "notify must be text"),
        ("{tag: [a]}", "tag must be text"),
        ("{mask: partial}", "mask must be a mapping"),
        ("{mask: {strategy: blur}}", "strategy cannot be 'blur'"),
        ("{mask: {keep_last: 4}}", "mask needs a strategy"),
        ("{mask: {strategy: hash, keep_last: 4}}", "keep_first and keep_last belong to partial"),
        ("{mask: {strategy: partial, keep_last: -1}}", "keep_last must be a whole number"),
        ("[deny, {mask: {strategy: redact}}]", "nothing passes a deny"),
        ("[deny, {max_rows: 1}]", "nothing passes a deny"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    _, problems = then(text)
    assert any(message in problem for problem in problems), problems


def approvers(text: str) -> tuple[Approvers, list[str]]:
    problems: list[Problem] = []
    document = Document("f", f"approvers: {text}\n", problems)
    found = read_approvers(document, document.mapping(document.root, "x")["approvers"])
    return found, [problem.message for problem in problems]


def test_approvers() -> None:
    assert approvers("{group: dba, count: 2, expires: 1h30m}") == (
        Approvers(group="dba", count=2, expires_seconds=5400),
        [],
    )
    assert approvers("{preview: required}")[0].preview is PreviewMode.REQUIRED
    assert approvers("{}")[0].preview is PreviewMode.TRY
    assert approvers("{count: 3}") == (Approvers(group="approvers", count=3, expires_seconds=900), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{count: 0}", "count must be a whole number of at least 1"),
        ("{expires: soon}", "is not a duration"),
        ("{preview: sometimes}", "preview cannot be 'sometimes'"),
        ("{expires: 500h}", "a hold waits from 1s to 168h"),
        ("{expires: 1ms}", "a hold waits from 1s"),
        ("{grup: dba}", "approvers has no key 'grup'"),
    ],
)
def test_wrong_approvers(text: str, message: str) -> None:
    _, problems = approvers(text)
    assert any(message in problem for problem in problems), problems
