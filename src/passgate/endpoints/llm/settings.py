"""What the endpoint must be told, as plain data."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from passgate.codecs.llm.operation import Dialect
from passgate.core.resource import Resource
from passgate.pipeline.access import AccessTokens


class Credential(Protocol):
    async def obtain(self) -> str:
        """The provider's key of this moment. Raises SecretUnavailableError."""

    def forget(self) -> None:
        """The provider did not take it: it may have been rotated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTokens:
    """Access tokens that the gate itself has issued: who verifies them, and the issuer's URL, which is their audience here."""

    tokens: AccessTokens
    url: str

    def resource(self, name: str) -> str:
        """The audience of a call, by the name in front of its path; empty where there is none."""
        return f"{self.url}/{name}" if name else self.url

    def metadata(self, name: str) -> str:
        """RFC 9728, section 3.1."""
        return f"{self.url}/.well-known/oauth-protected-resource" + (f"/{name}" if name else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens, which is millionths of a dollar for each."""

    input: float
    output: float
    cached: float

    def microdollars(self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """``cached_tokens``: those of the input that the provider had seen before. Rounded up: nothing that costs is free."""
        fresh = max(input_tokens - cached_tokens, 0)
        exact = fresh * self.input + cached_tokens * self.cached + output_tokens * self.output
        return -int(-exact // 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmTarget:
    """One resource with all that serving it takes.

    ``provider``: ``openai``, ``anthropic``, ``compatible``. ``url``: what stands before ``/v1``, without a slash at its end.
    ``credential`` None: the upstream wants none. ``tls``: for ``https``. ``models``: patterns with ``*`` of the names it serves.
    ``fallback``: names of resources to try in its place. ``prices``: by pattern, the first that fits counts.
    """

    resource: Resource
    provider: str
    dialect: Dialect
    url: str
    credential: Credential | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    models: tuple[str, ...] = ("*",)
    fallback: tuple[str, ...] = ()
    prices: tuple[tuple[str, Price], ...] = ()

    @property
    def name(self) -> str:
        return self.resource.name


LlmTargets = Mapping[str, LlmTarget]

_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, sizes in bytes. A bound that is hit is an event.

    ``login``: from accept to the first request's head. ``connect``: to reach the provider. ``read``: the provider's silence.
    ``send``: the client's silence while its body is on the way. ``idle``: a session with no call running. ``keepalive``: a
    connection with no call running; longer than clients keep theirs, or they would be reset when they use it again.
    ``heartbeat``: how long a stream may show nothing. ``approval``: how long a held call waits for people. ``end``: what an
    ending call is given before its socket is cut. ``body``, ``batch``, ``file``: requests, decoded. ``answer``: one that is not
    streamed. ``login_share``: what clients of one address that have sent no request yet may take of the
    room there is, in a hundred.
    """

    login: float = 10.0
    connect: float = 10.0
    read: float = 600.0
    send: float = 60.0
    idle: float = 900.0
    keepalive: float = 630.0
    heartbeat: float = 15.0
    approval: float = 50.0
    end: float = 1.0
    headers: int = 64 * 1024
    body: int = 32 * _MIB
    batch: int = 256 * _MIB
    file: int = 500 * _MIB
    answer: int = 64 * _MIB
    connections: int = 2000
    login_share: int = 50
    upstream_connections: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    limits: Limits = Limits()
