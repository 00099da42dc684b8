"""Access that nobody has standing: who may ask, who decides, what comes of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.decision import Approvers
from passgate.core.errors import (
    AccessPendingError,
    ApprovalError,
    LedgerUnavailableError,
    PassRequestError,
    StoreError,
)
from passgate.core.event import Event, EventType
from passgate.core.passes import PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity import access_desk
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_rules import AccessRule
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.access_requests import (
    MACHINE,
    AccessAsked,
    AccessRequest,
    AccessRequests,
    AccessState,
    AccessVote,
)
from passgate.pipeline.receipt import Receipt
from passgate.store.access_request_store import AccessRequestStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import Clock, until
from tests.unit.pipeline.steps import MemoryRecorder

READ, WRITE = VerbClass.READ, VerbClass.WRITE
ISSUING = IssuingRules(
    resources=frozenset({"shop", "vault"}), default_ttl=timedelta(minutes=30), max_ttl=timedelta(hours=8)
)
RULE = AccessRule(
    name="on-call",
    resources=frozenset({"shop"}),
    verbs=frozenset({READ, WRITE}),
    max_ttl=timedelta(hours=2),
    groups=frozenset({"on-call"}),
    approvers=Approvers(group="dba", count=1, expires_seconds=30 * 60),
)


def human(subject: str, *groups: str) -> Principal:
    return Principal(kind=PrincipalKind.HUMAN, subject=subject, groups=frozenset(groups))


ADA = human("ada@example.com", "on-call", "dba")
GRACE = human("grace@example.com", "dba")
LINUS = human("linus@example.com", "dba")
EVE = human("eve@example.com", "staff")
ASKED = AccessAsked(
    principal=ADA,
    resources=frozenset({"shop"}),
    verbs=frozenset({WRITE}),
    ttl=timedelta(hours=2),
    reason="INC-42",
    source=MACHINE,
)


@dataclass
class Bench:
    path: Path
    clock: Clock
    rules: list[AccessRule] = field(default_factory=lambda: [RULE])
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    opened: list[SqliteDatabase] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = self.open()
        self.registry = PassRegistry(PassStore(self.database), now=self.clock.now)
        self.desk = self.another()

    def open(self) -> SqliteDatabase:
        self.opened.append(SqliteDatabase(self.path))
        return self.opened[-1]

    def another(self, database: SqliteDatabase | None = None) -> AccessDesk:
        """A desk on the same store: another worker, or this one after a restart."""
        database = database or self.database
        return AccessDesk(
            rules=self.rules,
            store=AccessRequestStore(database),
            recorder=self.recorder,
            registry=PassRegistry(PassStore(database), now=self.clock.now),
            issuing=ISSUING,
            now=self.clock.now,
        )

    def said(self, type_: EventType) -> list[dict[str, object]]:
        return [dict(event.detail) for event in self.recorder.events if event.type is type_]


@pytest.fixture
def bench(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    bench = Bench(path=tmp_path / "state.db", clock=clock)
    yield bench
    for database in bench.opened:
        database.close()


def state(bench: Bench, request: AccessRequest) -> AccessState:
    found = bench.desk.show(request.id)
    assert found is not None
    return found.state


def test_it_is_what_the_control_api_asks(bench: Bench) -> None:
    requests: AccessRequests = bench.desk
    assert requests.list() == ()
    assert requests.show("nothing") is None


async def test_what_is_approved_becomes_one_pass_with_no_more_than_was_asked(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    assert (request.state, request.rule, request.group, request.count) == (AccessState.PENDING, "on-call", "dba", 1)
    assert request.expires == bench.clock.time + timedelta(minutes=30)
    with pytest.raises(AccessPendingError, match="waits for the approval of 1 of dba") as waiting:
        await bench.desk.take(request.id, ADA, source=MACHINE)
    assert waiting.value.request == request.id
    assert bench.registry.list(live_only=False) == ()
    bench.clock.advance(60)
    approved = await bench.desk.vote(request.id, GRACE, approves=True, note="go on")
    assert (approved.state, approved.decided) == (AccessState.APPROVED, bench.clock.time)
    bench.clock.advance(600)
    pass_ = (await bench.desk.take(request.id, ADA, source=MACHINE)).pass_
    assert (pass_.principal, pass_.resources, pass_.verbs) == (ADA, {"shop"}, {WRITE})
    assert pass_.purpose == "INC-42"
    assert pass_.expires == bench.clock.time - timedelta(minutes=10) + timedelta(hours=2), (
        "since the approval, whenever taken"
    )
    assert bench.registry.find(pass_.id) == pass_
    after = bench.desk.show(request.id)
    assert after is not None
    assert (after.state, after.pass_id) == (AccessState.ISSUED, pass_.id)
    with pytest.raises(PassRequestError, match="was used: an approval is good for one pass"):
        await bench.desk.take(request.id, ADA, source=MACHINE)
    (asked,), (voted,), (resolved,) = (
        bench.said(kind) for kind in (EventType.ACCESS_REQUESTED, EventType.ACCESS_VOTED, EventType.ACCESS_RESOLVED)
    )
    assert asked["chain"] == ["human:ada@example.com"]
    assert (asked["verbs"], asked["seconds"], asked["reason"]) == (["write"], 7200, "INC-42")
    assert (voted["by"], voted["vote"], voted["note"]) == ("grace@example.com", "approve", "go on")
    assert (resolved["outcome"], resolved["approved_by"]) == ("approved", ["grace@example.com"])
    assert len({said["asked_sha256"] for said in (asked, voted, resolved)}) == 1
    assert [event.type for event in bench.recorder.events][-1] is EventType.ACCESS_TAKEN


async def test_it_survives_a_restart_at_every_step(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.another(bench.open()).vote(request.id, GRACE, approves=True)
    assert (await bench.another(bench.open()).take(request.id, ADA, source=MACHINE)).pass_.verbs == {WRITE}
    assert state(bench, request) is AccessState.ISSUED


async def test_the_same_asked_again_is_the_same_request_until_it_is_over(bench: Bench) -> None:
    first = await bench.desk.ask(ASKED)
    assert await bench.desk.ask(replace(ASKED, principal=human("ADA@example.com", "on-call"))) == first
    assert (await bench.another(bench.open()).ask(ASKED)).id == first.id
    assert len(bench.said(EventType.ACCESS_REQUESTED)) == 1
    others = [
        replace(ASKED, verbs=frozenset({READ})),
        replace(ASKED, ttl=timedelta(hours=1)),
        replace(ASKED, reason="INC-43"),
        replace(ASKED, ticket="INC-42"),
    ]
    ids = {(await bench.desk.ask(other)).id for other in others}
    assert len(ids | {first.id}) == 5, "an approval of one is none of another"
    bench.clock.advance(30 * 60)
    assert (await bench.desk.ask(ASKED)).id != first.id


async def test_two_workers_asked_at_once_have_one_request(bench: Bench) -> None:
    """Each has looked before the other wrote: the store decides."""
    store = AccessRequestStore(bench.database)
    request = await bench.desk.ask(ASKED)
    assert store.add(replace(request, id="another"), access_desk.digest(ASKED)) == request
    assert len(bench.desk.list()) == 1


# -- who may not ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"principal": EVE}, "human:eve@example.com may not ask for write on shop; what they may ask for: nothing"),
        (
            {"resources": frozenset({"vault"})},
            r"for write on vault; what they may ask for: read, write on shop \(on-call\)",
        ),
        ({"resources": frozenset({"shop", "vault"})}, "may not ask"),
        ({"resources": frozenset({"SHOP"})}, "may not ask"),
        ({"verbs": frozenset({WRITE, VerbClass.DDL})}, "may not ask for ddl, write"),
        ({"resources": frozenset()}, "names no resource"),
        ({"verbs": frozenset()}, "names no verb"),
        ({"ttl": timedelta(hours=2, seconds=1)}, "gives 2h at most"),
        ({"ttl": timedelta(0)}, "for some time"),
        ({"ttl": timedelta(seconds=-5)}, "for some time"),
        ({"reason": " "}, r"wants a reason \(--why\)"),
        ({"reason": "x" * 501}, "longer than 500"),
        ({"reason": "a\x1b[2J"}, "cannot be printed"),
        ({"source": "company"}, "may not ask"),
        ({"source": ""}, "may not ask"),
        ({"principal": replace(ADA, kind=PrincipalKind.SERVICE)}, "may not ask"),
    ],
)
async def test_what_may_not_be_asked_for(bench: Bench, changed: dict[str, object], problem: str) -> None:
    with pytest.raises(PassRequestError, match=problem):
        await bench.desk.ask(replace(ASKED, **changed))  # type: ignore[arg-type]
    assert bench.desk.list() == ()
    assert bench.recorder.events == []


async def test_an_agent_asks_as_far_as_its_human_may(bench: Bench) -> None:
    agent = Principal(kind=PrincipalKind.AGENT, subject="grace@example.com", on_behalf_of=ADA)
    request = await bench.desk.ask(replace(ASKED, principal=agent))
    with pytest.raises(ApprovalError, match="asked for it, or it is asked for in their name"):
        await bench.desk.vote(request.id, ADA, approves=True)
    with pytest.raises(ApprovalError, match="somebody else must decide"):
        await bench.desk.vote(request.id, GRACE, approves=True)  # an agent that bears her name stands in the chain
    await bench.desk.vote(request.id, LINUS, approves=True)
    with pytest.raises(PassRequestError, match="there is no request"):
        await bench.desk.take(request.id, ADA, source=MACHINE)  # it was the agent who asked
    assert (await bench.desk.take(request.id, agent, source=MACHINE)).pass_.principal == agent
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.desk.ask(replace(ASKED, principal=replace(agent, on_behalf_of=EVE)))


async def test_named_people_may_ask_and_providers_must_be_named(bench: Bench) -> None:
    bench.rules[:] = [
        replace(RULE, groups=frozenset(), subjects=frozenset({"Eve@Example.com"}), providers=frozenset({"company"}))
    ]
    for source in (MACHINE, "company"):
        assert (await bench.desk.ask(replace(ASKED, principal=EVE, source=source))).state is AccessState.PENDING
    assert len(bench.desk.list()) == 2, "whose word it is belongs to what is asked"
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.desk.ask(replace(ASKED, principal=EVE, source="partner"))


async def test_where_there_is_but_one_provider_it_need_not_be_said(bench: Bench) -> None:
    bench.rules[:] = [replace(RULE, providers=frozenset({"company"}))]
    unsaid = replace(ASKED, source="")
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.desk.ask(unsaid)
    bench.desk._only_provider = "company"
    request = await bench.desk.ask(unsaid)
    assert request.asked.source == "company"
    assert (await bench.desk.ask(replace(ASKED, source="company"))).id == request.id
    bench.desk._only_provider = "partner"
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.desk.ask(unsaid)


@pytest.mark.parametrize(
    ("ticket", "reason", "good"),
    [
        ("INC-42", "the shop is slow", True),
        (None, "INC-42", True),
        (None, "the shop is slow", False),
        ("INC-", "x", False),
        ("xINC-42", "x", False),
        ("INC-42 ", "x", False),
        ("INC-42\nINC-43", "x", False),
    ],
)
async def test_a_ticket_where_one_is_asked_for(bench: Bench, ticket: str | None, reason: str, good: bool) -> None:
    bench.rules[:] = [replace(RULE, ticket="INC-[0-9]+")]
    asked = replace(ASKED, ticket=ticket, reason=reason)
    if good:
        assert (await bench.desk.ask(asked)).state is AccessState.PENDING
        return
    with pytest.raises(PassRequestError, match="wants a ticket that matches"):
        await bench.desk.ask(asked)


async def test_no_reason_where_none_is_asked_for(bench: Bench) -> None:
    bench.rules[:] = [replace(RULE, reason=False)]
    request = await bench.desk.ask(replace(ASKED, reason=""))
    await bench.desk.vote(request.id, GRACE, approves=True)
    assert (await bench.desk.take(request.id, ADA, source=MACHINE)).pass_.purpose == "access under the rule on-call"


async def test_of_several_rules_the_strictest_counts(bench: Bench) -> None:
    two = replace(RULE, name="two", approvers=Approvers(group="board", count=2, expires_seconds=60))
    bench.rules.append(two)
    assert (await bench.desk.ask(ASKED)).rule == "two"
    assert (await bench.desk.ask(replace(ASKED, verbs=frozenset({READ}), reason="x"))).group == "board"


async def test_nobody_tires_others_with_requests(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(access_desk.MOST_OF_ONE):
        await bench.desk.ask(replace(ASKED, reason=f"INC-{number}"))
    with pytest.raises(PassRequestError, match=r"10 requests of human:ada@example\.com wait for approval already"):
        await bench.desk.ask(replace(ASKED, reason="more"))
    monkeypatch.setattr(access_desk, "MOST", 10)
    with pytest.raises(PassRequestError, match="10 requests wait"):
        await bench.desk.ask(replace(ASKED, principal=human("bob@example.com", "on-call")))
    bench.clock.advance(30 * 60)
    assert (await bench.desk.ask(replace(ASKED, reason="more"))).state is AccessState.PENDING


# -- who decides ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voter", "note", "problem"),
    [
        (ADA, "", "ada@example.com asked for it"),
        (human("ADA@Example.com", "dba"), "", "asked for it"),
        (human("ａda@example.com", "dba"), "", "asked for it"),
        (human("mallory@example.com", "on-call"), "", "is not of the group dba"),
        (human("mallory@example.com"), "", "is not of the group dba"),
        (replace(GRACE, kind=PrincipalKind.AGENT), "", "people do"),
        (replace(GRACE, kind=PrincipalKind.SERVICE), "", "people do"),
        (GRACE, "x" * 501, "at most 500"),
    ],
)
@pytest.mark.parametrize("approves", [True, False])
async def test_whose_vote_does_not_count(
    bench: Bench, voter: Principal, note: str, problem: str, approves: bool
) -> None:
    request = await bench.desk.ask(ASKED)
    with pytest.raises(ApprovalError, match=problem):
        await bench.desk.vote(request.id, voter, approves=approves, note=note)
    assert state(bench, request) is AccessState.PENDING
    assert bench.said(EventType.ACCESS_VOTED) == []


async def test_a_vote_on_nothing(bench: Bench) -> None:
    with pytest.raises(ApprovalError, match="There is no request 'x'"):
        await bench.desk.vote("x", GRACE, approves=True)


async def test_two_people_are_two_people(bench: Bench) -> None:
    bench.rules[:] = [replace(RULE, approvers=replace(RULE.approvers, count=2))]
    request = await bench.desk.ask(ASKED)
    assert (await bench.desk.vote(request.id, GRACE, approves=True)).state is AccessState.PENDING
    for again in (GRACE, human("Grace@EXAMPLE.com", "dba")):
        with pytest.raises(ApprovalError, match="has voted on this request"):
            await bench.desk.vote(request.id, again, approves=True)
    assert (await bench.desk.vote(request.id, LINUS, approves=True)).state is AccessState.APPROVED
    with pytest.raises(ApprovalError, match="is approved: it takes no more votes"):
        await bench.desk.vote(request.id, human("third@example.com", "dba"), approves=False)


async def test_one_vote_of_one_person_also_through_two_workers_at_once(bench: Bench) -> None:
    bench.rules[:] = [replace(RULE, approvers=replace(RULE.approvers, count=2))]
    request = await bench.desk.ask(ASKED)
    other = bench.another(bench.open())
    outcomes = await asyncio.gather(
        bench.desk.vote(request.id, GRACE, approves=True),
        other.vote(request.id, GRACE, approves=True),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AccessRequest", "ApprovalError"]
    found = bench.desk.show(request.id)
    assert found is not None
    assert (found.state, len(found.votes)) == (AccessState.PENDING, 1)


class Waiting(MemoryRecorder):
    """Nothing is durable before somebody says so."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[asyncio.Future[None]] = []

    def append(self, event: Event) -> Receipt:
        self.events.append(event)
        self.held.append(asyncio.get_running_loop().create_future())
        return Receipt(event_id=f"e{len(self.events)}", durable=self.held[-1])

    def go_on(self) -> None:
        for durable in self.held:
            if not durable.done():
                durable.set_result(None)


