"""The gate's own connections to a target: reach it, prove both sides, ask, cancel.

Errors name the resource's trouble, never the secret; what the server itself says about a failed log-in stays in ``__cause__``.
"""

import asyncio
import hashlib
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from scramp import ScramClient, ScramException

from passgate.codecs.postgres.asynchronous import ParameterStatus
from passgate.codecs.postgres.authentication import (
    REQUEST,
    AuthenticationCleartextPassword,
    AuthenticationMD5Password,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
    AuthenticationSASLFinal,
    PasswordMessage,
    SASLInitialResponse,
    SASLResponse,
    parse_authentication,
)
from passgate.codecs.postgres.cancellation import BackendKeyData, CancelRequest
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.framing import UPSTREAM_STARTUP, BackendLimits, Frame, Splitter, backend_splitter
from passgate.codecs.postgres.row_description import DataRow
from passgate.codecs.postgres.simple_query import Query, ReadyForQuery
from passgate.codecs.postgres.startup import SSLRequest, StartupMessage
from passgate.core.errors import RemoteProtocolError, TargetUnavailableError
from passgate.endpoints.postgres import scram
from passgate.endpoints.postgres.settings import AuthMethod, TlsMode, Upstream
from passgate.endpoints.postgres.stream import Stream

_PINNED = (("client_encoding", "UTF8"), ("standard_conforming_strings", "on"))
"""What decides how a text is cut into words; the session ends if the server ever reports something else."""

_MAX_ITERATIONS = 1_000_000
"""Of a server's SCRAM: PostgreSQL's own default is 4096. Far more would be a way to keep the gate busy."""

_MOST_TOLD = 200
"""Settings that a server reports at log-in: PostgreSQL reports fifteen, its extensions may add some."""

_MOST_BYTES = 256 * 1024 * 1024
"""Of an answer to a question of the gate's own: the catalog of a hundred thousand tables is far smaller."""

_CANCEL_SECONDS = 2.0

_REFUSALS = {
    "28P01": ": user and password do not go together",
    "28000": ": there is no such role, or pg_hba.conf does not let it in from here",
    "3D000": ": there is no such database",
    "42501": ": the role may not connect to this database",
    "53300": ": it has no connection left",
    "57P03": ": it is starting or stopping",
}
"""What an operator makes of the commonest codes. The server's own words may name more than a log should hold."""


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """A logged-in connection to a server, idle."""

    stream: Stream
    splitter: Splitter
    process_id: int
    key: bytes = field(repr=False)
    parameters: tuple[tuple[str, str], ...]


async def connect(
    upstream: Upstream, *, application_name: str, parameters: Sequence[tuple[str, str]], seconds: float
) -> Connection:
    """Reach the server and log in. Raises TargetUnavailableError, SecretUnavailableError."""
    secret = await upstream.credential.obtain()
    try:
        async with asyncio.timeout(seconds):
            stream = await _reach(upstream, seconds)
            try:
                return await _log_in(stream, upstream, secret, (("application_name", application_name), *parameters))
            except BaseException:
                stream.abort()
                raise
    except TimeoutError as error:
        raise TargetUnavailableError("the server did not answer in time") from error
    except OSError as error:
        raise TargetUnavailableError(f"the server cannot be reached: {_why(error)}") from error
    except (RemoteProtocolError, ScramException, UnicodeDecodeError) as error:
        raise TargetUnavailableError("the server does not speak as it should") from error


