"""What the endpoint must be told, as plain data."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.pipeline.protocols import LanguageSource


class Credential(Protocol):
    async def obtain(self) -> str:
        """The upstream password of this moment. Raises SecretUnavailableError."""


class TlsMode(StrEnum):
    VERIFY_FULL = "verify-full"
    VERIFY_CA = "verify-ca"
    DISABLE = "disable"


class AuthMethod(StrEnum):
    SCRAM = "scram-sha-256"
    MD5 = "md5"
    PASSWORD = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A server as the gate reaches it. ``ca`` None: the system's certificate authorities."""

    host: str
    port: int
    database: str
    user: str
    credential: Credential = field(repr=False)
    tls: TlsMode = TlsMode.VERIFY_FULL
    ca: Path | None = None
    auth: frozenset[AuthMethod] = frozenset({AuthMethod.SCRAM})


class Minting(Protocol):
    """Makes a login of its own for each session."""

    async def mint(self, session: Session) -> Upstream:
        """How to log in as this session. Raises TargetUnavailableError, SecretUnavailableError."""

    async def drop(self, name: str) -> None:
        """The session with this login is over. Raises TargetUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One resource with all that serving it takes. ``minter`` None: every session logs in as ``upstream`` says."""

    resource: Resource
    upstream: Upstream
    source: LanguageSource
    minter: Minting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, sizes in bytes. A bound that is hit is an event.

    ``login``: from accept to a proven pass. ``connect``: to reach and log in to the target. ``idle``: no statement running and
    nothing heard of the client. ``end``: what an ending session is given before its sockets are cut.
    ``text``: a statement's; ``message``: any other message's. ``guarded``: an answer held until the row guard's verdict.
    ``login_share``: what clients of one address that are not logged in yet may take of the room there is, in a hundred.
    """

    login: float = 10.0
    connect: float = 10.0
    idle: float = 1800.0
    statement: float = 300.0
    end: float = 1.0
    text: int = 256 * 1024
    message: int = 16 * 1024 * 1024
    result_rows: int = 10_000_000
    result_bytes: int = 4 * 1024**3
    guarded: int = 16 * 1024 * 1024
    connections: int = 2000
    login_share: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """``require_tls``: a client that does not ask for TLS is sent away. ``certificate``: the one that clients are shown, DER, for
    channel binding; without it none is offered."""

    require_tls: bool = True
    certificate: bytes | None = None
    limits: Limits = Limits()
