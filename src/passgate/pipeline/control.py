"""What the control API asks of the gate: Protocols, and the shapes of what they answer.

``wiring.control`` implements them. Times are aware and in UTC. Any method may raise StoreError, or LedgerUnavailableError where
something must be recorded; what else it raises stands with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.event import Json
from passgate.core.lock import Lock, LockKind
from passgate.core.moment import Moment
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.core.resource import Resource
from passgate.pipeline.access_requests import AccessRequests
from passgate.pipeline.approval_desk import ApprovalDesk
from passgate.pipeline.exchange import Exchanged


class Role(StrEnum):
    """What somebody may do at the control API. Who has several may do what each of them may."""

    USER = "user"  # their own passes, requests and sessions
    APPROVER = "approver"  # approvals and requests: see and vote
    AUDITOR = "auditor"  # reads everything, changes nothing
    OPERATOR = "operator"  # everything but votes


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person, or a service named in ``control.services``, whose token held good. ``peer``: their address."""

    principal: Principal
    roles: frozenset[Role]
    peer: str

    @property
    def name(self) -> str:
        """As the ledger has it: ``human:ada@example.com``."""
        return str(self.principal)

    def owns(self, principal: Principal) -> bool:
        """Whether it is the caller, or somebody who acts for them, however many links down: what they may see, and end.

        A person of the same name at another provider is another one.
        """
        issuer = self.principal.claims.get("iss")
        return any(
            link.is_spelt_as(self.principal) and link.claims.get("iss", issuer) == issuer for link in principal.links()
        )

    def may_be(self, principal: Principal) -> bool:
        """The same for what nobody may do for themselves: in doubt they are."""
        return any(link.is_same(self.principal) for link in principal.links())


@dataclass(frozen=True, slots=True, kw_only=True)
class PassAsked:
    """``ttl`` None: the default of the configuration."""

    principal: Principal
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    purpose: str
    ticket: str | None = None
    ttl: timedelta | None = None
    budget: Budget | None = None