async def ask(connection: Connection, text: str) -> list[tuple[str | None, ...]]:
    """Run one simple query on an idle connection; every value as text. Raises TargetUnavailableError."""
    connection.stream.write(Query(text=text).encode())
    rows: list[tuple[str | None, ...]] = []
    failure: ErrorResponse | None = None
    size = 0
    try:
        while True:
            frame = await _frame(connection.stream, connection.splitter)
            size = _grown(size, frame)
            if frame.kind == DataRow.TYPE:
                rows += [
                    tuple(value if value is None else value.decode() for value in values) for values in _values(frame)
                ]
            elif frame.kind == ErrorResponse.TYPE:
                failure = failure or ErrorResponse.parse(frame.payload)
            elif frame.kind == ReadyForQuery.TYPE:
                break
    except (OSError, RemoteProtocolError, UnicodeDecodeError) as error:
        raise TargetUnavailableError("the server was lost during a query of the gate's own") from error
    if failure is not None:
        raise TargetUnavailableError(f"the server refused a query of the gate's own ({failure.sqlstate})")
    return rows


def _grown(size: int, frame: Frame) -> int:
    if size + len(frame.data) > _MOST_BYTES:
        raise RemoteProtocolError("an answer that never ends")
    return size + len(frame.data)


async def cancel(upstream: Upstream, process_id: int, key: bytes) -> bool:
    """Ask the server to cancel what that connection runs. True if it was told: it closes once it has passed the request on.

    The protocol has no other answer.
    """
    sent = False
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            stream = await _reach(upstream, _CANCEL_SECONDS)
            try:
                stream.write(CancelRequest(process_id=process_id, key=key).encode())
                sent = True
                await stream.read()  # raises once the server has passed it on: it closes without a word
                return False  # what it says instead is why it will not: it cannot fork, say
            finally:
                stream.abort()
    except TimeoutError:
        return False
    except (OSError, TargetUnavailableError):
        return sent  # that it closed is the answer


def tls_context(upstream: Upstream) -> ssl.SSLContext:
    """Raises OSError if the CA file cannot be read."""
    context = ssl.create_default_context(cafile=str(upstream.ca) if upstream.ca is not None else None)
    context.check_hostname = upstream.tls is TlsMode.VERIFY_FULL
    return context


async def _reach(upstream: Upstream, seconds: float) -> Stream:
    loop = asyncio.get_running_loop()
    _, stream = await loop.create_connection(Stream, upstream.host, upstream.port)
    if upstream.tls is TlsMode.DISABLE:
        return stream
    try:
        await _encrypt(stream, upstream, seconds)
    except BaseException:
        stream.abort()
        raise
    return stream


async def _encrypt(stream: Stream, upstream: Upstream, seconds: float) -> None:
    stream.write(SSLRequest().encode())
    # Bytes behind the one letter came in clear, and would be taken for what TLS protects (CVE-2021-23222).
    if await stream.read() != b"S" or stream.waiting:
        raise TargetUnavailableError("the server offers no TLS")
    await stream.ask_tls(tls_context(upstream), upstream.host, seconds)


async def _frame(stream: Stream, splitter: Splitter) -> Frame:
    while (frame := splitter.next()) is None:
        splitter.feed(await stream.read())
    return frame


async def _log_in(stream: Stream, upstream: Upstream, secret: str, parameters: Sequence[tuple[str, str]]) -> Connection:
    names = (("user", upstream.user), ("database", upstream.database))
    stream.write(StartupMessage(parameters=(*names, *parameters, *_PINNED)).encode())
    splitter = backend_splitter(UPSTREAM_STARTUP)
    await _authenticate(stream, splitter, upstream, secret)
    key: BackendKeyData | None = None
    told: dict[str, str] = {}
    while True:
        frame = await _frame(stream, splitter)
        if frame.kind == ParameterStatus.TYPE:
            status = ParameterStatus.parse(frame.payload)
            told[status.name] = status.value
            if len(told) > _MOST_TOLD:
                raise RemoteProtocolError("the server reports too many settings")
        elif frame.kind == BackendKeyData.TYPE:
            key = BackendKeyData.parse(frame.payload)
        elif frame.kind == ErrorResponse.TYPE:
            raise _refused(frame)
        elif frame.kind == ReadyForQuery.TYPE:
            break
    if key is None:
        raise RemoteProtocolError("the server gave no key to cancel with")
    for name, value in _PINNED:
        if told.get(name) != value:
            raise TargetUnavailableError(f"the server does not take {name}={value}")
    splitter.limit(BackendLimits().table())
    return Connection(
        stream=stream,
        splitter=splitter,
        process_id=key.process_id,
        key=key.key,
        parameters=tuple(told.items()),
    )


