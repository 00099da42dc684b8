"""The steps of the pipeline as it knows them: Protocols, no implementation."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from passgate.core.action import Action, ColumnRef
from passgate.core.decision import DEFAULT_APPROVERS, Approvers, Decision
from passgate.core.event import Event
from passgate.core.masker import TextMasker
from passgate.core.passes import Pass
from passgate.core.session import Session
from passgate.core.shape import Plan, Shape
from passgate.core.task import Task
from passgate.pipeline.approval_desk import Preview
from passgate.pipeline.excerpt import Excerpt
from passgate.pipeline.receipt import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One bound parameter, decoded to the text the server would print; ``type`` is its type's name, empty if unknown.

    ``value`` None is NULL; ``opaque`` is True where the gate could not decode it.
    """

    value: str | None
    type: str = ""
    opaque: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a text means: one action per statement, in order.

    ``inputs_matter``: the meaning depends on bound values, so it must be asked again with them at every execution.
    ``cacheable``: False where the meaning depends on the session's own state (an open cursor). ``like``: another text's, whose
    action differs from this one's in ``text`` only, which policy does not see.
    """

    actions: tuple[Action, ...]
    inputs_matter: bool = False
    cacheable: bool = True
    like: "Understood | None" = None


class Understander(Protocol):
    """Keeps what a language must remember during one session (cursors, prepared names)."""

    @property
    def version(self) -> str:
        """Version of everything outside the text that meaning depends on (catalog, search path); part of every cache key."""

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        """Never raises for a bad text: what is not understood comes back as an incomplete action."""

    def succeeded(self, action: Action) -> None:
        """The target has carried the action out."""

    def transaction_ended(self, *, committed: bool) -> None:
        """The target's transaction is over, and what was local to it is gone."""

    def name_taken(self, kind: str, name: str) -> None:
        """The wire protocol itself gives this name of a ``prepared`` statement or a ``cursor`` to something: what was known by it
        counts no more."""

    def origin(self, container: int, part: int) -> ColumnRef | None:
        """The stored column the server names by number (table OID, attribute number); None if unknown."""

    def close(self) -> None:
        """The session is over."""


class Language(Protocol):
    """A resource's language: a factory, since understanding keeps state per session."""

    def open(self, session: Session) -> Understander: ...


class Policy(Protocol):
    """One bundle in force. A reload puts another object in its place."""

    @property
    def version(self) -> str: ...

    @property
    def stable(self) -> bool:
        """True where a decision depends on nothing but action, pass, resource and the session's tags, so that it may be kept."""

    def decide(self, action: Action, session: Session) -> Decision:
        """Pure and total: an error inside is a deny with rule ``error``."""


class PolicySource(Protocol):
    """Where the bundle in force is found at this moment."""

    @property
    def current(self) -> Policy: ...


class Planner(Protocol):
    def plan(self, action: Action, decision: Decision, shape: Shape) -> Plan:
        """One plan per result shape. A part that lineage cannot prove harmless is masked whole."""


class MaskerFactory(Protocol):
    def open(self, session: Session) -> TextMasker: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingDigest:
    """``sha256`` covers the whole stream delivered, also where ``stored`` bytes are fewer than ``bytes``."""

    sha256: str
    bytes: int
    stored: int
    chunks: int


class Recording(Protocol):
    """What the client saw, masked, in order. Bounded: past the cap only the hash goes on."""

    def write(self, channel: str, data: bytes, *, result: str = "") -> None:
        """``channel``: one of ``in`` (what the caller sent, masked), ``shape``, ``rows``, ``verdict``, ``notice``, ``end``; of a
        conversation also ``sent``, ``scan``, ``answer``, ``frame``. A line is read back as it was written, however long.

        ``result``: which one it belongs to, where several are under way at once; each is bounded by itself, until its ``end``.
        Never blocks and never holds a reference to the caller's buffer after it returns.
        """

    def close(self) -> RecordingDigest: ...


