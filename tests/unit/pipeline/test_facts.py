"""What a session learns of its task and tells it: before a decision, before a release, and never in silence."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from passgate.core.action import ColumnRef
from passgate.core.decision import Decision, Obligation, Outcome, Tag
from passgate.core.errors import LedgerUnavailableError, StoreError
from passgate.core.passes import Pass
from passgate.core.session import Session
from passgate.core.shape import Part, Shape, ValueKind
from passgate.core.task import Task
from passgate.pipeline.facts import SENSITIVE_READ
from passgate.pipeline.statements import StatementSession
from passgate.pipeline.tasks import ProcessTasks
from tests.unit.pipeline.steps import NOW, Bench, decision, make_session

EMAIL = Shape(
    parts=(
        Part(
            name="email",
            kind=ValueKind.TEXT,
            origin=ColumnRef(namespace="public", object="customers", column="email"),
        ),
    )
)
PLAIN = Shape(parts=(Part(name="n", kind=ValueKind.NUMBER),))


@dataclass
class SlowTasks(ProcessTasks):
    """Writes take until somebody says so. ``unknown``: nobody can say what other processes did."""

    writes: "dict[str, asyncio.Future[None]]" = field(default_factory=dict)
    unknown: bool = False
    closed: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def close(self, task: Task) -> None:
        self.closed += 1
        super().close(task)

    def open(self, pass_: Pass) -> Task:
        self.look()
        return super().open(pass_)

    def look(self) -> None:
        if self.unknown:
            raise StoreError("the store is gone")

    def tag(self, task: Task, tag: str) -> "asyncio.Future[None] | None":
        if tag in task.kept:
            return None
        task.tags |= {tag}
        return self.writes.setdefault(tag, asyncio.get_running_loop().create_future())


def session(name: str = "s1", task: str = "t") -> Session:
    made = make_session()
    return Session(
        id=name,
        pass_=replace(made.pass_, id=f"pg_{name}", task=task),
        resource=made.resource,
        opened=NOW,
        peer="127.0.0.1:1",
    )


def tagging(bench: Bench, outcome: Outcome, *obligations: Obligation) -> None:
    made = decision(outcome, "stops", obligations)
    bench.policies.current.decide = lambda *_: made  # type: ignore[method-assign]


def judged(gate: StatementSession, text: str = "select 1") -> Decision:
    return gate.judge(gate.understand(text)).decision


async def test_sessions_of_a_task_have_one_set_of_facts_and_others_have_theirs() -> None:
    tasks = SlowTasks()
    one, same, other = (
        Bench(session=session(name, task), tasks=tasks) for name, task in (("a", "t"), ("b", "t"), ("c", "u"))
    )
    gates = [bench.open() for bench in (one, same, other)]
    tagging(one, Outcome.ALLOW, Tag(tag="seen", rule="r"))
    judged(gates[0])
    judged(gates[1])
    judged(gates[2])
    assert (one.session.tags, same.session.tags, other.session.tags) == ({"seen"}, {"seen"}, frozenset())
    late = Bench(session=session("d"), tasks=tasks)
    late.open()
    assert late.session.tags == {"seen"}


async def test_a_decision_is_not_kept_over_a_new_fact_of_another_session() -> None:
    tasks = SlowTasks()
    reads, asks = Bench(session=session("a"), tasks=tasks), Bench(session=session("b"), tasks=tasks)
    reader, asker = reads.open(), asks.open()
    understood = asker.understand("select 1")
    asker.judge(understood)
    asker.judge(understood)
    assert asks.policies.current.asked == ["select 1"]
    reader.plan(reader.judge(reader.understand("select email")).judged[0], EMAIL)
    asker.judge(understood)
    assert asks.policies.current.asked == ["select 1", "select 1"]
    assert asks.session.tags == {SENSITIVE_READ}


async def test_a_tag_of_a_rule_is_set_with_the_action_and_what_it_allows_waits_for_it() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    tagging(bench, Outcome.ALLOW, Tag(tag="seen", rule="r"))
    verdict = gate.judge(gate.understand("select 1"))
    again = gate.judge(gate.understand("select 1"))
    assert bench.session.tags == {"seen"}
    await asyncio.sleep(0)
    assert (verdict.durable.done(), again.durable.done()) == (False, False)
    tasks.writes["seen"].set_result(None)
    await verdict.durable
    await again.durable
    assert gate.judge(gate.understand("select 1")).durable.done()
    assert gate.kept is None


async def test_what_cannot_be_kept_is_not_released() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    tagging(bench, Outcome.ALLOW, Tag(tag="seen", rule="r"))
    verdict = gate.judge(gate.understand("select 1"))
    tasks.writes.pop("seen").set_exception(StoreError("the disk is full"))
    with pytest.raises(StoreError, match="disk is full"):
        await verdict.durable
    assert bench.session.tags == {"seen"}, "in force all the same"
    again = gate.judge(gate.understand("select 1"))
    await asyncio.sleep(0)
    assert not again.durable.done(), "it is tried again"
    tasks.writes["seen"].set_result(None)
    await again.durable


async def test_two_facts_on_their_way_are_waited_for_both() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    tagging(bench, Outcome.ALLOW, Tag(tag="one", rule="r"), Tag(tag="two", rule="r"))
    verdict = gate.judge(gate.understand("select 1"))
    tasks.writes["two"].set_result(None)
    await asyncio.sleep(0.01)
    assert not verdict.durable.done()
    tasks.writes["one"].set_result(None)
    await verdict.durable


async def test_a_plan_that_masks_is_a_sensitive_read_before_a_row_has_come() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    read = gate.judge(gate.understand("select x")).judged[0]
    assert gate.plan(read, PLAIN).untouched
    assert (bench.session.tags, gate.kept) == (frozenset(), None)
    assert not gate.plan(read, EMAIL).untouched
    assert bench.session.tags == {SENSITIVE_READ}
    assert gate.kept is tasks.writes[SENSITIVE_READ]
    tagged = bench.recorder.events[-1]
    assert (tagged.type, tagged.detail) == ("task.tagged", {"tag": SENSITIVE_READ, "by": "gate"})
    gate.plan(read, EMAIL)
    assert bench.types().count("task.tagged") == 1


async def test_a_value_masked_in_passing_is_a_sensitive_read_before_it_leaves() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    gate.passing(rows=10, masked=0)
    assert (gate.kept, bench.session.tags) == (None, frozenset())
    gate.passing(rows=5, masked=2)
    assert gate.kept is tasks.writes[SENSITIVE_READ]
    assert bench.session.task.counters == {"rows": 15, "masked": 2}
    assert bench.session.counters == {"rows": 15, "masked": 2}


async def test_statements_are_counted_for_the_session_and_its_task() -> None:
    tasks = SlowTasks()
    one, same = Bench(session=session("a"), tasks=tasks), Bench(session=session("b"), tasks=tasks)
    gates = [one.open(), same.open()]
    judged(gates[0], "select 1; select 2")
    judged(gates[1], "select 1")
    assert (one.session.counters, same.session.counters) == ({"statements": 2}, {"statements": 1})
    assert one.session.task.counters == {"statements": 3}


@pytest.mark.parametrize("outcome", [Outcome.HOLD, Outcome.DENY])
async def test_an_attempt_that_is_a_fact_is_one_also_where_it_cannot_be_recorded(outcome: Outcome) -> None:
    bench = Bench(session=session())
    gate = bench.open()
    tagging(bench, outcome, Tag(tag="tried", rule="stops"))
    bench.recorder.full = True
    assert judged(gate).rule == "ledger-unavailable"
    assert bench.session.tags == {"tried"}


async def test_a_tag_that_cannot_be_recorded_refuses() -> None:
    bench = Bench(session=session())
    gate = bench.open()
    tagging(bench, Outcome.ALLOW, Tag(tag="seen", rule="r"))
    append = bench.recorder.append

    def fills_up(event: object) -> object:
        bench.recorder.full = len(bench.recorder.events) == 2
        return append(event)  # type: ignore[arg-type]

    bench.recorder.append = fills_up  # type: ignore[method-assign, assignment]
    assert judged(gate).rule == "ledger-unavailable"


async def test_without_knowing_what_was_done_nothing_is_allowed() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    gate = bench.open()
    assert judged(gate).outcome is Outcome.ALLOW
    tasks.unknown = True
    refused = judged(gate)
    assert (refused.outcome, refused.rule) == (Outcome.DENY, "facts-unavailable")
    assert gate.foresee(gate.understand("select 1")).outcome is Outcome.DENY
    with pytest.raises(StoreError):
        Bench(session=session("b"), tasks=tasks).open()
    tasks.unknown = False
    assert judged(gate).outcome is Outcome.ALLOW


async def test_a_task_is_left_with_the_session_also_where_it_could_not_begin() -> None:
    tasks = SlowTasks()
    bench = Bench(session=session(), tasks=tasks)
    bench.open().close("done")
    assert tasks.closed == 1
    bench.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        bench.open()
    assert tasks.closed == 2
