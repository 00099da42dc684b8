"""How a client gets in: TLS, a start-up packet, the pass's secret. Nothing reaches a target before all of it is right."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from passgate.codecs.postgres.authentication import (
    ANSWER,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
    AuthenticationSASLFinal,
    SASLInitialResponse,
    SASLResponse,
)
from passgate.codecs.postgres.cancellation import CancelRequest
from passgate.codecs.postgres.framing import (
    PRE_AUTHENTICATION,
    Frame,
    FrontendLimits,
    Splitter,
    StartupSplitter,
    frontend_splitter,
)
from passgate.codecs.postgres.refusal import fatal
from passgate.codecs.postgres.sqlstate import (
    CONNECTION_FAILURE,
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    INVALID_AUTHORIZATION,
    INVALID_PASSWORD,
    PROTOCOL_VIOLATION,
    TOO_MANY_CONNECTIONS,
)
from passgate.codecs.postgres.startup import GSSENCRequest, SSLRequest, StartupMessage, parse_startup
from passgate.core.errors import AccessDeniedError, PassgateError, RemoteProtocolError, TargetUnavailableError
from passgate.core.passes import Pass, PassState
from passgate.endpoints.attempts import LoginLimits
from passgate.endpoints.postgres import scram
from passgate.endpoints.postgres.settings import PostgresSettings
from passgate.endpoints.postgres.stream import Stream
from passgate.pipeline.gate import Steps
from passgate.pipeline.protocols import Passes


class TurnedAwayError(PassgateError):
    """The client cannot be let in."""

    def __init__(self, sqlstate: str, message: str, *, why: str = "", hint: str | None = None) -> None:
        """``why`` is for the ledger, where it may say more than the client is told."""
        super().__init__(message)
        self.sqlstate = sqlstate
        self.why = why or message
        self.hint = hint

    def encode(self) -> bytes:
        return fatal(self.sqlstate, str(self), hint=self.hint).encode()


class CrowdedError(TurnedAwayError):
    """Too many of its address are at the door; that is in the ledger once, not for each of them."""

    def __init__(self) -> None:
        super().__init__(
            TOO_MANY_CONNECTIONS,
            "too many connections from this address are logging in",
            hint="Try again in a few seconds; whoever runs the gate may raise limits.login_share.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A client that has proven its pass. ``settings`` go upstream as they are; ``claimed_name`` is its word for itself."""

    startup: StartupMessage
    pass_: Pass
    resource: str
    splitter: Splitter
    settings: tuple[tuple[str, str], ...]
    claimed_name: str


_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_+/:.,<> -]{1,64}")
_UTF8 = frozenset({"utf8", "utf-8", "unicode", "'utf-8'", "'utf8'"})
_TAKEN_AS_THEY_ARE = {
    "datestyle": "DateStyle",
    "timezone": "TimeZone",
    "intervalstyle": "IntervalStyle",
    "extra_float_digits": "extra_float_digits",
    "bytea_output": "bytea_output",
}
_PACKETS = 3  # an SSLRequest and a GSSENCRequest may come before the start-up message, each once


async def opening(
    stream: Stream, settings: PostgresSettings, tls: ssl.SSLContext | None
) -> StartupMessage | CancelRequest:
    """Everything before a client says who it is. Raises RemoteProtocolError, TurnedAwayError, OSError."""
    asked: set[type] = set()
    splitter = StartupSplitter()
    for _ in range(_PACKETS):
        while (packet := splitter.next()) is None:
            splitter.feed(await stream.read())
        message = parse_startup(packet)
        if isinstance(message, StartupMessage | CancelRequest):
            if splitter.rest and isinstance(message, StartupMessage):
                raise RemoteProtocolError("something was sent before it was asked for")
            return message
        if type(message) in asked or stream.encrypted:
            raise RemoteProtocolError("encryption was asked for twice")
        asked.add(type(message))
        if splitter.rest or stream.waiting:
            # Whoever sits between could have put it there; behind TLS it would pass for the client's (CVE-2021-23214).
            raise RemoteProtocolError("unencrypted data behind a request for encryption")
        if isinstance(message, GSSENCRequest) or tls is None:
            stream.write(b"N")
            continue
        if isinstance(message, SSLRequest):
            stream.write(b"S")
            await stream.serve_tls(tls, settings.limits.login)
    raise RemoteProtocolError("no start-up message")


