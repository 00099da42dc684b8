"""What may happen, why, and what must be done to what passes."""

from dataclasses import dataclass
from enum import StrEnum

from passgate.core.action import ColumnRef


class Outcome(StrEnum):
    """The verdict lattice: the strictest wins."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {Outcome.ALLOW: 0, Outcome.HOLD: 1, Outcome.DENY: 2}


class StrategyKind(StrEnum):
    REDACT = "redact"
    PARTIAL = "partial"
    HASH = "hash"
    TOKEN = "token"
    NULL = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a value is masked. ``keep_first`` and ``keep_last`` count characters and are for ``partial`` only;
    ``label`` names the type inside a token or a redaction (``EMAIL``)."""

    kind: StrategyKind
    keep_first: int = 0
    keep_last: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Mask one column wherever its value would show."""

    column: ColumnRef
    strategy: Strategy
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxRows:
    """A write that touches more rows than ``limit`` is rolled back."""

    limit: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRows:
    """A result shows at most ``limit`` rows."""

    limit: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnly:
    """The action must run where it cannot write."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Named in the event, for whoever reads the ledger to tell ``channel``. The gate itself sends nothing."""

    channel: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``mode``: ``strict`` (as of a write: intent durable before it leaves, outcome before the last byte) or ``hold-response``
    (intent durable before the first byte of the answer, as of a read). It never loosens what holds anyway."""

    mode: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A fact the session carries from now on; tags only grow."""

    tag: str
    rule: str


class PreviewMode(StrEnum):
    """Whether people are first shown what a held write would do. Its count of rows is the most that may then change."""

    REQUIRED = "required"  # without a preview it is refused
    TRY = "try"  # without one they are told why there is none, and may approve all the same
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Who may turn a hold into an allow: ``count`` distinct people of ``group`` within ``expires_seconds``."""

    group: str
    count: int
    expires_seconds: int
    preview: PreviewMode = PreviewMode.TRY


DEFAULT_APPROVERS = Approvers(group="approvers", count=1, expires_seconds=15 * 60)
"""Who is asked where a hold does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Values of text-like parts are scanned, and findings of these classes (``pii``, ``secret``) masked."""

    classes: frozenset[str]
    rule: str


Obligation = Mask | MaxRows | LimitRows | ReadOnly | Notify | Record | Tag | Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``rule``: id of the rule that set the outcome (``default-deny`` where no rule granted, ``error`` where one failed).

    ``hint``: the nearest thing that would be allowed. ``policy_version``: hash of the bundle that judged. ``fired``: ids of
    every rule that matched.
    """

    outcome: Outcome
    rule: str
    reason: str
    hint: str
    policy_version: str
    obligations: tuple[Obligation, ...] = ()
    fired: tuple[str, ...] = ()
    approvers: Approvers | None = None
