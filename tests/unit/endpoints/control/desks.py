"""What the control API asks, answered from memory: the smallest honest implementations."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.errors import ApprovalError, LockError, PassRequestError, PolicyError
from passgate.core.event import Json
from passgate.core.lock import Lock, LockKind
from passgate.core.moment import Moment
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.pipeline.access_requests import AccessAsked, AccessRequest, AccessState, AccessVote
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState, Preview, Vote, Voter
from passgate.pipeline.control import (
    AgentView,
    CaseVerdict,
    ClaimChecked,
    ControlPlane,
    DryRun,
    EventFilter,
    EventsPage,
    IdempotencyKeys,
    KeptAnswer,
    KeyState,
    LedgerEvent,
    LockAsked,
    LockMade,
    PassAsked,
    Place,
    Played,
    PolicyCase,
    PolicyInForce,
    PolicyProblem,
    ProvenEvent,
    SessionView,
    StalePolicyError,
    UsedKey,
    Verification,
)
from passgate.pipeline.exchange import Exchanged
from tests.unit.endpoints.control.tokens import human

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
SECRET = "pgs_never-kept-anywhere"
VERSION = "a" * 64
_COUNT = itertools.count(100)


def agent_of(subject: str) -> Principal:
    return Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=human(subject))


def make_pass(pass_id: str, principal: Principal) -> Pass:
    return Pass(
        id=pass_id,
        principal=principal,
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="weekly report",
        ticket="OPS-1",
        issued=NOW,
        expires=NOW + timedelta(minutes=30),
    )


@dataclass
class Passes:
    kept: dict[str, Pass] = field(default_factory=dict)
    asked: list[PassAsked] = field(default_factory=list)

    def add(self, pass_: Pass) -> None:
        self.kept[pass_.id] = pass_

    def list(self) -> Sequence[Pass]:
        return tuple(self.kept.values())

    def find(self, pass_id: str) -> Pass | None:
        return self.kept.get(pass_id)

    def issue(self, asked: PassAsked, *, actor: str) -> Exchanged:
        if "shop" not in asked.resources:
            raise PassRequestError("The pass cannot be issued: there is no such resource")
        self.asked.append(asked)
        pass_ = replace(make_pass(f"pg_{next(_COUNT)}", asked.principal), budget=asked.budget)
        self.add(pass_)
        return Exchanged(pass_=pass_, secret=SECRET)

    async def revoke(self, pass_id: str, *, actor: str) -> Pass | None:
        found = self.kept.get(pass_id)
        if found is not None:
            self.kept[pass_id] = found = replace(found, revoked=found.revoked or NOW)
        return found


def make_session(session_id: str, pass_: Pass, *, live: bool = True) -> SessionView:
    behind = pass_.principal.on_behalf_of
    return SessionView(
        id=session_id,
        live=live,
        pass_id=pass_.id,
        principal=str(pass_.principal),
        on_behalf_of=None if behind is None else str(behind),
        purpose="weekly report",
        resource="shop",
        opened=NOW,
        closed=None if live else NOW + timedelta(minutes=1),
        peer="127.0.0.1:1",
        tags=("sensitive-read",),
        counters={"rows": 3},
    )


@dataclass
class Sessions:
    kept: dict[str, SessionView] = field(default_factory=dict)
    killed: list[tuple[str, str]] = field(default_factory=list)
    moments: Sequence[Moment] = ()

    def add(self, session: SessionView) -> None:
        self.kept[session.id] = session

    async def live(self) -> Sequence[SessionView]:
        return [one for one in self.kept.values() if one.live]

    async def over(self, *, most: int) -> Sequence[SessionView]:
        return [one for one in self.kept.values() if not one.live][:most]

    async def find(self, session_id: str) -> SessionView | None:
        return self.kept.get(session_id)

    async def kill(self, session_id: str, *, actor: str) -> bool:
        found = self.kept.get(session_id)
        if found is None or not found.live:
            return False
        self.killed.append((session_id, actor))
        return True

    async def play(self, session_id: str) -> Played | None:
        return Played(recorded=True, moments=self.moments) if session_id in self.kept else None


@dataclass
class Locks:
    kept: dict[str, Lock] = field(default_factory=dict)

    def add(self, lock_id: str, kind: LockKind = LockKind.HUMAN, target: str = "mallory@example.com") -> None:
        self.kept[lock_id] = Lock(id=lock_id, kind=kind, target=target, reason="incident", actor="unix:root", at=NOW)

    def list(self) -> Sequence[Lock]:
        return tuple(self.kept.values())

    async def set(self, asked: LockAsked, *, actor: str) -> LockMade:
        if asked.target == "nobody":
            raise LockError("There is nobody of that name")
        lock = Lock(
            id=f"lock{next(_COUNT)}",
            kind=asked.kind,
            target=asked.target,
            reason=asked.reason,
            actor=actor,
            at=NOW,
            until=None if asked.ttl is None else NOW + asked.ttl,
        )
        self.kept[lock.id] = lock
        return LockMade(lock=lock, live_passes=2)

    async def lift(self, lock_id: str, *, actor: str) -> bool:
        return self.kept.pop(lock_id, None) is not None

    def against(self, principal: Principal) -> Lock | None:
        found = (
            one for one in self.list() if (one.kind.value, one.target) == (principal.kind.value, principal.subject)
        )
        return next(found, None)


@dataclass
class Policies:
    version: str = VERSION
    upload: bool = True
    asked: list[tuple[str, Sequence[PolicyCase]]] = field(default_factory=list)

    def current(self) -> PolicyInForce:
        return PolicyInForce(version=self.version, packs=("postgres-safe",), rules=("a", "b"), upload=self.upload)

    async def dry_run(self, bundle: str, cases: Sequence[PolicyCase]) -> DryRun:
        self.asked.append((bundle, cases))
        if bundle == "broken":
            problem = PolicyProblem(place="bundle.yaml:1:1", what="is no mapping", remedy="write rules:")
            return DryRun(version=None, problems=(problem,), verdicts=())
        if any(case.resource == "nowhere" for case in cases):
            raise PolicyError("Case 1: there is no resource 'nowhere'")
        verdicts = tuple(CaseVerdict(verdict="deny", rule="default-deny", reason="no rule grants it") for _ in cases)
        return DryRun(version="b" * 64, problems=(), verdicts=verdicts)

    async def activate(self, bundle: str, *, replaces: str, actor: str) -> DryRun:
        if bundle == "read-only":
            raise PolicyError("The bundle cannot be written: Read-only file system")
        found = await self.dry_run(bundle, ())
        if found.problems:
            return found
        if replaces != self.version:
            raise StalePolicyError
        self.version = "b" * 64
        return found


@dataclass
class LedgerDesk:
    kept: list[LedgerEvent] = field(default_factory=list)
    wanted: list[EventFilter] = field(default_factory=list)
    verifying: bool = False

    def add(self, event_id: str) -> None:
        index = len(self.kept)
        body: dict[str, Json] = {"id": event_id, "type": "pass.issued", "detail": {"pass": "pg_1"}}
        self.kept.append(LedgerEvent(id=event_id, log="gate-w0", index=index, type="pass.issued", body=body))

    async def events(self, wanted: EventFilter, *, start: Place | None, most: int) -> EventsPage:
        self.wanted.append(wanted)
        begin = 0 if start is None else start.index
        rest = Place(log="gate-w0", index=begin + most) if begin + most < len(self.kept) else None
        return EventsPage(events=tuple(self.kept[begin : begin + most]), rest=rest)

    async def event(self, event_id: str) -> ProvenEvent | None:
        found = next((one for one in self.kept if one.id == event_id), None)
        return None if found is None else ProvenEvent(event=found, leaf="{}", proof="c2sp.org/tlog-proof@v1", key="k")

    async def verify(self) -> Verification | None:
        if self.verifying:
            return None
        claim = ClaimChecked(name="C1", claim="no event is missing", verdict="PASS", reason="all there")
        return Verification(passed=True, claims=(claim,), sizes={"gate-w0": len(self.kept)}, heads={"gate-w0": "head"})


@dataclass
class Keys:
    kept: dict[tuple[str, str, str], tuple[str, KeptAnswer | None]] = field(default_factory=dict)

    def begin(self, used: UsedKey) -> KeyState | KeptAnswer:
        name = (used.caller, used.route, used.key)
        if name not in self.kept:
            self.kept[name] = (used.digest, None)
            return KeyState.NEW
        digest, answer = self.kept[name]
        if digest != used.digest:
            return KeyState.OTHER
        return KeyState.UNDER_WAY if answer is None else answer

    def finish(self, used: UsedKey, answer: KeptAnswer) -> None:
        self.kept[used.caller, used.route, used.key] = (used.digest, answer)

    def forget(self, used: UsedKey) -> None:
        del self.kept[used.caller, used.route, used.key]


def make_approval(request_id: str) -> ApprovalRequest:
    return ApprovalRequest(
        id=request_id,
        state=ApprovalState.PENDING,
        binding_sha256="c" * 64,
        session="s_ada",
        pass_id="pg_ada",
        principal=agent_of("ada@example.com"),
        chain=("agent:reporter", "human:ada@example.com"),
        purpose="weekly report",
        ticket=None,
        resource="shop",
        verb="update",
        atoms=("update public.customers.name",),
        text="UPDATE customers SET name = 'Ada Lovelace' WHERE id = $1",
        shown="UPDATE customers SET name = '***' WHERE id = $1",
        cut=0,
        inputs={"1": "815"},
        rule="hold-writes",
        reason="A write by an agent.",
        policy=VERSION,
        group="approvers",
        count=1,
        preview=Preview(rows=1, columns=("name",), samples=(("***",), (None,)), notes=("sequences do not roll back",)),
        cap=1,
        asked=NOW,
        expires=NOW + timedelta(minutes=15),
        votes=(),
    )


@dataclass
class ApprovalsDesk:
    kept: dict[str, ApprovalRequest] = field(default_factory=dict)
    voters: list[Voter] = field(default_factory=list)

    def list(self) -> tuple[ApprovalRequest, ...]:
        return tuple(self.kept.values())

    def show(self, request_id: str) -> ApprovalRequest | None:
        return self.kept.get(request_id)

    async def vote(self, request_id: str, voter: Voter, *, approves: bool, note: str = "") -> ApprovalRequest:
        found = self.kept[request_id]
        if voter.subject in {vote.subject for vote in found.votes}:
            raise ApprovalError(f"{voter.subject} has voted on this request: another person must")
        self.voters.append(voter)
        vote = Vote(subject=voter.subject, approves=approves, note=note, at=NOW)
        state = ApprovalState.APPROVED if approves else ApprovalState.DENIED
        self.kept[request_id] = found = replace(found, votes=(*found.votes, vote), state=state)
        return found


@dataclass
class AccessDesk:
    kept: dict[str, AccessRequest] = field(default_factory=dict)

    def add(self, request_id: str, principal: Principal) -> AccessRequest:
        asked = AccessAsked(
            principal=principal,
            resources=frozenset({"shop"}),
            verbs=frozenset({VerbClass.WRITE}),
            ttl=timedelta(hours=2),
            reason="INC-42",
        )
        return self._keep(request_id, asked)

    def _keep(self, request_id: str, asked: AccessAsked) -> AccessRequest:
        self.kept[request_id] = request = AccessRequest(
            id=request_id,
            asked=asked,
            rule="on-call",
            group="approvers",
            count=1,
            at=NOW,
            expires=NOW + timedelta(hours=1),
            state=AccessState.PENDING,
        )
        return request

    def list(self) -> Sequence[AccessRequest]:
        return tuple(self.kept.values())

    def show(self, request_id: str) -> AccessRequest | None:
        return self.kept.get(request_id)

    async def ask(self, asked: AccessAsked) -> AccessRequest:
        if "shop" not in asked.resources:
            raise PassRequestError("No rule lets you ask for that")
        return self._keep(f"req{next(_COUNT)}", asked)

    async def vote(self, request_id: str, voter: Principal, *, approves: bool, note: str = "") -> AccessRequest:
        found = self.kept[request_id]
        if voter.subject == found.asked.principal.subject:
            raise ApprovalError("Nobody votes on what they ask for")
        vote = AccessVote(subject=voter.subject, approves=approves, note=note, at=NOW)
        state = AccessState.APPROVED if approves else AccessState.DENIED
        self.kept[request_id] = found = replace(found, votes=(*found.votes, vote), state=state)
        return found


@dataclass
class Desks:
    """One of each, with something in it: of ada, and of grace who is another user."""

    passes: Passes = field(default_factory=Passes)
    sessions: Sessions = field(default_factory=Sessions)
    locks: Locks = field(default_factory=Locks)
    policies: Policies = field(default_factory=Policies)
    ledger: LedgerDesk = field(default_factory=LedgerDesk)
    approvals: ApprovalsDesk = field(default_factory=ApprovalsDesk)
    requests: AccessDesk = field(default_factory=AccessDesk)
    keys: IdempotencyKeys = field(default_factory=Keys)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """As in the beginning, in the same desks."""
        for kept in (self.passes.kept, self.sessions.kept, self.requests.kept, self.locks.kept, self.approvals.kept):
            kept.clear()
        self.ledger.kept.clear()
        self.policies.version = VERSION
        for name in ("ada", "grace"):
            subject = f"{name}@example.com"
            pass_ = make_pass(f"pg_{name}", agent_of(subject))
            self.passes.add(pass_)
            self.sessions.add(make_session(f"s_{name}", pass_))
            self.sessions.add(make_session(f"s_{name}_over", pass_, live=False))
            self.requests.add(f"req_{name}", human(subject))
        self.locks.add("lock1")
        self.ledger.add("ev1")
        self.ledger.add("ev2")
        self.approvals.kept["ap1"] = make_approval("ap1")

    def plane(self) -> ControlPlane:
        return ControlPlane(
            resources=(Resource(name="shop", kind="postgres", labels={"env": "prod"}), Resource(name="ai", kind="llm")),
            agents=(
                AgentView(
                    name="reporter",
                    purpose="reports",
                    owner="ada@example.com",
                    resources=("shop",),
                    verbs=("read",),
                    until=NOW + timedelta(days=30),
                ),
            ),
            passes=self.passes,
            sessions=self.sessions,
            locks=self.locks,
            policies=self.policies,
            ledger=self.ledger,
            keys=self.keys,
            approvals=self.approvals,
            requests=self.requests,
        )
