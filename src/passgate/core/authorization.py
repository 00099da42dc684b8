"""What somebody allowed a client, once: everything that is issued afterwards hangs on it, and ends with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from passgate.core.action import VerbClass
from passgate.core.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """``principal``: who signed in, at ``provider``; ``agent``: the registered agent that is to act for them.

    Without resources it is for the control API and makes no pass. ``passes``: the ids of those made under it, newest last.
    ``expires``: nothing is issued or refreshed under it afterwards.
    ``consented`` None: they signed in, and have not allowed it yet.
    Times are aware and in UTC.
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
    consented: datetime | None = None
    revoked: datetime | None = None

    def live(self, now: datetime) -> bool:
        return self.consented is not None and self.revoked is None and now < self.expires

    @property
    def for_api(self) -> bool:
        return not self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """A refresh token as it is kept: by its digest, with the authorization that it belongs to."""

    authorization: str
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """Something that is good for one use, as it is kept. ``used``: it was, before."""

    content: Mapping[str, str] = field(repr=False)
    expires: datetime
    used: bool


class DeviceState(StrEnum):
    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A device that waits until somebody signs in elsewhere (RFC 8628). ``content``: what its client asks for.

    ``interval``: seconds that it must leave between two questions; ``asked``: when it last did.
    """

    user_code: str
    content: Mapping[str, str]
    expires: datetime
    interval: int
    asked: datetime | None = None
    state: DeviceState = DeviceState.WAITING
    authorization: str | None = None