class Recorder(Protocol):
    def append(self, event: Event) -> Receipt:
        """Queue an event for the next group commit. Raises LedgerUnavailableError at once if the ledger is stopped or full."""

    def recording(self, session: Session) -> Recording: ...


class Previewer(Protocol):
    """How a held write is tried out. Called once, before people are asked."""

    async def __call__(self) -> Preview:
        """Never raises for what cannot be previewed: ``Preview.why`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One action that waits for people. ``digest``: hash of its bound parameters; ``meaning``: version of what it means by.

    ``shown``: the text as it may leave the gate, masked. ``preview``: None where the protocol has none.
    """

    action: Action
    decision: Decision
    session: Session
    digest: str = ""
    meaning: str = ""
    shown: Excerpt = field(default_factory=Excerpt)
    preview: Previewer | None = None

    @property
    def approvers(self) -> Approvers:
        return self.decision.approvers or DEFAULT_APPROVERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the one who asked is told: the request's number, whose approval it waits for, until when."""

    request: str
    group: str
    count: int
    expires: datetime


class Approvals(Protocol):
    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        """Wait for people. Returns an allow bound to this very action, or a deny that says why. Raises LedgerUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramVerifier:
    """RFC 5802 server-side keys of a pass secret; nothing in it lets one log in. ``salt`` is raw bytes."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


class Passes(Protocol):
    def find(self, pass_id: str) -> Pass | None: ...

    def verifier(self, pass_id: str) -> ScramVerifier:
        """For an unknown id a decoy, stable per id, so that timing and dialogue tell nothing."""


class Tasks(Protocol):
    """What tasks have done so far, whoever of them did it and where."""

    def open(self, pass_: Pass) -> Task:
        """The pass's task, for one more session. Raises StoreError."""

    def close(self, task: Task) -> None:
        """One session less works at it."""

    def look(self) -> None:
        """Learn what was set elsewhere; cheap enough for every decision. Raises StoreError where that cannot be known."""

    def tag(self, task: Task, tag: str) -> "asyncio.Future[None] | None":
        """Set a fact, in force here at once. Done when it is durable and in force everywhere, failed with StoreError where it will
        not be; None where it is already. What the fact is about must not be released before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What something costs a pass's budget. ``microdollars``: millionths of a US dollar."""

    requests: int = 0
    tokens: int = 0
    microdollars: int = 0


class Budgets(Protocol):
    """What each pass has spent, requests in flight included."""

    def reserve(self, pass_: Pass, expected: Spending) -> str | None:
        """Take ``expected`` off the budget; None if it fits, otherwise why not, and nothing is taken. Raises StoreError."""

    def settle(self, pass_: Pass, expected: Spending, actual: Spending) -> None:
        """Put what it really was in the place of what was reserved. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMeasured:
    """One call to a model, for spans and metrics: no content, no names of people. Times in seconds.

    ``operation``: as policy names the verb. ``conversation``: the gate's own session. ``outcome``: ``ok``, ``refused``, or what the
    outcome's event says; ``ok`` makes its models' names known, others are shown by no name. ``error``: empty where it went well,
    else the kind of failure. ``first_chunk``: until the first byte of the answer's body reached the caller, None where none did.
    ``masked``: counts by type.
    """

    operation: str
    provider: str
    resource: str
    request_model: str
    answer_model: str
    conversation: str
    outcome: str
    error: str
    started: float  # time.time()
    seconds: float
    first_chunk: float | None
    input_tokens: int | None
    output_tokens: int | None
    finish: str
    masked: Mapping[str, int]


class Telemetry(Protocol):
    def call_ended(self, call: CallMeasured) -> None:
        """Never raises, never blocks."""


class TargetQuery(Protocol):
    """How a language reads its target's catalog: one read-only query on the gate's own connection."""

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        """Rows of text cells. Raises TargetUnavailableError."""


class LanguageSource(Protocol):
    """Builds and refreshes what a language knows of one resource."""

    @property
    def language(self) -> Language: ...

    async def refresh(self) -> None:
        """Read the target anew; on failure the last snapshot stays in force. Raises TargetUnavailableError."""
