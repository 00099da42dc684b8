"""Every evasion ever found stays here: the reference policy's verdict on each, through the real language."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from passgate.core.action import Action, VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.reference import reference_catalog
from passgate.policy.bundle import load_bundle
from passgate.policy.cases import Case, read_cases
from passgate.policy.cases.request import Statement
from passgate.policy.cases.runner import KINDS, run_case
from passgate.policy.evaluator import ERROR, RulePolicy
from passgate.policy.vocabulary import EFFECTS, OBJECT_KINDS, VERBS

CASES = [
    case
    for name in ("postgres.jsonl", "postgres_work.jsonl")
    for case in read_cases((Path(__file__).parent / name).read_text("utf-8"))
]


@cache
def language() -> SqlLanguage:
    return SqlLanguage(catalog=reference_catalog(), parser=Parser())


@cache
def policy(pack: str) -> RulePolicy:
    return load_bundle((), (pack,)).policy()


def session() -> Session:
    now = datetime.now(UTC)
    agent = Principal(
        kind=PrincipalKind.AGENT,
        subject="case",
        on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ann@example.com"),
    )
    grant = Pass(
        id="case",
        principal=agent,
        resources=frozenset({"shop"}),
        verbs=frozenset(VerbClass),
        purpose="cases",
        ticket=None,
        issued=now,
        expires=now + timedelta(hours=1),
    )
    shop = Resource(name="shop", kind="postgres", labels={"env": "prod"})
    path = ('"$user"', "public")
    return Session(
        id="case", pass_=grant, resource=shop, opened=now, peer="", user="app", database="shop", search_path=path
    )


def actions(case: Case) -> list[Action]:
    found: list[Action] = []
    understander = language().open(session())
    for part in KINDS[case.kind].read(case.text):
        if isinstance(part, Statement):
            found.extend(understander.understand(part.text, part.inputs).actions)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_reference_policy_says_what_is_expected(case: Case) -> None:
    found = run_case(case, KINDS[case.kind], language(), policy("p-ref"), session())
    assert found.verdict is case.expected, f"{found.rule}: {found.reason}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_no_rule_of_a_pack_fails_and_every_word_is_in_the_vocabulary(case: Case) -> None:
    for action in actions(case):
        for pack in ("p-ref", "postgres-safe"):
            decision = policy(pack).decide(action, session())
            assert decision.rule != ERROR, decision.reason
            assert decision.reason
            assert decision.hint or decision.outcome == "allow"
        for atom in action.atoms:
            assert atom.verb in VERBS
            assert atom.object.kind in OBJECT_KINDS
            assert atom.object.effect in EFFECTS
