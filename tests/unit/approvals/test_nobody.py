from dataclasses import replace

from passgate.approvals.nobody import Nobody
from passgate.core.decision import Approvers, Outcome
from passgate.pipeline.protocols import Held
from tests.unit.pipeline.steps import action, decision, make_session


async def test_a_hold_becomes_a_refusal_that_names_whom_it_lacked() -> None:
    held = decision(Outcome.HOLD, "ddl-two-approvers")
    held = replace(held, reason="DDL in production.", approvers=Approvers(group="dba", count=2, expires_seconds=900))
    answer = await Nobody().resolve(Held(action=action("create table x"), decision=held, session=make_session()), print)
    assert answer.outcome is Outcome.DENY
    assert answer.rule == "ddl-two-approvers"
    assert "2 of group dba" in answer.reason
    assert answer.hint


async def test_a_hold_without_named_approvers_lacks_a_person() -> None:
    answer = await Nobody().resolve(
        Held(action=action("lock x"), decision=decision(Outcome.HOLD), session=make_session()), print
    )
    assert "a person" in answer.reason
