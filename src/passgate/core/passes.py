"""The pass: a short-lived, scoped grant, and the only way in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.principal import Principal


class PassState(StrEnum):
    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """principal x resources x verbs x purpose x expiry, and perhaps a budget.

    Issued, narrowed, used, expired or revoked; never renewed in place. All times are aware and in UTC.
    ``id`` is public (it is the user name of a database client); the secret is kept nowhere but as a hash.
    ``ancestors``: ids of the passes that it was delegated from, the nearest first; what ends one of them ends it too. Of the links
    of ``principal`` the first holds this pass, the next one the next ancestor, and so on; the last may hold none.
    """

    id: str
    principal: Principal
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    purpose: str
    ticket: str | None
    issued: datetime
    expires: datetime
    revoked: datetime | None = None
    budget: Budget | None = None
    ancestors: tuple[str, ...] = ()

    @property
    def lineage(self) -> tuple[str, ...]:
        """Its own id, then those of its ancestors."""
        return (self.id, *self.ancestors)

    def state(self, now: datetime) -> PassState:
        if self.revoked is not None and self.revoked <= now:
            return PassState.REVOKED
        return PassState.EXPIRED if now >= self.expires else PassState.LIVE

    def covers(self, resource: str) -> bool:
        return resource in self.resources


class PassChangeKind(StrEnum):
    ISSUED = "issued"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassChange:
    """One thing that happened to a pass, in the order the store took it in (``seq`` grows, never reused).

    ``actor`` is who asked for it, ``at`` when. A gate follows these to end sessions and to write the ledger: passes are changed
    by other processes too.
    """

    seq: int
    kind: PassChangeKind
    pass_: Pass
    actor: str
    at: datetime
