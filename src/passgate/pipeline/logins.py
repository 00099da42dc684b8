"""Logins at a target that are made for one session and end with it, whoever makes them."""

from dataclasses import dataclass, field
from typing import Protocol

from passgate.core.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    user: str
    password: str = field(repr=False)


class Logins(Protocol):
    """Of one resource."""

    async def open(self, session: Session) -> Login:
        """Make one, with no more than the session's pass covers. Raises SecretUnavailableError."""

    async def close(self, user: str) -> None:
        """Take it away. Raises SecretUnavailableError where it could not be done now; it is then done later."""
