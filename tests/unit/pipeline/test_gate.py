from dataclasses import replace
from datetime import timedelta

import pytest

from passgate.core.action import ColumnRef, VerbClass
from passgate.core.decision import MaxRows, Outcome, Record, StrategyKind, Tag
from passgate.core.errors import AccessDeniedError, LedgerUnavailableError
from passgate.core.event import EventType
from passgate.core.shape import Part, Shape, ValueKind
from passgate.pipeline.gate import Result
from passgate.pipeline.protocols import Understood
from tests.unit.pipeline.steps import NOW, Bench, action, decision, make_session


async def test_an_allowed_action_is_an_intent_before_anything_else() -> None:
    bench = Bench()
    gate = bench.open()
    verdict = gate.judge(gate.understand("select 1"))
    assert verdict.outcome is Outcome.ALLOW
    assert bench.types() == ["session.start", "action.intent"]
    assert verdict.judged[0].intent == "e2"
    assert verdict.durable.done()


async def test_one_denied_statement_denies_all_and_only_it_is_a_refusal() -> None:
    bench = Bench()
    gate = bench.open()
    verdict = gate.judge(gate.understand("select 1; drop x; select 2"))
    assert verdict.outcome is Outcome.DENY
    assert verdict.decision.rule == "word-drop"
    assert bench.types() == ["session.start", "action.refused"]
    assert bench.recorder.events[1].text == "drop x"
    assert all(judged.intent is None for judged in verdict.judged)


async def test_deny_is_stricter_than_hold() -> None:
    gate = Bench().open()
    assert gate.judge(gate.understand("lock x; drop x")).outcome is Outcome.DENY


async def test_a_hold_that_people_allow_becomes_a_strict_intent() -> None:
    bench = Bench(answer=decision(Outcome.ALLOW, "approved"))
    gate = bench.open()
    held = gate.judge(gate.understand("select 1; lock x"), digest="d")
    assert held.outcome is Outcome.HOLD
    verdict = await gate.approve(held)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.strict
    assert bench.types() == ["session.start", "action.held", "action.intent", "action.intent"]
    assert bench.recorder.events[-1].detail == {"inputs_sha256": "d"}


async def test_a_hold_that_people_refuse_is_a_refusal() -> None:
    bench = Bench()
    gate = bench.open()
    verdict = await gate.approve(gate.judge(gate.understand("lock x")))
    assert verdict.outcome is Outcome.DENY
    assert verdict.decision.rule == "nobody"
    assert bench.types()[-1] == "action.refused"


async def test_a_ledger_that_cannot_record_denies_and_says_so() -> None:
    bench = Bench()
    gate = bench.open()
    bench.recorder.full = True
    verdict = gate.judge(gate.understand("select 1"))
    assert verdict.outcome is Outcome.DENY
    assert verdict.decision.rule == "ledger-unavailable"
    bench.recorder.full = False
    held = gate.judge(gate.understand("lock x"))
    bench.recorder.full = True
    assert (await gate.approve(held)).decision.rule == "ledger-unavailable"


async def test_verbs_outside_the_pass_are_refused_before_policy_is_asked() -> None:
    bench = Bench(session=make_session(verbs=frozenset({VerbClass.READ})))
    gate = bench.open()
    write = Understood(actions=(action("update x", "update", VerbClass.WRITE),))
    verdict = gate.judge(write)
    assert verdict.decision.rule == "pass-scope"
    assert "write" in verdict.decision.reason
    assert bench.policies.current.asked == []


async def test_session_control_belongs_to_every_pass() -> None:
    gate = Bench(session=make_session(verbs=frozenset())).open()
    commit = Understood(actions=(action("commit", "commit", VerbClass.SESSION),))
    assert gate.judge(commit).outcome is Outcome.ALLOW


async def test_a_pass_that_ended_allows_nothing_even_from_the_cache() -> None:
    bench = Bench()
    gate = bench.open()
    understood = gate.understand("select 1")
    assert gate.judge(understood).outcome is Outcome.ALLOW
    bench.now = NOW + timedelta(minutes=31)
    verdict = gate.judge(understood)
    assert verdict.outcome is Outcome.DENY
    assert verdict.decision.rule == "pass-ended"


async def test_an_unstable_policy_is_asked_every_time() -> None:
    bench = Bench()
    bench.policies.current.stable = False
    gate = bench.open()
    for _ in range(2):
        gate.judge(gate.understand("select 1"))
    assert len(bench.policies.current.asked) == 2


