from collections.abc import Sequence

import pytest

from passgate.core.action import Action, ColumnRef, Output, Position, VerbClass
from passgate.core.session import Session
from passgate.pipeline.protocols import Input, Understood
from passgate.policy.cases import Case, Expected, Ground, run_cases
from tests.unit.policy.actions import action, atom, policy, session

EMAIL = ColumnRef(namespace="public", object="customers", column="email")
RULES = policy(
    "{id: read, when: \"verb == 'select'\", then: allow}",
    "{id: hold, when: \"verb == 'update'\", then: hold}",
    "{id: email, when: \"column == 'email'\", then: {mask: {strategy: redact}}}",
)


class Words:
    """A language of one word a statement."""

    version = "1"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.closed = False

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        return Understood(actions=tuple(self._action(word, inputs) for word in text.rstrip(";").split()))

    def _action(self, word: str, inputs: Sequence[Input] | None) -> Action:
        if inputs and inputs[0].value == "bad":
            word = "drop"
        if word in ("mask", "lineage", "unknown", "filter"):
            position = Position.PREDICATE if word in ("filter", "lineage") else Position.OUTPUT
            found = action(atom(name="customers", column="email", position=position))
            outputs: tuple[Output, ...] | None = (Output(name="x", sources=frozenset()),)
            if word == "lineage":
                outputs = (Output(name="x", sources=frozenset({EMAIL})),)
            return Action(
                kind="sql.query",
                verb="select",
                verb_class=VerbClass.READ,
                text=word,
                atoms=found.atoms,
                outputs=None if word == "unknown" else outputs,
            )
        return action(verb=word, verb_class=VerbClass.READ)

    def succeeded(self, action: Action) -> None:
        self.done.append(action.verb)

    def transaction_ended(self, *, committed: bool) -> None:
        raise AssertionError

    def name_taken(self, kind: str, name: str) -> None:
        raise AssertionError

    def origin(self, container: int, part: int) -> ColumnRef | None:
        raise AssertionError

    def close(self) -> None:
        self.closed = True


class Language:
    def __init__(self) -> None:
        self.opened: list[Words] = []

    def open(self, session: Session) -> Words:
        self.opened.append(Words())
        return self.opened[-1]


def case(text: str, expected: str = "allow", kind: str = "postgres", params: tuple[str | None, ...] = ()) -> Case:
    return Case(id=text, kind=kind, text=text, expected=Expected(expected), params=params)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (case("select"), "allow"),
        (case("mask"), "mask"),
        (case("lineage"), "mask"),
        (case("unknown"), "mask"),
        (case("filter"), "allow"),
        (case("update"), "approve"),
        (case("drop"), "deny"),
        (case("select mask"), "mask"),
        (case("mask select"), "mask"),
        (case("mask update"), "approve"),
        (case("update drop select"), "deny"),
        (case("select", params=("bad",)), "deny"),
        (case("Query('select') Query('update')", kind="postgres-wire"), "approve"),
        (case("Parse('select') Bind(['bad']) Execute('')", kind="postgres-wire"), "deny"),
        (case("FunctionCall", kind="postgres-wire"), "deny"),
        (case("Sync", kind="postgres-wire"), "allow"),
        (case("select;mask;", kind="psql"), "mask"),
        (case("\\! id", kind="psql"), "deny"),
    ],
)
def test_verdicts(one: Case, verdict: str) -> None:
    language = Language()
    report = run_cases([one], grounds={"postgres": Ground(language=language, session=session)}, policy=RULES)
    found = report.mismatches[0].found.verdict if report.mismatches else one.expected
    assert found.value == verdict
    assert all(words.closed for words in language.opened)


def test_what_was_allowed_is_remembered_within_a_case_only() -> None:
    language = Language()
    run_cases(
        [case("select;update", kind="psql"), case("select")],
        grounds={"postgres": Ground(language=language, session=session)},
        policy=RULES,
    )
    assert [words.done for words in language.opened] == [["select"], ["select"]]


def test_the_report_counts_by_kind() -> None:
    cases = [
        case("select"),
        case("drop", "deny"),
        case("drop"),
        case("x", kind="redis"),
        case("\\! id", "deny", "psql"),
    ]
    report = run_cases(cases, grounds={"postgres": Ground(language=Language(), session=session)}, policy=RULES)
    assert [(t.kind, t.covered, t.cases, t.as_expected) for t in report.totals] == [
        ("postgres", True, 3, 2),
        ("psql", True, 1, 1),
        ("redis", False, 1, 0),
    ]
    assert not report.passed
    (miss,) = report.mismatches
    assert (miss.case.text, miss.found.verdict, miss.found.rule) == ("drop", Expected.DENY, "default-deny")
    assert "No rule grants drop" in miss.found.reason


def test_a_kind_without_its_language_is_not_covered() -> None:
    report = run_cases([case("select"), case("x", kind="mysql")], grounds={}, policy=RULES)
    assert [(total.covered, total.meant) for total in report.totals] == [(False, ""), (False, "")]
    assert report.passed


def test_a_run_that_shows_nothing_does_not_pass() -> None:
    assert not run_cases([], grounds={}, policy=RULES).passed
    misspelt = run_cases([case("select", kind="postgresql")], grounds={}, policy=RULES)
    assert [total.meant for total in misspelt.totals] == ["postgres"]
    assert not misspelt.passed
