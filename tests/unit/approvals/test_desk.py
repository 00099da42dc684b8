"""Who may decide, how often, about what, and for how long."""

import asyncio
import gc
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from passgate.approvals.desk import MOST, NOTE_CHARACTERS
from passgate.core.decision import MaxRows, Outcome, PreviewMode
from passgate.core.errors import ApprovalError, LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType
from passgate.pipeline.approval_desk import ApprovalState, Preview, Vote, Voter
from passgate.pipeline.protocols import Held
from passgate.pipeline.receipt import Receipt
from tests.unit.approvals.parts import ADA, DBA, GRACE, LINUS, Bench, held


@dataclass
class Tried:
    """A preview with a result given beforehand."""

    preview: Preview
    times: int = 0

    async def __call__(self) -> Preview:
        self.times += 1
        return self.preview


async def test_one_person_of_the_group_lets_it_through_once(bench: Bench) -> None:
    async with bench.asking(held()) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        answer = await asked
    assert answer.outcome is Outcome.ALLOW
    assert "grace@example.com" in answer.reason
    assert bench.said() == ["approval.requested", "approval.voted", "approval.resolved"]
    assert bench.shown(request).state is ApprovalState.USED
    async with bench.asking(held()) as (_, again):
        assert again.id != request.id  # used up: the same statement is asked for anew


async def test_the_ledger_names_binding_voters_and_outcome_and_keeps_the_text_as_text(bench: Bench) -> None:
    async with bench.asking(held()) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True, note="INC-42")
        await asked
    first, vote, resolved = bench.recorder.events
    assert first.text == "create table x"
    assert first.session is not None
    assert first.detail["binding_sha256"] == request.binding_sha256 == resolved.detail["binding_sha256"]
    assert (vote.detail["by"], vote.detail["vote"], vote.text) == ("grace@example.com", "approve", "INC-42")
    assert "INC-42" not in str(vote.detail)
    assert resolved.detail["approved_by"] == ["grace@example.com"]


async def test_two_of_the_group_means_two_people(bench: Bench) -> None:
    async with bench.asking(held(count=2)) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        assert not asked.done()
        with pytest.raises(ApprovalError, match="has voted"):
            await bench.desk.vote(request.id, GRACE, approves=True)
        with pytest.raises(ApprovalError, match="has voted"):
            await bench.desk.vote(request.id, Voter(subject="GRACE@example.com", groups=DBA), approves=True)
        after = await bench.desk.vote(request.id, LINUS, approves=True)
        assert (await asked).outcome is Outcome.ALLOW
    assert [vote.subject for vote in after.votes] == [GRACE.subject, LINUS.subject]


async def test_one_who_votes_twice_at_the_same_moment_has_one_vote(bench: Bench) -> None:
    async with bench.asking(held(count=2)) as (asked, request):
        votes = (bench.desk.vote(request.id, GRACE, approves=True) for _ in range(3))
        answers = await asyncio.gather(*votes, return_exceptions=True)
        assert sum(isinstance(answer, ApprovalError) for answer in answers) == 2
        assert bench.shown(request).approvals == 1
        assert not asked.done()


