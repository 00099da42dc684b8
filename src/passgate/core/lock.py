"""A lock: from now on a principal, a pass or a resource is out, whatever passes say."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from passgate.core.passes import Pass
from passgate.core.principal import folded


class LockKind(StrEnum):
    HUMAN = "human"
    AGENT = "agent"
    SERVICE = "service"
    PASS = "pass"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """``target``: a subject, a pass's id or a resource's name. It reaches whoever acts for the one who is locked too, and what was
    delegated from a locked pass. A subject is the same in capitals: providers do not write an address alike every time.

    ``until`` None: until somebody lifts it. All times are aware and in UTC.
    """

    id: str
    kind: LockKind
    target: str
    reason: str
    actor: str
    at: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    def keeps_out(self, pass_: Pass) -> bool:
        """Whether there is anything of the pass's that it reaches."""
        return any(self.reaches(pass_, resource) for resource in pass_.resources)

    def reaches(self, pass_: Pass, resource: str) -> bool:
        match self.kind:
            case LockKind.PASS:
                return self.target in pass_.lineage
            case LockKind.RESOURCE:
                return resource == self.target
        target = folded(self.target)
        return any(
            who.kind.value == self.kind.value and folded(who.subject) == target for who in pass_.principal.links()
        )
