"""What an endpoint asks of whoever knows the tokens that Passgate itself has issued."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from passgate.core.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token of the gate's own that held good (RFC 9068). ``id`` is its ``jti``; times are aware and in UTC.

    ``audience``: the one it was checked for. ``scope``: the words of its scope. ``pass_id``: the pass that it stands for; None for
    a person's token for the control API, which opens no resource. ``principal`` with the whole chain it acts for.
    """

    id: str
    principal: Principal
    audience: str
    scope: frozenset[str]
    pass_id: str | None
    issued: datetime
    expires: datetime


class AccessTokens(Protocol):
    async def verify(self, token: str, *, audience: str) -> AccessToken:
        """Signature, issuer, audience, times and revocation are checked. Raises TokenRefusedError, StoreError."""