async def test_one_refusal_is_a_veto(bench: Bench) -> None:
    async with bench.asking(held(count=2)) as (asked, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        await bench.desk.vote(request.id, LINUS, approves=False, note="not today")
        answer = await asked
    assert answer.outcome is Outcome.DENY
    assert "not today" in answer.reason
    with pytest.raises(ApprovalError, match="denied"):
        await bench.desk.vote(request.id, Voter(subject="x", groups=DBA), approves=True)


@pytest.mark.parametrize("subject", ["ada@example.com", "reporter", "Ada@Example.COM"])
async def test_nobody_decides_what_is_asked_for_in_their_name(bench: Bench, subject: str) -> None:
    async with bench.asking(held()) as (asked, request):  # the agent acts for ada
        with pytest.raises(ApprovalError, match="in their name"):
            await bench.desk.vote(request.id, replace(ADA, subject=subject), approves=True)
        assert not asked.done()
    assert "approval.voted" not in bench.said()


async def test_only_the_group_that_the_rule_names_decides(bench: Bench) -> None:
    async with bench.asking(held()) as (_, request):
        with pytest.raises(ApprovalError, match="group dba"):
            await bench.desk.vote(request.id, Voter(subject="eve", groups=frozenset({"web"})), approves=True)


async def test_a_note_is_bounded_and_an_unknown_request_is_told(bench: Bench) -> None:
    async with bench.asking(held()) as (_, request):
        with pytest.raises(ApprovalError, match="note"):
            await bench.desk.vote(request.id, GRACE, approves=True, note="x" * (NOTE_CHARACTERS + 1))
    with pytest.raises(ApprovalError, match="no request"):
        await bench.desk.vote("nothing", GRACE, approves=True)


async def test_time_that_runs_out_is_a_refusal(bench: Bench) -> None:
    answer = await bench.desk.resolve(held(seconds=0), bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "in time" in answer.reason
    assert bench.recorder.events[-1].detail["outcome"] == "expired"
    assert bench.desk.list() == ()
    assert [request.state for request in bench.told.over] == [ApprovalState.EXPIRED]


async def test_after_its_time_nobody_can_approve_it(bench: Bench) -> None:
    request = await bench.asked(held(seconds=60))
    bench.now[0] = timedelta(seconds=61)
    with pytest.raises(ApprovalError, match="its time is over"):
        await bench.desk.vote(request.id, GRACE, approves=True)
    assert "approval.voted" not in bench.said()


async def test_an_approval_that_nobody_used_in_time_is_gone(bench: Bench) -> None:
    request = await bench.asked(held(seconds=60))
    await bench.desk.vote(request.id, GRACE, approves=True)
    bench.now[0] = timedelta(seconds=61)
    async with bench.asking(held()) as (asked, another):
        assert another.id != request.id
        assert not asked.done()


async def test_an_approval_waits_for_a_client_that_went_away(bench: Bench) -> None:
    request = await bench.asked(held())
    await bench.desk.vote(request.id, GRACE, approves=True)
    answer = await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert answer.outcome is Outcome.ALLOW
    assert request.id in answer.reason


@pytest.mark.parametrize(
    "other",
    [held("create table y"), held(digest="other"), held(meaning="c2"), held(policy="v2"), held(count=2)],
    ids=["another text", "other parameters", "another catalog", "another policy", "another rule's count"],
)
async def test_an_approval_is_for_nothing_else(bench: Bench, other: Held) -> None:
    request = await bench.asked(held())
    await bench.desk.vote(request.id, GRACE, approves=True)
    async with bench.asking(other) as (asked, another):
        assert another.id != request.id
        assert not asked.done()


async def test_two_who_wait_for_the_same_do_not_share_one_approval(bench: Bench) -> None:
    async with bench.asking(held()) as (first, request), bench.asking(held()) as (second, same):
        assert same.id == request.id
        await bench.desk.vote(request.id, GRACE, approves=True)
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        again = await bench.heard.get()
        assert again.request != request.id
        assert first.done() != second.done()


async def test_a_vote_that_cannot_be_recorded_does_not_count(bench: Bench) -> None:
    async with bench.asking(held()) as (asked, request):
        bench.recorder.full = True
        with pytest.raises(LedgerUnavailableError):
            await bench.desk.vote(request.id, GRACE, approves=True)
        assert bench.shown(request).votes == ()
        assert not asked.done()


async def test_enough_votes_are_enough_although_the_one_that_made_it_so_came_to_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate, or the ledger, may fail between the last vote and what follows from it: the next vote must not be one too many."""
    append = bench.recorder.append

    def failing(event: Event) -> Receipt:
        if event.type is EventType.APPROVAL_RESOLVED:
            raise LedgerUnavailableError
        return append(event)

    async with bench.asking(held()) as (asked, request):
        with monkeypatch.context() as patch:
            patch.setattr(bench.recorder, "append", failing)
            with pytest.raises(LedgerUnavailableError):
                await bench.desk.vote(request.id, GRACE, approves=True)
        assert bench.shown(request).state is ApprovalState.PENDING  # counted, and not in the ledger: it is not approved
        more = (bench.desk.vote(request.id, Voter(subject=f"dba{n}", groups=DBA), approves=True) for n in range(3))
        await asyncio.gather(*more, return_exceptions=True)
        assert (await asked).outcome is Outcome.ALLOW
    assert bench.said().count("approval.resolved") == 1


async def test_a_refusal_counted_while_the_approval_is_written_down_is_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: this one has enough votes and writes to the ledger, the other has just counted a veto and gone no further."""
    append, other = bench.recorder.append, bench.beside()

    def meanwhile(event: Event) -> Receipt:
        if event.detail.get("outcome") == "approved":
            sealed = other.records.vote(request.id, Vote(subject="x", approves=False, note="no", at=request.asked), "x")
            assert other.store.vote(request.id, sealed, now=request.asked) is not None
        return append(event)

    async with bench.asking(held()) as (asked, request):
        monkeypatch.setattr(bench.recorder, "append", meanwhile)
        await bench.desk.vote(request.id, GRACE, approves=True)
        assert (await asked).outcome is Outcome.DENY
    assert bench.shown(request).state is ApprovalState.DENIED


@pytest.mark.parametrize("note", ["\x1b[2J", "a\u202eb", "\u200b"])
async def test_a_note_steers_nobodys_terminal(bench: Bench, note: str) -> None:
    async with bench.asking(held()) as (_, request):
        with pytest.raises(ApprovalError, match="cannot be seen"):
            await bench.desk.vote(request.id, GRACE, approves=False, note=note)
        await bench.desk.vote(request.id, GRACE, approves=False, note="not\ttoday\nnor é")


async def test_a_refusal_that_cannot_be_recorded_is_a_refusal_all_the_same(bench: Bench) -> None:
    async with bench.asking(held(seconds=1)) as (asked, _):
        bench.recorder.full = True
        assert (await asked).outcome is Outcome.DENY
    assert "approval.resolved" not in bench.said()


async def test_what_cannot_be_recorded_is_not_even_asked(bench: Bench) -> None:
    bench.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert bench.desk.list() == ()
    assert bench.told.announced == []


async def test_one_pass_cannot_tire_people_with_requests(bench: Bench) -> None:
    for number in range(MOST.of_a_pass):
        await bench.asked(held(f"create table t{number}"))
    tried = Tried(Preview(rows=1))
    answer = await bench.desk.resolve(held("one more", preview=tried), bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "wait for approval already" in answer.reason
    assert tried.times == 0


async def test_a_store_that_cannot_be_used_is_a_refusal(bench: Bench) -> None:
    bench.database.path.unlink()
    answer = await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "nobody can be asked" in answer.reason
    with pytest.raises(StoreError):
        bench.desk.list()


# -- the preview ----------------------------------------------------------------------------------------------------------


async def test_what_was_previewed_is_the_most_that_may_happen_and_part_of_what_is_agreed_to(bench: Bench) -> None:
    tried = Tried(Preview(rows=214, columns=("id",), samples=(("1",),)))
    async with bench.asking(held(preview=tried)) as (asked, request):
        assert (request.cap, request.preview) == (214, tried.preview)
        await bench.desk.vote(request.id, GRACE, approves=True)
        answer = await asked
    assert MaxRows(limit=214, rule="ddl") in answer.obligations
    assert bench.recorder.events[0].detail["cap"] == 214
    again = Tried(Preview(rows=215))
    async with bench.asking(held(preview=again)) as (_, another):
        assert another.binding_sha256 != request.binding_sha256


async def test_an_approval_found_later_keeps_its_cap_and_nothing_is_tried_again(bench: Bench) -> None:
    tried = Tried(Preview(rows=3))
    request = await bench.asked(held(preview=tried))
    await bench.desk.vote(request.id, GRACE, approves=True)
    tried.preview = Preview(rows=4000)
    answer = await bench.desk.resolve(held(preview=tried), bench.heard.put_nowait)
    assert MaxRows(limit=3, rule="ddl") in answer.obligations
    assert tried.times == 1


async def test_without_a_preview_people_are_told_why_and_there_is_no_cap(bench: Bench) -> None:
    request = await bench.asked(held(preview=Tried(Preview(why="it runs code"))))
    assert (request.cap, request.preview.why) == (None, "it runs code")
    assert (await bench.asked(held("prompt"))).preview.why == "there is none for this kind of request"


async def test_a_rule_that_needs_a_preview_is_a_refusal_without_one(bench: Bench) -> None:
    for preview in (Tried(Preview(why="it runs code")), None):
        answer = await bench.desk.resolve(held(preview=preview, mode=PreviewMode.REQUIRED), bench.heard.put_nowait)
        assert answer.outcome is Outcome.DENY
        assert "the rule wants a preview" in answer.reason
    assert bench.desk.list() == ()


async def test_a_rule_that_wants_no_preview_gets_none(bench: Bench) -> None:
    tried = Tried(Preview(rows=1))
    request = await bench.asked(held(preview=tried, mode=PreviewMode.NEVER))
    assert (tried.times, request.cap, request.preview.why) == (0, None, "the rule wants none")


async def test_nobody_is_bothered_with_what_another_rule_would_roll_back(bench: Bench) -> None:
    asked = held(preview=Tried(Preview(rows=101)), obligations=(MaxRows(limit=100, rule="big"),))
    answer = await bench.desk.resolve(asked, bench.heard.put_nowait)
    assert answer.outcome is Outcome.DENY
    assert "more than the 100 rows" in answer.reason
    assert "101" not in answer.reason  # how many there are is not for whoever asks


async def test_the_same_asked_for_while_it_is_tried_out_is_one_request(bench: Bench) -> None:
    go = asyncio.Event()

    async def slow() -> Preview:
        await go.wait()
        return Preview(rows=1)

    tasks = [asyncio.create_task(bench.desk.resolve(held(preview=slow), bench.heard.put_nowait)) for _ in range(2)]
    go.set()
    first, second = await bench.heard.get(), await bench.heard.get()
    assert first.request == second.request
    assert len(bench.desk.list()) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# -- restarts, and other workers ------------------------------------------------------------------------------------------


async def test_a_request_outlives_the_process_with_its_votes(bench: Bench) -> None:
    request = await bench.asked(held(count=2, preview=Tried(Preview(rows=7))))
    await bench.desk.vote(request.id, GRACE, approves=True, note="fine")
    await bench.desk.close()
    after = bench.beside()
    after.desk.resume()
    (shown,) = after.desk.list()
    assert shown == bench.shown(request)
    with pytest.raises(ApprovalError, match="has voted"):
        await after.desk.vote(request.id, GRACE, approves=True)
    with pytest.raises(ApprovalError, match="in their name"):
        await after.desk.vote(request.id, ADA, approves=True)
    await after.desk.vote(request.id, LINUS, approves=True)
    answer = await after.desk.resolve(held(count=2), after.heard.put_nowait)
    assert answer.outcome is Outcome.ALLOW
    assert MaxRows(limit=7, rule="ddl") in answer.obligations
    async with after.asking(held(count=2)) as (_, another):  # once
        assert another.id != request.id
    await after.desk.close()


async def test_after_a_restart_the_ledger_names_the_session_and_a_note_by_its_hash(bench: Bench) -> None:
    request = await bench.asked(held())
    after = bench.beside()
    await after.desk.vote(request.id, GRACE, approves=True, note="INC-42")
    vote, resolved = after.recorder.events
    assert (vote.detail["session"], vote.detail["pass"], vote.text) == ("s1", "pg_1", None)
    assert "INC-42" not in str(vote.detail)
    assert vote.detail["text_sha256"] == hashlib.sha256(b"INC-42").hexdigest()
    assert resolved.detail["outcome"] == "approved"


async def test_what_expired_while_nothing_ran_gets_its_end(bench: Bench) -> None:
    request = await bench.asked(held(seconds=60))
    await bench.desk.close()
    bench.now[0] = timedelta(seconds=61)
    after = bench.beside()
    after.desk.resume()
    async with asyncio.timeout(5):
        while not after.said():  # noqa: ASYNC110 - a recorder in memory tells nobody
            await asyncio.sleep(0.01)
    (event,) = after.recorder.events
    assert (event.detail["request"], event.detail["outcome"]) == (request.id, "expired")
    await after.desk.close()


async def test_another_workers_vote_reaches_whoever_waits(bench: Bench) -> None:
    other = bench.beside()
    async with bench.asking(held()) as (asked, request):
        await other.desk.vote(request.id, GRACE, approves=True)
        assert (await asked).outcome is Outcome.ALLOW
    assert bench.said() == ["approval.requested"]
    assert other.said() == ["approval.voted", "approval.resolved"]
    await other.desk.close()


async def test_two_workers_use_one_approval_once(bench: Bench) -> None:
    other = bench.beside()
    request = await bench.asked(held())
    await other.desk.vote(request.id, GRACE, approves=True)
    first = await bench.desk.resolve(held(), bench.heard.put_nowait)
    assert first.outcome is Outcome.ALLOW
    async with other.asking(held()) as (asked, another):
        assert another.id != request.id
        assert not asked.done()
    await other.desk.close()


async def test_what_another_key_sealed_can_be_approved_by_nobody_and_is_dropped(bench: Bench) -> None:
    await bench.asked(held())
    stranger = bench.beside(key=bytes(32))
    with pytest.raises(StoreError, match="not sealed with this key"):
        stranger.desk.list()
    stranger.desk.resume()
    assert stranger.desk.list() == ()


async def test_nothing_of_the_text_or_the_notes_is_on_disk_in_the_clear(bench: Bench) -> None:
    request = await bench.asked(held("create table very_secret_name", count=2))
    await bench.desk.vote(request.id, GRACE, approves=True, note="because of the audit")
    gc.collect()
    files = b"".join(path.read_bytes() for path in bench.database.path.parent.glob("state.db*"))
    assert request.id.encode() in files
    assert b"very_secret_name" not in files
    assert b"because of the audit" not in files


# -- channels -------------------------------------------------------------------------------------------------------------


async def test_channels_are_told_of_the_beginning_and_the_end_and_of_nothing_between(bench: Bench) -> None:
    async with bench.asking(held(count=2)) as (_, request):
        await bench.desk.vote(request.id, GRACE, approves=True)
        await bench.desk.vote(request.id, LINUS, approves=False)
    assert [one.id for one in bench.told.announced] == [request.id]
    assert [(one.id, one.state, len(one.votes)) for one in bench.told.over] == [(request.id, ApprovalState.DENIED, 2)]
