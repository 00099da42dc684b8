"""What somebody allowed a client, once: everything that is issued afterwards hangs on it, and ends with it."""

from dataclasses import dataclass
from datetime import datetime

from passgate.core.action import VerbClass
from passgate.core.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """``principal``: who signed in, at ``provider``; ``agent``: the registered agent that is to act for them.

    Without resources it is for the control API and makes no pass. ``passes``: the ids of those made under it, newest last.
    ``expires``: nothing is issued or refreshed under it afterwards. Times are aware and in UTC.
    """

    id: str
    client_id: str
    provider: str
    principal: Principal
    issued: datetime
    expires: datetime
    resources: frozenset[str] = frozenset()
    verbs: frozenset[VerbClass] = frozenset()
    purpose: str = ""
    ticket: str | None = None
    agent: str | None = None
    passes: tuple[str, ...] = ()
    revoked: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.revoked is None and now < self.expires

    @property
    def for_api(self) -> bool:
        return not self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """A refresh token as it is kept: by its digest, with the authorization that it belongs to."""

    authorization: str
    used: bool