def wanted(startup: StartupMessage) -> tuple[tuple[tuple[str, str], ...], str]:
    """Settings for the target, and the client's name for itself. Raises TurnedAwayError for what is not on the short list."""
    if startup.replication:
        raise TurnedAwayError(FEATURE_NOT_SUPPORTED, "replication connections are not let through")
    settings: list[tuple[str, str]] = []
    name = ""
    for parameter, value in startup.parameters:
        lowered = parameter.lower()
        if lowered in ("user", "database") or parameter.startswith("_pq_.") or lowered == "replication":
            continue
        if lowered == "application_name":
            name = "".join(char for char in value if char.isprintable())[:64]
        elif lowered == "client_encoding":
            if value.lower() not in _UTF8:
                raise TurnedAwayError(FEATURE_NOT_SUPPORTED, "client_encoding must be UTF8")
        elif lowered in _TAKEN_AS_THEY_ARE and _PLAIN_VALUE.fullmatch(value):
            settings.append((_TAKEN_AS_THEY_ARE[lowered], value))
        else:
            raise TurnedAwayError(
                FEATURE_NOT_SUPPORTED,
                f"the start-up parameter {parameter[:64]!r} is not let through",
                hint="Leave it out; a setting that the rules allow can be SET later.",
            )
    return tuple(settings), name


class Admission:
    """Who a client is. One dialogue for passes that are and are not there."""

    def __init__(
        self,
        *,
        settings: PostgresSettings,
        steps: Steps,
        passes: Passes,
        logins: LoginLimits,
        resources: Mapping[str, object],
    ) -> None:
        self._settings = settings
        self._steps = steps
        self._passes = passes
        self._logins = logins
        self._resources = resources
        self._binding = scram.end_point(settings.certificate) if settings.certificate is not None else None

    async def prove(self, stream: Stream, startup: StartupMessage) -> Admitted:
        """Raises TurnedAwayError, RemoteProtocolError, ConnectionError."""
        if self._settings.require_tls and not stream.encrypted:
            raise TurnedAwayError(
                INVALID_AUTHORIZATION, "this gate takes encrypted connections only", hint="Use sslmode=verify-full."
            )
        parameters, claimed_name = wanted(startup)
        if (negotiation := startup.negotiation()) is not None:
            stream.write(negotiation.encode())
        if not self._logins.allow(stream.address, startup.user):
            raise self._wrong(startup, "too many failed log-ins")
        splitter = frontend_splitter(PRE_AUTHENTICATION)
        try:
            await self._exchange(stream, splitter, startup.user)
        except AccessDeniedError:
            self._logins.failed(stream.address, startup.user)
            raise self._wrong(startup, "wrong or unknown pass") from None
        pass_ = self._passes.find(startup.user)
        state = pass_.state(self._steps.now()) if pass_ is not None else None
        if pass_ is None or state is not PassState.LIVE:
            self._logins.failed(stream.address, startup.user)
            raise self._wrong(startup, f"the pass is {state or 'unknown'}")
        self._logins.succeeded(stream.address, startup.user)
        if not (pass_.covers(startup.database) and startup.database in self._resources):
            raise TurnedAwayError(
                INVALID_AUTHORIZATION,
                f"the pass does not cover a resource {startup.database[:63]!r}",
                hint="Name a resource of the pass as the database.",
            )
        limits = self._settings.limits
        splitter.limit(FrontendLimits(text=limits.text, data=limits.message).table())
        return Admitted(
            startup=startup,
            pass_=pass_,
            resource=startup.database,
            splitter=splitter,
            settings=parameters,
            claimed_name=claimed_name,
        )

    async def _exchange(self, stream: Stream, splitter: Splitter, pass_id: str) -> None:
        binding = self._binding if stream.encrypted else None
        server = scram.ScramServer(self._passes.verifier(pass_id), binding=binding)
        stream.write(AuthenticationSASL(mechanisms=server.mechanisms).encode())
        initial = SASLInitialResponse.parse((await _answer(stream, splitter)).payload)
        challenge = server.first(initial.mechanism, initial.data)
        stream.write(AuthenticationSASLContinue(data=challenge).encode())
        response = SASLResponse.parse((await _answer(stream, splitter)).payload)
        proof = server.final(response.data)
        stream.write(AuthenticationSASLFinal(data=proof).encode() + AuthenticationOk().encode())

    def _wrong(self, startup: StartupMessage, why: str) -> TurnedAwayError:
        name = startup.user[:63]
        return TurnedAwayError(INVALID_PASSWORD, f'password authentication failed for user "{name}"', why=why)


async def _answer(stream: Stream, splitter: Splitter) -> Frame:
    while (frame := splitter.next()) is None:
        splitter.feed(await stream.read())
    if frame.kind != ANSWER:
        raise RemoteProtocolError("something other than an answer during authentication")
    return frame


def turned_away_for(error: PassgateError | OSError | TimeoutError) -> TurnedAwayError | None:
    """What a client is told that cannot be let in; None where it is gone."""
    match error:
        case TurnedAwayError():
            return error
        case RemoteProtocolError():
            return TurnedAwayError(PROTOCOL_VIOLATION, str(error))
        case TimeoutError():
            return TurnedAwayError(CONNECTION_FAILURE, "the log-in took too long")
        case TargetUnavailableError():
            return TurnedAwayError(
                CONNECTION_FAILURE,
                "the resource cannot be reached",
                why=str(error),
                hint="Try again later; its operator finds the cause in the ledger.",
            )
        case PassgateError():
            return TurnedAwayError(INTERNAL_ERROR, "the gate could not let you in", why=type(error).__name__)
        case _:
            return None