class PassDesk(Protocol):
    def list(self) -> Sequence[Pass]: ...

    def find(self, pass_id: str) -> Pass | None: ...

    def issue(self, asked: PassAsked, *, actor: str) -> Exchanged:
        """Raises PassRequestError."""

    async def revoke(self, pass_id: str, *, actor: str) -> Pass | None:
        """For good; live sessions under it end. None if there is no such pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session, live or over. ``closed`` None: it lives, or its gate died with it. ``pass_id`` leads to whose it is.

    ``counters``: of a live one those of ``core.Session``; of one that is over ``allowed``, ``refused``, ``rows``, ``tokens``.
    """

    id: str
    live: bool
    pass_id: str
    principal: str
    on_behalf_of: str | None
    purpose: str
    resource: str
    opened: datetime
    closed: datetime | None
    peer: str
    tags: tuple[str, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A session's recording. ``recorded`` False: what the client saw was erased or never stored, and the log alone tells."""

    recorded: bool
    moments: Sequence[Moment]


class SessionDesk(Protocol):
    """Of every gate on the same state folder. Raises LedgerCorruptError besides."""

    async def live(self) -> Sequence[SessionView]: ...

    async def over(self, *, most: int) -> Sequence[SessionView]:
        """The newest that have ended, as the ledger tells."""

    async def find(self, session_id: str) -> SessionView | None: ...

    async def kill(self, session_id: str, *, actor: str) -> bool:
        """False if no gate has it."""

    async def play(self, session_id: str) -> Played | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LockAsked:
    """``ttl`` None: until somebody lifts it."""

    kind: LockKind
    target: str
    reason: str
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockMade:
    """``live_passes``: how many passes it keeps out that were good until now. With none, a subject may be mistyped."""

    lock: Lock
    live_passes: int


class LockDesk(Protocol):
    def list(self) -> Sequence[Lock]: ...

    async def set(self, asked: LockAsked, *, actor: str) -> LockMade:
        """Live sessions that it reaches end. Raises LockError where there is no such pass or resource."""

    async def lift(self, lock_id: str, *, actor: str) -> bool:
        """False if there is no such lock."""

    def against(self, principal: Principal) -> Lock | None:
        """The lock that keeps this very principal out, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """A registered agent: what it may ever be given, until when."""

    name: str
    purpose: str
    owner: str | None
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """``rules``: ids, in order. ``upload``: whether a bundle may be activated here."""

    version: str
    packs: tuple[str, ...]
    rules: tuple[str, ...]
    upload: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """One text to be judged on a configured resource. ``params``: bound values by position, None for NULL."""

    resource: str
    text: str
    principal: Principal
    params: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerdict:
    """``verdict``: ``allow``, ``mask``, ``approve`` or ``deny``."""

    verdict: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProblem:
    """``place``: ``file:line:column`` of the bundle; ``remedy`` may be empty."""

    place: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """With ``problems`` there is no ``version`` and nothing was judged."""

    version: str | None
    problems: tuple[PolicyProblem, ...]
    verdicts: tuple[CaseVerdict, ...]


class StalePolicyError(Exception):
    """Another bundle is in force than the one to be replaced."""


class PolicyDesk(Protocol):
    def current(self) -> PolicyInForce: ...

    async def dry_run(self, bundle: str, cases: Sequence[PolicyCase]) -> DryRun:
        """What the bundle would mean in the place of the configured ones. Raises PolicyError for a case that cannot be judged."""

    async def activate(self, bundle: str, *, replaces: str, actor: str) -> DryRun:
        """Take the bundle in the place of version ``replaces``, for every gate; what was in force is kept beside.

        Raises StalePolicyError, and PolicyError where it cannot be written. With problems nothing has changed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """None: whatever. ``since`` is included, ``until`` is not."""

    type: str | None = None
    actor: str | None = None
    session: str | None = None
    log: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """``body``: the leaf's JSON as it was hashed."""

    id: str
    log: str
    index: int
    type: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEvent:
    """``leaf``: the very bytes that were hashed; ``proof``: C2SP tlog-proof; ``key``: the log's public key (C2SP signed note)."""

    event: LedgerEvent
    leaf: str
    proof: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to go on reading: entry ``index`` of ``log``."""

    log: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPage:
    """``rest`` None: that was all. A page may be short, even empty, with a rest: looking is bounded too."""

    events: tuple[LedgerEvent, ...]
    rest: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimChecked:
    name: str
    claim: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """``sizes``: sealed entries by log; ``heads``: each log's signed head."""

    passed: bool
    claims: tuple[ClaimChecked, ...]
    sizes: Mapping[str, int]
    heads: Mapping[str, str]


class LedgerDesk(Protocol):
    """Raises LedgerCorruptError besides."""

    async def events(self, wanted: EventFilter, *, start: Place | None, most: int) -> EventsPage: ...

    async def event(self, event_id: str) -> ProvenEvent | None: ...

    async def verify(self) -> Verification | None:
        """None: one is under way already."""


class KeyState(StrEnum):
    """What is known of an idempotency key that has no answer."""

    NEW = "new"  # it is now the caller's, and under way
    UNDER_WAY = "under way"  # or its gate died over it: nobody knows
    OTHER = "other"  # it was used for another request


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedKey:
    """``route``: the operation's id; ``digest``: SHA-256 of path and body."""

    caller: str
    route: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """JSON that may be given again: no secret is in it."""

    status: int
    body: bytes


class IdempotencyKeys(Protocol):
    """One row for each key of a caller and route, for 24 hours."""

    def begin(self, used: UsedKey) -> KeyState | KeptAnswer:
        """Of several at once one is told NEW."""

    def finish(self, used: UsedKey, answer: KeptAnswer) -> None: ...

    def forget(self, used: UsedKey) -> None:
        """Nothing came of it: the key may be used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """Everything at once, as the endpoint is given it. What is None is not served."""

    resources: tuple[Resource, ...]
    agents: tuple[AgentView, ...]
    passes: PassDesk
    sessions: SessionDesk
    locks: LockDesk
    policies: PolicyDesk
    ledger: LedgerDesk
    keys: IdempotencyKeys
    approvals: ApprovalDesk | None = None
    requests: AccessRequests | None = None
