"""What the OAuth endpoints ask of whoever issues the gate's own tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from passgate.core.principal import Principal
from passgate.pipeline.exchange import ExchangeRequest

OWN_CLIENT = "passgate"
"""The client id of the command line, and of whoever exchanges a token without naming a client."""

API_PATH = "/api"
"""Of the control API, behind the issuer's URL: together they are the audience of a person's token for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client is given (RFC 6749, section 5.1), together for this once.

    ``pass_id``: the pass that the access token stands for; None for a person's token for the control API, which opens no resource.
    ``refresh_token`` None: there is nothing to refresh.
    """

    access_token: str = field(repr=False)
    expires: datetime
    scope: frozenset[str]
    resources: frozenset[str]
    principal: Principal
    pass_id: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


class TokenIssuer(Protocol):
    """``url``: the issuer's identifier, the public origin of the gate. Every method but it may raise StoreError."""

    @property
    def url(self) -> str: ...

    @property
    def resources(self) -> Sequence[str]:
        """The names of the resources that access tokens are taken at, as bearers of a pass."""

    def key_set(self) -> Mapping[str, object]:
        """The public keys that tokens verify with (RFC 7517)."""

    async def exchange(self, request: ExchangeRequest, *, client_id: str) -> Tokens:
        """A pass, and a token that stands for it.

        Raises TokenRefusedError, IssuerUnavailableError, PassRequestError, LedgerUnavailableError.
        """

    async def exchange_for_api(self, token: str, *, client_id: str) -> Tokens:
        """A person's token for the control API. Raises TokenRefusedError, IssuerUnavailableError, OAuthError,
        LedgerUnavailableError."""

    async def refresh(self, token: str, *, client_id: str) -> Tokens:
        """RFC 6749, section 6. Raises OAuthError, PassRequestError, LedgerUnavailableError."""

    async def revoke(self, token: str, *, client_id: str | None) -> None:
        """RFC 7009: with the token everything ends that came of the same authorization. Raises OAuthError for another client's."""