async def test_a_column_only_the_server_names_is_judged_too() -> None:
    gate = Bench().open()
    verdict = gate.judge(gate.understand("select name"))
    origins = [gate.origin(7, number) for number in (1, 2, 3)]
    shape = Shape(parts=tuple(Part(name="x", kind=ValueKind.TEXT, origin=origin) for origin in origins))
    plan = gate.plan(verdict.judged[0], shape)
    kinds = [part.mask.kind if part.mask else None for part in plan.parts]
    assert kinds == [None, StrategyKind.PARTIAL, StrategyKind.NULL]


async def test_a_shape_that_adds_nothing_asks_policy_nothing() -> None:
    bench = Bench()
    gate = bench.open()
    verdict = gate.judge(gate.understand("select name"))
    origin = ColumnRef(namespace="public", object="customers", column="name")
    shape = Shape(parts=(Part(name="x", kind=ValueKind.TEXT, origin=origin), Part(name="y", kind=ValueKind.TEXT)))
    assert gate.plan(verdict.judged[0], shape).untouched
    assert len(bench.policies.current.asked) == 1


async def test_an_outcome_answers_its_intent() -> None:
    bench = Bench()
    gate = bench.open()
    judged = gate.judge(gate.understand("select 1")).judged[0]
    durable = gate.settle(judged, Result(status="ok", code="SELECT 1", rows=1, masked={"EMAIL": 2}))
    assert durable.done()
    outcome = bench.recorder.events[-1]
    assert outcome.intent == "e2"
    assert outcome.detail["rows"] == 1
    assert outcome.detail["masked"] == {"EMAIL": 2}
    assert bench.language.understander.done == ["select 1"]


async def test_what_runs_is_judged_by_the_rules_as_they_are_now() -> None:
    bench = Bench()
    gate, policy = bench.open(), bench.policies.current
    reading = gate.judge(gate.understand("select 1")).judged[0]
    gate.judge(gate.understand("update 1"))
    assert gate.denied_now() == frozenset()
    for outcome, denied in ((Outcome.HOLD, frozenset[str]()), (Outcome.DENY, frozenset({reading.intent}))):
        policy.decide = lambda action, _session, now=outcome: decision(  # type: ignore[method-assign, misc]
            now if action.text == "select 1" else Outcome.ALLOW
        )
        assert gate.denied_now() == denied
    gate.settle(reading, Result(status="ok"))
    assert gate.denied_now() == frozenset()


@pytest.mark.parametrize("outcome", [Outcome.HOLD, Outcome.DENY])
async def test_a_rule_that_stops_tags_the_session_at_once(outcome: Outcome) -> None:
    bench = Bench()
    gate = bench.open()
    obligations = (Tag(tag="tainted", rule="stops"), Tag(tag="sensitive-read", rule="only-obliges"))
    stopped = decision(outcome, "stops", obligations)
    bench.policies.current.decide = lambda *_: stopped  # type: ignore[method-assign]
    gate.judge(gate.understand("select 1"))
    assert gate.session.tags == {"tainted"}


async def test_what_was_never_in_question_tags_nothing() -> None:
    bench = Bench()
    gate = bench.open()
    denied, held = (decision(o, o.value, (Tag(tag=o.value, rule=o.value),)) for o in (Outcome.DENY, Outcome.HOLD))
    bench.policies.current.decide = lambda action, _: denied if "1" in action.text else held  # type: ignore[method-assign]
    gate.judge(Understood(actions=(action("select 1"), action("select 2"))))
    assert gate.session.tags == {"deny"}


@pytest.mark.parametrize(("mode", "strict"), [("strict", True), ("hold-response", False)])
async def test_a_rule_says_how_strictly_to_record(mode: str, strict: bool) -> None:
    bench = Bench()
    gate = bench.open()
    understood = gate.understand("select 1")
    allowed = decision(Outcome.ALLOW, "r", (Record(mode=mode, rule="r"),))
    bench.policies.current.decide = lambda *_: allowed  # type: ignore[method-assign]
    assert gate.judge(understood).strict is strict


async def test_no_rule_makes_the_record_of_a_write_laxer() -> None:
    """What an UPDATE reads is an atom of its own, whose rule may say how reads are recorded."""
    bench = Bench()
    gate = bench.open()
    laxer = decision(Outcome.ALLOW, "reads", (Record(mode="hold-response", rule="reads"),))
    bench.policies.current.decide = lambda *_: laxer  # type: ignore[method-assign]
    for verb_class in (VerbClass.WRITE, VerbClass.DDL, VerbClass.ADMIN, VerbClass.CODE, VerbClass.EGRESS):
        assert gate.judge(Understood(actions=(action("update", "update", verb_class),))).strict
    hidden = action("select f()", "select", VerbClass.READ)
    writes = replace(hidden.atoms[0], verb="delete", verb_class=VerbClass.WRITE)
    assert gate.judge(Understood(actions=(replace(hidden, atoms=(*hidden.atoms, writes)),))).strict


