"""Getting in: TLS, the pass, the start-up packet, the target."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from passgate.codecs.postgres.startup import GSSENCRequest, SSLRequest, StartupMessage
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.endpoints.postgres import Limits
from tests.integration.conftest import Gate
from tests.integration.raw import encrypted, log_in_telling, message


async def refused(gate: Gate, **changed: object) -> psycopg.OperationalError:
    with pytest.raises(psycopg.OperationalError) as error:
        await psycopg.AsyncConnection.connect(**{**gate.parameters(), **changed})  # type: ignore[arg-type]
    return error.value


async def test_wrong_unknown_expired_and_revoked_are_told_the_same(gate: Gate) -> None:
    gate.passes.add("old", ttl=timedelta(seconds=-1))
    reasons = []
    for user, secret in (("svc", "wrong"), ("nobody", "s3cret"), ("old", "s3cret")):
        error = await refused(gate, user=user, password=secret)
        assert f'password authentication failed for user "{user}"' in str(error)
        assert "s3cret" not in str(error)
        event = gate.recorder.events[-1]
        assert event.type is EventType.SESSION_REFUSED
        assert event.detail["sqlstate"] == "28P01"
        reasons.append(event.detail["reason"])
    assert reasons == ["wrong or unknown pass", "wrong or unknown pass", "the pass is expired"]
    assert gate.logins.failures == ["svc", "nobody", "old"]


async def test_too_many_failures_and_not_even_the_right_secret_is_looked_at(gate: Gate) -> None:
    gate.logins.most = 1
    await refused(gate, password="wrong")
    await refused(gate)
    assert gate.recorder.events[-1].detail["reason"] == "too many failed log-ins"


async def test_a_pass_opens_its_own_resources_only(gate: Gate) -> None:
    assert "does not cover a resource 'other'" in str(await refused(gate, dbname="other"))
    gate.passes.add("narrow", resources=frozenset({"elsewhere"}))
    assert "does not cover" in str(await refused(gate, user="narrow"))


async def test_a_target_that_is_down_is_named_as_the_resource(gate: Gate) -> None:
    gate.passes.add("svc", resources=frozenset({"down"}))
    error = await refused(gate, dbname="down")
    assert 'resource "down" cannot be reached' in str(error)
    assert "app" not in str(error).replace("passgate", "")
    assert gate.recorder.events[-1].detail["sqlstate"] == "08006"


async def test_tls_is_required(gate: Gate) -> None:
    assert "encrypted connections only" in str(await refused(gate, sslmode="disable"))


@pytest.mark.parametrize("mode", ["require", "prefer", "disable"])
async def test_channel_binding_where_the_client_wants_it(gate: Gate, mode: str) -> None:
    connection = await gate.connect(channel_binding=mode)
    assert await (await connection.execute("select 1")).fetchone() == (1,)
    await connection.close()


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("options", "-c search_path=evil"),
        ("search_path", "evil"),
        ("role", "postgres"),
        ("session_authorization", "postgres"),
        ("replication", "true"),
        ("replication", "database"),
        ("client_encoding", "LATIN1"),
        ("standard_conforming_strings", "off"),
        ("default_transaction_read_only", "off"),
        ("DateStyle", "ISO'; drop"),
    ],
)
async def test_start_up_parameters_beyond_the_short_list_are_refused(gate: Gate, parameter: str, value: str) -> None:
    reader, writer = await encrypted(gate)
    pairs = (("user", "svc"), ("database", "shop"), (parameter, value))
    writer.write(StartupMessage(parameters=pairs).encode())
    kind, body = await message(reader)
    assert kind == b"E"
    assert b"SFATAL\0VFATAL\0C0A000\0" in body
    assert await reader.read() == b""
    writer.close()


async def test_harmless_start_up_parameters_go_through(gate: Gate) -> None:
    connection = await gate.asyncpg(
        server_settings={"application_name": "my tool", "TimeZone": "Asia/Tokyo", "extra_float_digits": "1"}
    )
    assert await connection.fetchval("show timezone") == "Asia/Tokyo"
    assert (await connection.fetchval("show application_name")).startswith("passgate:")
    assert connection.get_settings().application_name == "my tool"
    await connection.close()


@pytest.mark.parametrize("minor", [0, 2, 7])
async def test_protocol_versions_and_their_keys(gate: Gate, minor: int) -> None:
    reader, writer = await encrypted(gate)
    pairs = (("user", "svc"), ("database", "shop"), ("_pq_.unheard_of", "1"))
    writer.write(StartupMessage(parameters=pairs, minor=minor).encode())
    kind, body = await message(reader)
    assert kind == b"v"
    assert int.from_bytes(body[:4], "big") == 3 << 16 | min(minor, 2)
    assert b"_pq_.unheard_of" in body
    writer.close()


async def test_a_long_key_for_a_client_that_speaks_3_2(gate: Gate) -> None:
    for minor, length in ((0, 8), (2, 36)):
        reader, writer, told = await log_in_telling(gate, minor=minor)
        assert [len(body) for kind, body in told if kind == b"K"] == [length]
        assert not [body for kind, body in told if kind == b"S" and body.startswith(b"session_authorization")]
        writer.write(b"X\0\0\0\4")
        assert await reader.read() == b""


async def test_what_was_sent_in_clear_before_tls_never_counts(gate: Gate) -> None:
    startup = StartupMessage(parameters=(("user", "svc"), ("database", "shop"))).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(SSLRequest().encode() + startup)
    answer = await reader.read()
    assert not answer.startswith(b"S")
    assert b"08P01" in answer
    assert gate.recorder.events[-1].type is EventType.PROTOCOL_ERROR
    writer.close()


async def test_gss_is_declined_and_tls_still_comes(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(GSSENCRequest().encode())
    assert await reader.readexactly(1) == b"N"
    writer.write(SSLRequest().encode())
    assert await reader.readexactly(1) == b"S"
    writer.close()


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\0\2\0\0"]
)
async def test_other_protocols_are_told_so_and_closed(gate: Gate, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(data)
    answer = await reader.read()
    assert b"08P01" in answer
    writer.close()


async def test_one_that_says_nothing_keeps_nobody_waiting(gate: Gate) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", gate.endpoint.port) for _ in range(50)]
    async with asyncio.timeout(5):
        connection = await gate.connect()
        assert await (await connection.execute("select 1")).fetchone() == (1,)
        await connection.close()
    for _, writer in silent:
        writer.close()


async def test_a_ledger_that_cannot_record_lets_nobody_in(gate: Gate) -> None:
    gate.recorder.full = True
    assert "the ledger cannot record" in str(await refused(gate))
    gate.recorder.full = False
    gate.recorder.delay = True
    waiting = asyncio.create_task(refused(gate))
    await gate.recorder.asked()
    gate.recorder.sync(LedgerUnavailableError())
    assert "the ledger cannot record" in str(await waiting)


class TestLoginTime:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(login=0.3)

    async def test_a_log_in_that_takes_too_long(self, gate: Gate) -> None:
        reader, writer = await encrypted(gate)
        assert b"the log-in took too long" in await reader.read()
        writer.close()


class TestConnections:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections=2)

    async def test_too_many_connections(self, gate: Gate) -> None:
        first, second = await gate.connect(), await gate.connect()
        assert "serves 2 connections" in str(await refused(gate))
        await first.close()
        await second.close()
