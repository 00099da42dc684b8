"""A gate that only remembers what it was asked, and its admin server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.api.access_messages import (
    AccessAnswer,
    AccessGranted,
    AccessInfo,
    AccessListed,
    AccessMessage,
    AccessShown,
    AccessVoteInfo,
    AskAccess,
    ListAccess,
    TakeAccess,
    VoteAccess,
)
from passgate.api.messages import ApprovalInfo, CatalogsRefreshed, GateStatus, PolicyReloaded, PreviewInfo
from passgate.api.server import AdminServer
from passgate.core.action import VerbClass
from passgate.core.errors import ApprovalError, PassRequestError, PolicyError, TargetUnavailableError
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_session(session_id: str = "s1") -> Session:
    pass_ = Pass(
        id="pg_1",
        principal=Principal(
            kind=PrincipalKind.AGENT,
            subject="reporter",
            on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com"),
        ),
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="weekly\nreport",
        ticket=None,
        issued=NOW,
        expires=NOW + timedelta(minutes=30),
    )
    resource = Resource(name="shop", kind="postgres")
    return Session(id=session_id, pass_=pass_, resource=resource, opened=NOW, peer="192.0.2.1", counters={"actions": 3})


def make_request(request_id: str = "r1", *, state: str = "pending", text: str = "DROP INDEX i") -> ApprovalInfo:
    return ApprovalInfo(
        id=request_id,
        state=state,
        binding_sha256="ab" * 32,
        session="s1",
        chain=("agent:reporter", "human:ada@example.com"),
        purpose="weekly\nreport",
        ticket="INC-42",
        resource="shop",
        verb="drop",
        atoms=("drop index:public.i",),
        text=text,
        shown=text,
        inputs={"1": "x", "2": None},
        rule="ddl",
        reason="DDL in production.",
        policy="c0ffee",
        group="dba",
        count=2,
        preview=PreviewInfo(
            rows=214,
            why="",
            columns=("id", "email"),
            samples=(("1", "a***"), ("2", None)),
            notes=("sequences move on",),
        ),
        asked=NOW,
        expires=NOW + timedelta(minutes=15),
        votes=(),
    )


def make_access_request(request_id: str = "a1", *, state: str = "pending") -> AccessInfo:
    return AccessInfo(
        id=request_id,
        state=state,
        chain=("human:ada@example.com",),
        source="unix",
        resources=("shop",),
        verbs=("read", "write"),
        seconds=7200,
        reason="INC-42: \u0456ncident",
        ticket="INC-42",
        rule="on-call",
        group="dba",
        count=2,
        at=NOW,
        expires=NOW + timedelta(minutes=30),
        decided=None,
        pass_id=None,
        votes=(AccessVoteInfo(subject="grace@example.com", approves=True, note="fine", at=NOW),),
    )


@dataclass
class Gate:
    """Implements Control."""

    live: dict[str, Session] = field(default_factory=lambda: {"s1": make_session(), "s2": make_session("s2")})
    calls: list[tuple[object, ...]] = field(default_factory=list)
    policy_is_bad: bool = False
    requests: dict[str, ApprovalInfo] = field(default_factory=dict)
    access_requests: dict[str, AccessInfo] = field(default_factory=dict)

    def status(self) -> GateStatus:
        return GateStatus(
            version="0",
            implementation="python",
            pid=1,
            node="gate",
            worker=0,
            started=NOW,
            sessions=len(self.live),
            resources=("shop",),
            policy_version="abc",
            ledger="ok",
        )

    def sessions(self) -> tuple[Session, ...]:
        return tuple(self.live.values())

    async def kill(self, session_id: str, *, actor: str) -> bool:
        self.calls.append(("kill", session_id, actor))
        return self.live.pop(session_id, None) is not None

    async def cancel(self, process_id: int, key: bytes) -> bool:
        self.calls.append(("cancel", process_id, key))
        return (process_id, key) == (7, b"right")

    async def revoked(self, pass_ids: frozenset[str]) -> int:
        self.calls.append(("revoked", pass_ids))
        ended = [s for s in self.live.values() if s.pass_.id in pass_ids]
        for session in ended:
            del self.live[session.id]
        return len(ended)

    async def locked(self) -> int:
        self.calls.append(("locked",))
        return len(self.live)

    async def reload_policy(self, *, actor: str) -> PolicyReloaded:
        self.calls.append(("reload", actor))
        if self.policy_is_bad:
            raise PolicyError("rules.yaml:3: no such attribute")
        return PolicyReloaded(version="def", changed=True)

    async def refresh_catalog(self, resource: str | None, *, actor: str) -> CatalogsRefreshed:
        self.calls.append(("refresh", resource, actor))
        if resource == "down":
            raise TargetUnavailableError("down cannot be reached")
        return CatalogsRefreshed(versions={resource or "all": "7"})

    async def access(self, request: AccessMessage, *, actor: str) -> AccessAnswer:
        self.calls.append(("access", request, actor))
        match request:
            case ListAccess():
                return AccessListed(requests=tuple(self.access_requests.values()))
            case TakeAccess():
                if request.request not in self.access_requests:
                    raise PassRequestError("there is no such request of yours")
                return AccessGranted(pass_id="pg_1", secret="pgs_x", resources=("shop",), expires=NOW)
            case VoteAccess():
                state = "approved" if request.approves else "denied"
                return AccessShown(request=self.access_requests[request.request].model_copy(update={"state": state}))
            case AskAccess():
                return AccessShown(request=make_access_request())

    def approvals(self, *, actor: str) -> tuple[ApprovalInfo, ...]:
        self.calls.append(("approvals", actor))
        return tuple(self.requests.values())

    async def vote(self, request: str, *, approves: bool, note: str, actor: str) -> ApprovalInfo | None:
        self.calls.append(("vote", request, approves, note, actor))
        if note == "mine":
            raise ApprovalError("somebody else must decide")
        found = self.requests.get(request)
        return found and found.model_copy(update={"state": "approved" if approves else "denied"})


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate-0.sock"


@pytest.fixture
async def server(gate: Gate, path: Path) -> AsyncIterator[AdminServer]:
    server = AdminServer(path=path, control=gate)
    await server.start()
    yield server
    await server.close()


async def blocking(call: Callable[[], object]) -> object:
    """The client blocks, the server runs on the loop: so the client goes into a thread."""
    return await asyncio.to_thread(call)