def _refused(frame: Frame) -> TargetUnavailableError:
    report = ErrorResponse.parse(frame.payload)
    why = _REFUSALS.get(report.sqlstate or "", "")
    return TargetUnavailableError(f"the server refused the gate's log-in ({report.sqlstate}{why})")


def _why(error: OSError) -> str:
    """What the system or the TLS library says: of the network and of certificates, nothing of a secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if error.errno is not None and error.errno > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__


async def _authenticate(stream: Stream, splitter: Splitter, upstream: Upstream, secret: str) -> None:
    proven = False  # whether the server has shown that it knows the secret too
    exchange: ScramClient | None = None
    while True:
        frame = await _frame(stream, splitter)
        if frame.kind == ErrorResponse.TYPE:
            raise _refused(frame)
        if frame.kind != REQUEST:
            continue  # a notice
        match parse_authentication(frame.payload):
            case AuthenticationOk():
                if exchange is not None and not proven:
                    raise RemoteProtocolError("the server skipped its own proof")
                return
            case AuthenticationSASL(mechanisms=offered) if AuthMethod.SCRAM in upstream.auth and exchange is None:
                exchange = _scram(stream, offered, secret)
                first = exchange.get_client_first().encode()
                stream.write(SASLInitialResponse(mechanism=exchange.mechanism_name, data=first).encode())
            case AuthenticationSASLContinue(data=data) if exchange is not None:
                exchange.set_server_first(data.decode("ascii"))
                if int(exchange.iterations) > _MAX_ITERATIONS:
                    raise RemoteProtocolError("the server asks for too many iterations")
                # PBKDF2 takes milliseconds of CPU, and lets go of the interpreter.
                final = await asyncio.to_thread(exchange.get_client_final)
                stream.write(SASLResponse(data=final.encode()).encode())
            case AuthenticationSASLFinal(data=data) if exchange is not None:
                exchange.set_server_final(data.decode("ascii"))
                proven = True
            case AuthenticationMD5Password(salt=salt) if AuthMethod.MD5 in upstream.auth:
                stream.write(PasswordMessage(password=_md5(upstream.user, secret, salt)).encode())
            case AuthenticationCleartextPassword() if AuthMethod.PASSWORD in upstream.auth:
                stream.write(PasswordMessage(password=secret).encode())
            case request:
                raise TargetUnavailableError(f"the server asks for {type(request).__name__}, which is not configured")


def _scram(stream: Stream, offered: Sequence[str], secret: str) -> ScramClient:
    certificate = stream.peer_certificate() if stream.encrypted else None
    binding = scram.end_point(certificate) if certificate is not None else None
    if binding is not None and scram.PLUS in offered:
        # The user name in SCRAM is not looked at: the start-up packet's counts.
        return ScramClient([scram.PLUS], "*", secret, channel_binding=("tls-server-end-point", binding))
    if scram.PLAIN not in offered:
        raise TargetUnavailableError("the server offers no SCRAM-SHA-256")
    return ScramClient([scram.PLAIN], "*", secret)


def _md5(user: str, secret: str, salt: bytes) -> str:
    inner = hashlib.md5((secret + user).encode(), usedforsecurity=False).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest()


def _values(frame: Frame) -> list[tuple[bytes | None, ...]]:
    values: list[tuple[bytes | None, ...]] = []
    data, position = frame.data, 0
    while position < len(data):
        end = position + 1 + int.from_bytes(data[position + 1 : position + 5], "big")
        values.append(DataRow.parse(data[position + 5 : end]).values)
        position = end
    return values