async def test_writes_are_strict_and_reads_are_not_by_default() -> None:
    gate = Bench().open()
    assert not gate.judge(gate.understand("select 1")).strict
    assert gate.judge(Understood(actions=(action("update", "update", VerbClass.WRITE),))).strict


async def test_closing_ends_the_recording_and_the_session() -> None:
    bench = Bench()
    gate = bench.open()
    gate.session.count("actions", 2)
    gate.note(EventType.BOUND_HIT, {"bound": "rows"})
    gate.transaction_ended(committed=True)
    receipt = gate.close("client left")
    assert receipt is not None
    assert bench.types() == ["session.start", "bound.hit", "session.end"]
    assert bench.recorder.events[-1].detail["actions"] == 2
    assert bench.language.understander.closed
    assert bench.language.understander.ended == [True]


async def test_a_session_cannot_start_unrecorded_but_it_can_end() -> None:
    bench = Bench()
    gate = bench.open()
    bench.recorder.full = True
    assert gate.close("client left") is None
    with pytest.raises(LedgerUnavailableError):
        bench.open()


@pytest.mark.parametrize("text", ["select 1", "drop x"])
async def test_what_an_event_says_besides_is_given_to_it(text: str) -> None:
    bench = Bench()
    gate = bench.open()
    verdict = gate.judge(gate.understand(text), detail={"texts": 3})
    assert verdict.event == "e2"
    assert bench.recorder.events[1].detail == {"texts": 3}


@pytest.mark.parametrize("answer", [Outcome.ALLOW, Outcome.DENY])
async def test_an_approval_says_it_again(answer: Outcome) -> None:
    bench = Bench(answer=decision(answer, "asked"))
    gate = bench.open()
    held = gate.judge(gate.understand("lock x"), digest="d", detail={"texts": 3})
    verdict = await gate.approve(held)
    assert verdict.event == "e3"
    assert dict(bench.recorder.events[-1].detail)["texts"] == 3


async def test_an_outcome_says_what_the_protocol_counted() -> None:
    bench = Bench()
    gate = bench.open()
    (judged,) = gate.judge(gate.understand("select 1")).judged
    gate.settle(judged, Result(status="ok", detail={"input_tokens": 12, "finish": "stop"}))
    assert bench.recorder.events[-1].detail == {
        "status": "ok", "code": "", "rows": 0, "bytes": 0, "masked": {}, "input_tokens": 12, "finish": "stop",
    }  # fmt: skip


@pytest.mark.parametrize("change", ["catalog", "rules", "deny", "pass"])
async def test_an_approval_of_what_has_changed_meanwhile_lets_nothing_through(change: str) -> None:
    allowed = replace(decision(Outcome.HOLD, "word-lock"), outcome=Outcome.ALLOW)
    bench = Bench(answer=allowed)
    policy = bench.policies.current

    def meanwhile() -> None:
        if change == "catalog":
            bench.language.understander.version = "c2"
        elif change == "rules":
            policy.decide = lambda _action, _session: decision(Outcome.HOLD, "another")  # type: ignore[method-assign]
        elif change == "deny":
            policy.decide = lambda _action, _session: decision(Outcome.DENY, "now-never")  # type: ignore[method-assign]
        else:
            bench.now = NOW + timedelta(hours=2)

    bench.meanwhile = meanwhile
    gate = bench.open()
    verdict = await gate.approve(gate.judge(gate.understand("lock x")))
    assert verdict.outcome is Outcome.DENY
    wanted = {"catalog": "approval-outdated", "rules": "approval-outdated", "deny": "now-never", "pass": "pass-ended"}
    assert verdict.decision.rule == wanted[change]
    assert bench.types()[-1] == "action.refused"


async def test_what_rules_ask_for_besides_since_it_was_held_applies_to_what_was_approved() -> None:
    """The rule that held it is the same; another one has been added meanwhile."""
    old, new = MaxRows(limit=9, rule="old"), MaxRows(limit=3, rule="new")
    bench = Bench(answer=decision(Outcome.ALLOW, "word-lock", (old,)))
    policy = bench.policies.current

    def meanwhile() -> None:
        policy.decide = lambda _action, _session: decision(Outcome.HOLD, "word-lock", (old, new))  # type: ignore[method-assign]

    bench.meanwhile = meanwhile
    gate = bench.open()
    verdict = await gate.approve(gate.judge(gate.understand("lock x")))
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.decision.obligations == (old, new)


async def test_a_session_that_a_lock_keeps_out_is_not_opened() -> None:
    bench = Bench(locked="agent reporter is locked: it loops")
    with pytest.raises(AccessDeniedError, match="it loops"):
        bench.open()
    assert bench.types() == []
