"""Who may decide, how often, about what, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.approvals.desk import MOST_OF_A_PASS, NOTE_CHARACTERS, Desk, Person, Request, State
from passgate.core.decision import Approvers, Decision, Outcome
from passgate.core.errors import ApprovalError, LedgerUnavailableError
from passgate.core.session import Session
from passgate.pipeline.protocols import Held, Waiting
from tests.unit.pipeline.steps import MemoryRecorder, action, decision, make_session

DBA = frozenset({"dba"})
GRACE, LINUS, ADA = (Person(subject=f"{name}@example.com", groups=DBA) for name in ("grace", "linus", "ada"))


def live_session() -> Session:
    session = make_session()
    session.pass_ = replace(session.pass_, expires=datetime.now(UTC) + timedelta(hours=1))
    return session


def held(
    text: str = "create table x", *, count: int = 1, seconds: int = 900, digest: str = "", meaning: str = "c1"
) -> Held:
    asked = replace(
        decision(Outcome.HOLD, "ddl"),
        reason="DDL in production.",
        approvers=Approvers(group="dba", count=count, expires_seconds=seconds),
    )
    return Held(action=action(text), decision=asked, session=live_session(), digest=digest, meaning=meaning)


@dataclass
class Bench:
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    heard: "asyncio.Queue[Waiting]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.desk = Desk(recorder=self.recorder)

    @asynccontextmanager
    async def asking(self, what: Held) -> AsyncIterator[tuple["asyncio.Task[Decision]", Request]]:
        task = asyncio.create_task(self.desk.resolve(what, self.heard.put_nowait))
        waiting = await self.heard.get()
        (request,) = [request for request in self.desk.list() if request.id == waiting.request]
        yield task, request
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def said(self) -> list[str]:
        return [event.type.value for event in self.recorder.events]


async def test_one_person_of_the_group_lets_it_through_once() -> None:
    bench = Bench()
    async with bench.asking(held()) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        answer = await asked
    assert answer.outcome is Outcome.ALLOW
    assert "grace@example.com" in answer.reason
    assert bench.said() == ["approval.requested", "approval.voted", "approval.resolved"]
    assert request.state is State.USED
    async with bench.asking(held()) as (_, again):
        assert again.id != request.id  # used up: the same statement is asked for anew


async def test_the_ledger_names_binding_voters_and_outcome_and_keeps_the_text_as_text() -> None:
    bench = Bench()
    async with bench.asking(held()) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True, note="INC-42")
        await asked
    first, vote, resolved = bench.recorder.events
    assert first.text == "create table x"
    assert first.detail["binding_sha256"] == request.binding.digest == resolved.detail["binding_sha256"]
    assert (vote.detail["by"], vote.detail["vote"], vote.text) == ("grace@example.com", "approve", "INC-42")
    assert "INC-42" not in str(vote.detail)
    assert resolved.detail["approved_by"] == ["grace@example.com"]


async def test_two_of_the_group_means_two_people() -> None:
    bench = Bench()
    async with bench.asking(held(count=2)) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        assert not asked.done()
        with pytest.raises(ApprovalError, match="has voted"):
            await bench.desk.vote(request.id, GRACE, approves=True)
        with pytest.raises(ApprovalError, match="has voted"):
            await bench.desk.vote(request.id, Person(subject="GRACE@example.com", groups=DBA), approves=True)
        await bench.desk.vote(request.id, LINUS, approves=True)
        assert (await asked).outcome is Outcome.ALLOW


async def test_one_refusal_is_a_veto() -> None:
    bench = Bench()
    async with bench.asking(held(count=2)) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        await bench.desk.vote(request.id, LINUS, approves=False, note="not today")
        answer = await asked
    assert answer.outcome is Outcome.DENY
    assert "not today" in answer.reason
    with pytest.raises(ApprovalError, match="denied"):
        await bench.desk.vote(request.id, Person(subject="x", groups=DBA), approves=True)


async def test_nobody_decides_what_is_asked_for_in_their_name() -> None:
    bench = Bench()
    async with bench.asking(held()) as (asked, request):
        with pytest.raises(ApprovalError, match="in their name"):
            await bench.desk.vote(request.id, ADA, approves=True)  # the agent acts for ada
        with pytest.raises(ApprovalError, match="in their name"):
            await bench.desk.vote(request.id, Person(subject="reporter", groups=DBA), approves=True)
        with pytest.raises(ApprovalError, match="in their name"):
            await bench.desk.vote(request.id, Person(subject="Ada@Example.COM", groups=DBA), approves=True)
        assert not asked.done()
    assert "approval.voted" not in bench.said()


async def test_only_the_group_that_the_rule_names_decides() -> None:
    bench = Bench()
    async with bench.asking(held()) as (_, request):
        with pytest.raises(ApprovalError, match="group dba"):
            await bench.desk.vote(request.id, Person(subject="eve", groups=frozenset({"web"})), approves=True)


async def test_a_note_is_bounded_and_an_unknown_request_is_told() -> None:
    bench = Bench()
    async with bench.asking(held()) as (_, request):
        with pytest.raises(ApprovalError, match="note"):
            await bench.desk.vote(request.id, GRACE, approves=True, note="x" * (NOTE_CHARACTERS + 1))
    with pytest.raises(ApprovalError, match="no request"):
        await bench.desk.vote("nothing", GRACE, approves=True)


async def test_time_that_runs_out_is_a_refusal() -> None:
    bench = Bench()
    answer = await bench.desk.resolve(held(seconds=0), bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "in time" in answer.reason
    assert bench.recorder.events[-1].detail["outcome"] == "expired"
    assert bench.desk.list() == ()


async def test_an_approval_waits_for_a_client_that_went_away() -> None:
    bench = Bench()
    async with bench.asking(held()) as (_, request):
        pass  # the client is gone
    await bench.desk.vote(request.id, GRACE, approves=True)
    answer = await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert answer.outcome is Outcome.ALLOW
    assert request.id in answer.reason


@pytest.mark.parametrize(
    "other",
    [held("create table y"), held(digest="other"), held(meaning="c2"), held(count=2)],
    ids=["another text", "other parameters", "another catalog", "another rule's count"],
)
async def test_an_approval_is_for_nothing_else(other: Held) -> None:
    bench = Bench()
    async with bench.asking(held()) as (_, request):
        pass
    await bench.desk.vote(request.id, GRACE, approves=True)
    async with bench.asking(other) as (asked, another):
        assert another.id != request.id
        assert not asked.done()


async def test_two_who_wait_for_the_same_do_not_share_one_approval() -> None:
    bench = Bench()
    async with bench.asking(held()) as (first, request), bench.asking(held()) as (second, same):
        assert same.id == request.id
        await bench.desk.vote(request.id, GRACE, approves=True)
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        again = await bench.heard.get()
        assert again.request != request.id
        assert first.done() != second.done()


async def test_a_vote_that_cannot_be_recorded_does_not_count() -> None:
    bench = Bench()
    async with bench.asking(held()) as (asked, request):
        bench.recorder.full = True
        with pytest.raises(LedgerUnavailableError):
            await bench.desk.vote(request.id, GRACE, approves=True)
        assert request.votes == ()
        assert not asked.done()


async def test_what_cannot_be_recorded_is_not_even_asked() -> None:
    bench = Bench(recorder=MemoryRecorder(full=True))
    with pytest.raises(LedgerUnavailableError):
        await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert bench.desk.list() == ()


async def test_one_pass_cannot_tire_people_with_requests() -> None:
    bench = Bench()
    tasks = []
    for number in range(MOST_OF_A_PASS):
        tasks.append(asyncio.create_task(bench.desk.resolve(held(f"create table t{number}"), bench.heard.put_nowait)))
        await bench.heard.get()
    answer = await bench.desk.resolve(held("one more"), bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "wait for approval already" in answer.reason
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
