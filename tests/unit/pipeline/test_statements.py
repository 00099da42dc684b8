"""A session of statements: understanding in front, and what the language is told."""

import pytest

from passgate.core.action import VerbClass
from passgate.pipeline.gate import Result
from passgate.pipeline.protocols import Input, Understood
from tests.unit.pipeline.steps import Bench, action, make_session


async def test_understanding_and_decisions_are_kept_until_anything_they_rest_on_changes() -> None:
    bench = Bench()
    gate = bench.open()
    policy, understander = bench.policies.current, bench.language.understander
    for _ in range(3):
        gate.judge(gate.understand("select 1"))
    assert policy.asked == ["select 1"]
    assert understander.asked == ["select 1"]
    gate.session.tag("seen")
    gate.judge(gate.understand("select 1"))
    assert len(policy.asked) == 2
    understander.version = "c2"
    gate.judge(gate.understand("select 1"))
    assert len(understander.asked) == 2
    assert len(policy.asked) == 3
    policy.version = "v2"
    gate.judge(gate.understand("select 1"))
    assert len(policy.asked) == 4


@pytest.mark.parametrize("text", ["select ?", "select !"])
async def test_what_depends_on_inputs_or_on_the_session_is_decided_anew(text: str) -> None:
    bench = Bench()
    gate = bench.open()
    for _ in range(2):
        gate.judge(gate.understand(text, [Input(value="1")]))
    assert len(bench.policies.current.asked) == 2


async def test_the_caches_are_bounded() -> None:
    bench = Bench()
    gate = bench.open()
    for number in range(1100):
        gate.judge(gate.understand(f"select {number}"))
    gate.judge(gate.understand("select 0"))
    assert bench.policies.current.asked.count("select 0") == 2
    assert bench.language.understander.asked.count("select 0") == 2


async def test_a_failed_action_teaches_the_language_nothing() -> None:
    bench = Bench()
    gate = bench.open()
    judged = gate.judge(gate.understand("select 1")).judged[0]
    gate.settle(judged, Result(status="error", code="22012"))
    assert bench.language.understander.done == []


async def test_a_change_of_structure_is_told_when_made_and_when_committed() -> None:
    bench = Bench()
    bench.session = make_session(verbs=frozenset({VerbClass.DDL}))
    gate = bench.open()
    judged = gate.judge(Understood(actions=(action("create", "create", VerbClass.DDL),))).judged[0]
    gate.settle(judged, Result(status="error"))
    assert bench.restructured == []
    gate.settle(judged, Result(status="ok"))
    assert bench.restructured == ["shop"]
    gate.transaction_ended(committed=True)
    gate.transaction_ended(committed=True)
    assert bench.restructured == ["shop", "shop"]


async def test_a_transaction_has_ended_when_the_next_one_began_at_once() -> None:
    """COMMIT AND CHAIN, or BEGIN behind it in one text: the session is never idle in between."""
    bench = Bench()
    gate = bench.open()
    for verb, code in (
        ("commit", "COMMIT"),
        ("commit", "ROLLBACK"),
        ("rollback", "ROLLBACK"),
        ("rollback_to", "ROLLBACK"),
    ):
        judged = gate.judge(Understood(actions=(action(verb, verb, VerbClass.SESSION),))).judged[0]
        gate.settle(judged, Result(status="ok", code=code))
        gate.settle(judged, Result(status="error"))
    assert bench.language.understander.ended == [True, False, False]
    gate.name_taken("cursor", "c")
    assert bench.language.understander.taken == [("cursor", "c")]
