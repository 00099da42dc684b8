"""Refusals of the gate's own."""

import pytest

from passgate.codecs.llm.refusal import Cause
from passgate.core.decision import Decision, Outcome
from passgate.endpoints.llm.refused import RefusedError, denied


def decision(outcome: Outcome, rule: str = "r") -> Decision:
    return Decision(outcome=outcome, rule=rule, reason="It may not.", hint="Ask.", policy_version="v1")


@pytest.mark.parametrize(
    ("said", "cause", "status"),
    [
        (decision(Outcome.DENY), Cause.POLICY, 403),
        (decision(Outcome.HOLD), Cause.HELD, 403),
        (decision(Outcome.DENY, "pass-scope"), Cause.SCOPE, 403),
        (decision(Outcome.DENY, "pass-ended"), Cause.PASS_ENDED, 401),
        (decision(Outcome.DENY, "ledger-unavailable"), Cause.UNAVAILABLE, 503),
    ],
)
def test_a_decision_in_words_for_the_caller(said: Decision, cause: Cause, status: int) -> None:
    error = denied(said)
    assert (error.refusal.cause, error.refusal.status) == (cause, status)
    assert str(error) == "It may not. Ask."
    assert said.rule in error.why


def test_the_ledger_is_told_the_same_unless_it_is_told_more() -> None:
    assert RefusedError(Cause.RATE, "Slow down.", retry_after=3).why == "Slow down."
    more = RefusedError(Cause.METHOD, "No.", why="because", allow=("GET",), param="/x")
    assert (more.why, more.refusal.allow, more.refusal.param) == ("because", ("GET",), "/x")