async def test_who_votes_while_their_other_vote_is_written_has_one(bench: Bench) -> None:
    """Both were checked before either counted: the store tells them apart."""
    bench.rules[:] = [replace(RULE, approvers=replace(RULE.approvers, count=2))]
    request = await bench.desk.ask(ASKED)
    bench.recorder = recorder = Waiting()
    votes = [asyncio.create_task(bench.another().vote(request.id, GRACE, approves=True)) for _ in range(2)]
    await until(lambda: len(recorder.held) == 2)
    recorder.go_on()
    outcomes = await asyncio.gather(*votes, return_exceptions=True)
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, ApprovalError)]
    assert str(refused) == f"grace@example.com has voted on request {request.id}, or it was decided meanwhile"
    assert state(bench, request) is AccessState.PENDING


async def test_a_vote_that_comes_after_another_has_decided_does_not_count(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    bench.recorder = recorder = Waiting()
    late = asyncio.create_task(bench.another().vote(request.id, LINUS, approves=False))
    await until(lambda: len(recorder.held) == 1)
    assert (await bench.desk.vote(request.id, GRACE, approves=True)).state is AccessState.APPROVED
    recorder.go_on()
    with pytest.raises(ApprovalError, match="or it was decided meanwhile"):
        await late


async def test_one_veto_is_enough_and_asking_again_at_once_is_refused(bench: Bench) -> None:
    bench.rules[:] = [replace(RULE, approvers=replace(RULE.approvers, count=2))]
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    assert (await bench.desk.vote(request.id, LINUS, approves=False, note="not today")).state is AccessState.DENIED
    for again in (bench.desk.take(request.id, ADA, source=MACHINE), bench.desk.ask(ASKED)):
        with pytest.raises(PassRequestError, match=r"linus@example\.com has refused request \w+: not today"):
            await again
    bench.clock.advance(30 * 60)
    assert (await bench.desk.ask(ASKED)).id != request.id
    assert bench.registry.list(live_only=False) == ()


async def test_what_nobody_decides_is_denied_by_time(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    bench.clock.advance(30 * 60)
    with pytest.raises(ApprovalError, match="is expired: it takes no more votes"):
        await bench.desk.vote(request.id, GRACE, approves=True)
    with pytest.raises(PassRequestError, match="is over: ask again"):
        await bench.desk.take(request.id, ADA, source=MACHINE)
    assert await bench.desk.sweep() == 1
    assert await bench.another(bench.open()).sweep() == 0, "it is written down once"
    (resolved,) = bench.said(EventType.ACCESS_RESOLVED)
    assert resolved["outcome"] == "expired"
    assert state(bench, request) is AccessState.EXPIRED


async def test_the_sweep_goes_on_whatever_happens(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_desk, "_SWEEP_SECONDS", 0)
    request = await bench.desk.ask(ASKED)
    broken = iter([StoreError("locked"), StoreError("locked")])
    expire = bench.desk._store.expire

    def flaky(now: object) -> tuple[str, ...]:
        for error in broken:
            raise error
        return expire(bench.clock.time)

    monkeypatch.setattr(bench.desk._store, "expire", flaky)
    bench.clock.advance(30 * 60)
    bench.recorder.full = True  # what is over is over, also where the ledger cannot say so
    running = asyncio.create_task(bench.desk.run())
    await until(lambda: AccessRequestStore(bench.database).all()[0].state is AccessState.EXPIRED)
    running.cancel()
    assert state(bench, request) is AccessState.EXPIRED


async def test_an_approval_that_is_not_taken_ends_with_the_time_it_was_for(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    assert await bench.desk.ask(ASKED) == bench.desk.show(request.id)
    bench.clock.advance(2 * 60 * 60 - 1)
    assert state(bench, request) is AccessState.APPROVED
    bench.clock.advance(1)
    assert state(bench, request) is AccessState.EXPIRED
    with pytest.raises(PassRequestError, match="is over: ask again"):
        await bench.desk.take(request.id, ADA, source=MACHINE)


async def test_a_pass_taken_late_gives_no_more_time(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    begun = bench.clock.time
    bench.clock.advance(2 * 60 * 60 - 60)
    pass_ = (await bench.desk.take(request.id, ADA, source=MACHINE)).pass_
    assert pass_.expires == begun + timedelta(hours=2)
    bench.clock.advance(60)
    assert pass_.state(bench.clock.time) is PassState.EXPIRED


async def test_a_refusal_counted_while_the_approval_is_written_down_is_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes: one has enough votes and writes to the ledger, the other has just counted a refusal and gone no further."""
    request = await bench.desk.ask(ASKED)
    append, other = bench.recorder.append, AccessRequestStore(bench.open())

    def meanwhile(event: Event) -> Receipt:
        if event.detail.get("outcome") == "approved":
            refusal = AccessVote(subject="linus@example.com", approves=False, note="no", at=bench.clock.time)
            assert other.add_vote(request.id, refusal, person="linus@example.com")
        return append(event)

    monkeypatch.setattr(bench.recorder, "append", meanwhile)
    assert (await bench.desk.vote(request.id, GRACE, approves=True)).state is AccessState.DENIED
    with pytest.raises(PassRequestError, match=r"linus@example\.com has refused"):
        await bench.desk.take(request.id, ADA, source=MACHINE)


async def test_a_note_steers_nobodys_terminal(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    with pytest.raises(ApprovalError, match="cannot be seen"):
        await bench.desk.vote(request.id, GRACE, approves=False, note="\x1b[2J")


# -- taking -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asker", "source"),
    [(GRACE, MACHINE), (EVE, MACHINE), (ADA, "company"), (replace(ADA, kind=PrincipalKind.SERVICE), MACHINE)],
)
async def test_only_the_one_who_asked_takes_it(bench: Bench, asker: Principal, source: str) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    with pytest.raises(PassRequestError, match="there is no request"):
        await bench.desk.take(request.id, asker, source=source)
    assert state(bench, request) is AccessState.APPROVED


@pytest.mark.parametrize("subject", ["\uff41da@example.com", "ada@example.\u217dom"])
async def test_a_name_in_other_letters_is_given_nothing_of_hers(bench: Bench, subject: str) -> None:
    """Folded they are one, which is right where they vote; the provider has two people of these names."""
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    other = human(subject, "on-call")
    assert other.is_same(ADA)
    with pytest.raises(PassRequestError, match="there is no request"):
        await bench.desk.take(request.id, other, source=MACHINE)
    bench.rules[0] = replace(RULE, groups=frozenset(), subjects=frozenset({"Ada@example.com"}))
    named = bench.another()
    assert (await named.ask(replace(ASKED, reason="INC-43"))).state is AccessState.PENDING
    with pytest.raises(PassRequestError, match="may not ask"):
        await named.ask(replace(ASKED, reason="INC-44", principal=other))


async def test_of_two_who_take_at_once_one_gets_it(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    store = AccessRequestStore(bench.database)
    assert store.use(request.id)
    assert not store.use(request.id)
    with pytest.raises(PassRequestError, match="was used"):
        await bench.desk.take(request.id, ADA, source=MACHINE)
    assert bench.registry.list(live_only=False) == ()


async def test_somebody_else_s_use_between_look_and_take_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    monkeypatch.setattr(bench.desk._store, "use", lambda _request: False)
    with pytest.raises(PassRequestError, match="was used"):
        await bench.desk.take(request.id, ADA, source=MACHINE)
    assert bench.registry.list(live_only=False) == ()


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([], "may not ask"),
        ([replace(RULE, verbs=frozenset({READ}))], "may not ask"),
        ([replace(RULE, max_ttl=timedelta(hours=1))], "1h at most"),
        ([replace(RULE, groups=frozenset({"board"}))], "may not ask"),
        ([replace(RULE, approvers=replace(RULE.approvers, count=2))], "have changed"),
        ([replace(RULE, approvers=replace(RULE.approvers, group="board"))], "have changed"),
        ([replace(RULE, name="new")], "have changed"),
        ([RULE, replace(RULE, name="strict", approvers=replace(RULE.approvers, count=2))], "have changed"),
        ([replace(RULE, ticket="OPS-[0-9]+")], "wants a ticket"),
    ],
)
async def test_the_rules_are_asked_again_when_it_is_taken(bench: Bench, rules: list[AccessRule], problem: str) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    bench.rules[:] = rules
    with pytest.raises(PassRequestError, match=problem):
        await bench.another().take(request.id, ADA, source=MACHINE)
    assert state(bench, request) is AccessState.APPROVED
    assert bench.registry.list(live_only=False) == ()


async def test_who_has_left_the_group_meanwhile_gets_nothing(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.desk.take(request.id, human("ada@example.com", "dba"), source=MACHINE)


# -- the ledger -------------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_recorded_is_not_asked(bench: Bench) -> None:
    bench.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await bench.desk.ask(ASKED)
    assert bench.desk.list() == ()


async def test_a_vote_that_cannot_be_recorded_does_not_count(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    bench.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await bench.desk.vote(request.id, GRACE, approves=True)
    bench.recorder.full = False
    found = bench.desk.show(request.id)
    assert found is not None
    assert found.votes == ()


class Stopping(MemoryRecorder):
    """Takes what it is told and then nothing more."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self.takes = takes

    def append(self, event):  # type: ignore[no-untyped-def]
        self.full = len(self.events) >= self.takes
        return super().append(event)


async def test_an_approval_counts_once_the_ledger_has_it(bench: Bench) -> None:
    """The vote is written, the outcome is not: nothing is given, until it can be written when the pass is taken."""
    bench.recorder = Stopping(2)
    desk = bench.another()
    request = await desk.ask(ASKED)
    with pytest.raises(LedgerUnavailableError):
        await desk.vote(request.id, GRACE, approves=True)
    assert state(bench, request) is AccessState.PENDING
    with pytest.raises(LedgerUnavailableError):
        await desk.take(request.id, ADA, source=MACHINE)
    assert bench.registry.list(live_only=False) == ()
    bench.recorder.takes = 99
    assert (await desk.take(request.id, ADA, source=MACHINE)).pass_.verbs == {WRITE}
    assert [event.type for event in bench.recorder.events][2:] == [EventType.ACCESS_RESOLVED, EventType.ACCESS_TAKEN]


async def test_a_refusal_that_cannot_be_recorded_is_a_refusal_all_the_same(bench: Bench) -> None:
    bench.recorder = Stopping(2)
    desk = bench.another()
    request = await desk.ask(ASKED)
    assert (await desk.vote(request.id, GRACE, approves=False)).state is AccessState.DENIED


async def test_what_cannot_be_recorded_is_not_taken(bench: Bench) -> None:
    request = await bench.desk.ask(ASKED)
    await bench.desk.vote(request.id, GRACE, approves=True)
    bench.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await bench.desk.take(request.id, ADA, source=MACHINE)
    assert bench.registry.list(live_only=False) == ()


async def test_a_request_that_is_gone_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    request = await bench.desk.ask(ASKED)
    found = iter([request])
    monkeypatch.setattr(bench.desk._store, "find", lambda _id: next(found, None))
    with pytest.raises(StoreError, match="is gone from the store"):
        await bench.desk.take(request.id, ADA, source=MACHINE)
