"""What an endpoint asks of whoever turns tokens of an identity provider into passes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from passgate.core.action import VerbClass
from passgate.core.passes import Pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRequest:
    """``agent``: the registered agent that is to act for the one who signed in, or for the one whose pass ``token`` is the key of
    (``is_pass``). ``ttl`` None: the default, or what is allowed.

    ``nonce_verifier``: the token's nonce is the S256 hash of it. ``access_token``: of the same sign-in, to read groups with.
    ``refresh_token``: of the same sign-in, to ask the provider again later whether they are still there.
    """

    token: str = field(repr=False)
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    purpose: str
    ticket: str | None = None
    ttl: timedelta | None = None
    agent: str | None = None
    nonce_verifier: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    is_pass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """A pass and its secret, together for this once."""

    pass_: Pass
    secret: str = field(repr=False)


class Exchange(Protocol):
    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """Raises TokenRefusedError, IssuerUnavailableError, StoreError, LedgerUnavailableError, and PassRequestError, of which
        AccessPendingError says that people are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a client must know to have a person sign in at a provider: OpenID Connect's words, nothing secret.

    ``prompt``: what the provider is to ask the person, if anything. ``access_token``: the gate wants that one, too
    (``subject_access_token``).
    """

    name: str
    issuer: str
    client_id: str
    scopes: Sequence[str]
    redirect_uri: str = "http://127.0.0.1/callback"
    prompt: str | None = None
    access_token: bool = False
