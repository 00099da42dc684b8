"""The gate as a client of servers that do not do what they should."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from passgate.codecs.postgres.asynchronous import ParameterStatus
from passgate.codecs.postgres.authentication import (
    AuthenticationCleartextPassword,
    AuthenticationGSS,
    AuthenticationMD5Password,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
)
from passgate.codecs.postgres.cancellation import BackendKeyData
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.codecs.postgres.row_description import DataRow
from passgate.codecs.postgres.simple_query import CommandComplete, ReadyForQuery, TransactionStatus
from passgate.core.errors import SecretUnavailableError, TargetUnavailableError
from passgate.endpoints.postgres.query import CatalogQuery
from passgate.endpoints.postgres.settings import AuthMethod, TlsMode, Upstream
from passgate.endpoints.postgres.upstream import _why, ask, cancel, connect

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
READY = ReadyForQuery(status=TransactionStatus.IDLE).encode()
SETTINGS = b"".join(
    ParameterStatus(name=name, value=value).encode()
    for name, value in (("client_encoding", "UTF8"), ("standard_conforming_strings", "on"))
)
WELCOME = AuthenticationOk().encode() + SETTINGS + BackendKeyData(process_id=7, key=b"keys").encode() + READY


@dataclass
class Secret:
    value: str = field(default="pa55", repr=False)

    async def obtain(self) -> str:
        if not self.value:
            raise SecretUnavailableError
        return self.value


@asynccontextmanager
async def serving(talk: Callable[[Reader, Writer], Awaitable[None]]) -> AsyncIterator[int]:
    async def client(reader: Reader, writer: Writer) -> None:
        try:
            await talk(reader, writer)
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def upstream(port: int, *auth: AuthMethod, tls: TlsMode = TlsMode.DISABLE, secret: str = "pa55") -> Upstream:
    return Upstream(
        host="127.0.0.1",
        port=port,
        database="shop",
        user="app",
        credential=Secret(secret),
        tls=tls,
        auth=frozenset(auth) or frozenset({AuthMethod.SCRAM}),
    )


async def packet(reader: Reader, *, typed: bool = True) -> bytes:
    kind = await reader.readexactly(1) if typed else b""
    length = await reader.readexactly(4)
    return kind + length + await reader.readexactly(int.from_bytes(length, "big") - 4)


async def test_md5_and_cleartext_where_they_are_configured() -> None:
    given: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        await packet(reader, typed=False)
        writer.write(NoticeResponse(message="hello").encode() + AuthenticationMD5Password(salt=b"salt").encode())
        given.append((await packet(reader))[5:-1])
        writer.write(AuthenticationCleartextPassword().encode())
        given.append((await packet(reader))[5:-1])
        writer.write(WELCOME)

    async with serving(talk) as port:
        both = upstream(port, AuthMethod.MD5, AuthMethod.PASSWORD)
        connection = await connect(both, application_name="x", parameters=(), seconds=5)
        assert (connection.process_id, connection.key) == (7, b"keys")
        assert "keys" not in repr(connection)
        connection.stream.abort()
    inner = hashlib.md5(b"pa55app").hexdigest().encode()
    assert given == [b"md5" + hashlib.md5(inner + b"salt").hexdigest().encode(), b"pa55"]


@pytest.mark.parametrize(
    "answer",
    [
        AuthenticationCleartextPassword().encode(),
        AuthenticationMD5Password(salt=b"salt").encode(),
        AuthenticationGSS().encode(),
        AuthenticationSASL(mechanisms=("SCRAM-SHA-1",)).encode(),
        AuthenticationSASL(mechanisms=("SCRAM-SHA-256",)).encode() + AuthenticationOk().encode(),
        AuthenticationSASL(mechanisms=("SCRAM-SHA-256",)).encode() + AuthenticationSASLContinue(data=b"\xff").encode(),
        AuthenticationSASL(mechanisms=("SCRAM-SHA-256",)).encode() + AuthenticationSASLContinue(data=b"r=x").encode(),
        ErrorResponse(severity="FATAL", sqlstate="28P01", message='no password "pa55"').encode(),
        AuthenticationOk().encode() + ErrorResponse(severity="FATAL", sqlstate="3D000", message="no").encode(),
        AuthenticationOk().encode() + SETTINGS + READY,
        AuthenticationOk().encode() + BackendKeyData(process_id=7, key=b"keys").encode() + READY,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
    ],
)
async def test_servers_that_are_not_believed(answer: bytes) -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await packet(reader, typed=False)
        writer.write(answer)
        writer.write_eof()

    async with serving(talk) as port:
        with pytest.raises(TargetUnavailableError) as refused:
            await connect(upstream(port), application_name="x", parameters=(), seconds=5)
        assert "pa55" not in str(refused.value)


async def test_a_refused_log_in_says_what_the_code_means_and_not_what_the_server_says() -> None:
    for sqlstate, meaning in (("28P01", "do not go together"), ("3D000", "no such database"), ("XX000", "(XX000)")):

        async def talk(reader: Reader, writer: Writer, sqlstate: str = sqlstate) -> None:
            await packet(reader, typed=False)
            writer.write(ErrorResponse(severity="FATAL", sqlstate=sqlstate, message="of role hush").encode())

        async with serving(talk) as port:
            with pytest.raises(TargetUnavailableError) as refused:
                await connect(upstream(port), application_name="x", parameters=(), seconds=5)
            assert sqlstate in str(refused.value)
            assert meaning in str(refused.value)
            assert "hush" not in str(refused.value)


async def test_a_certificate_that_is_not_trusted_is_said() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "hostname mismatch"
    assert _why(error) == "its certificate is not trusted: hostname mismatch"
    assert _why(OSError(-2, "Name or service not known")) == "Name or service not known"
    assert _why(ConnectionResetError()) == "ConnectionResetError"


@pytest.mark.parametrize("answer", [b"N", b"S\x16\x03", b"E"])
async def test_no_tls_or_more_than_an_answer_and_nothing_is_told(answer: bytes) -> None:
    heard = bytearray()

    async def talk(reader: Reader, writer: Writer) -> None:
        heard.extend(await reader.readexactly(8))
        writer.write(answer)
        heard.extend(await reader.read())

    async with serving(talk) as port:
        with pytest.raises(TargetUnavailableError, match="no TLS"):
            await connect(upstream(port, tls=TlsMode.VERIFY_FULL), application_name="x", parameters=(), seconds=5)
    assert len(heard) == 8


async def test_a_server_that_says_nothing_and_one_that_is_not_there() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.read()

    async with serving(talk) as port:
        with pytest.raises(TargetUnavailableError, match="in time"):
            await connect(upstream(port), application_name="x", parameters=(), seconds=0.05)
    with pytest.raises(TargetUnavailableError, match="cannot be reached: Connection refused"):
        await connect(upstream(port), application_name="x", parameters=(), seconds=5)
    await cancel(upstream(port), 1, b"keys")


async def test_a_secret_that_is_not_there_is_said_before_anything_is_sent() -> None:
    with pytest.raises(SecretUnavailableError):
        await connect(upstream(1, secret=""), application_name="x", parameters=(), seconds=5)
    with pytest.raises(TargetUnavailableError, match=r"credential could not be obtained: The upstream"):
        await CatalogQuery(upstream(1, secret=""))("select 1")


async def test_a_cancel_is_one_packet() -> None:
    heard: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        heard.append(await packet(reader, typed=False))
        writer.close()

    async with serving(talk) as port:
        await cancel(upstream(port), 7, b"keys")
    assert heard == [bytes.fromhex("00000010 04d2162e 00000007") + b"keys"]


async def test_catalog_queries_reconnect_after_whatever_went_wrong() -> None:
    connections = 0

    async def talk(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        await packet(reader, typed=False)
        writer.write(WELCOME)
        while True:
            asked = (await packet(reader))[5:-1]
            if asked == b"hang up":
                writer.close()
                return
            if asked == b"sleep":
                await reader.read()
                return
            row = DataRow(values=(asked, None)).encode()
            bad = ErrorResponse(sqlstate="42601", message="syntax").encode() if asked == b"bad" else b""
            writer.write((bad or row * 2 + CommandComplete(tag="SELECT 2").encode()) + READY)

    async with serving(talk) as port:
        query = CatalogQuery(upstream(port, AuthMethod.PASSWORD), seconds=0.2)
        assert await query("one") == [("one", None), ("one", None)]
        assert await query("two") == [("two", None), ("two", None)]
        assert connections == 1
        for text in ("bad", "hang up", "sleep"):
            with pytest.raises(TargetUnavailableError):
                await query(text)
            assert len(await query("again")) == 2
        assert connections == 4
        query.close()
        query.close()


async def test_a_server_that_never_stops_reporting_settings() -> None:
    async def talk(reader: Reader, writer: Writer) -> None:
        await packet(reader, typed=False)
        writer.write(AuthenticationOk().encode() + SETTINGS)
        writer.write(b"".join(ParameterStatus(name=f"x.{n}", value="y").encode() for n in range(1000)))

    async with serving(talk) as port:
        with pytest.raises(TargetUnavailableError, match="does not speak as it should"):
            await connect(upstream(port), application_name="x", parameters=(), seconds=5)


async def test_an_answer_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.endpoints.postgres.upstream._MOST_BYTES", 10_000)

    async def talk(reader: Reader, writer: Writer) -> None:
        await packet(reader, typed=False)
        writer.write(WELCOME)
        await packet(reader)
        writer.write(DataRow(values=(b"x" * 1000,)).encode() * 20)

    async with serving(talk) as port:
        connection = await connect(upstream(port), application_name="x", parameters=(), seconds=5)
        with pytest.raises(TargetUnavailableError, match="lost during a query"):
            await ask(connection, "SELECT 1")
        connection.stream.abort()
