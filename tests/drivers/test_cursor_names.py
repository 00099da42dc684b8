"""A cursor that SQL declared and its transaction took away again: its name, taken by a portal, is not read as it was."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
from scramp import ScramClient

from passgate.codecs.postgres.authentication import SASLInitialResponse, SASLResponse
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.extended_query import Describe, Execute, Parse, Sync, Target
from passgate.codecs.postgres.simple_query import Query
from passgate.codecs.postgres.startup import SSLRequest, StartupMessage
from passgate.testing import IssuedPass, RunningGate

HARMLESS = "SELECT id::text FROM customers WHERE id = 5"
BACKWARDS = "SELECT reverse(email) FROM customers WHERE id = 5"


class Wire:
    """A client that speaks the protocol by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, gate: RunningGate, pass_: IssuedPass) -> "Wire":
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(SSLRequest().encode())
        assert await reader.readexactly(1) == b"S"
        await writer.start_tls(ssl.create_default_context(cafile=str(gate.ca)), server_hostname="127.0.0.1")
        wire = cls(reader, writer)
        writer.write(StartupMessage(parameters=(("user", pass_.id), ("database", "shop"))).encode())
        await wire._until(b"R")
        client = ScramClient(["SCRAM-SHA-256"], "*", pass_.secret)
        first = client.get_client_first().encode()
        writer.write(SASLInitialResponse(mechanism="SCRAM-SHA-256", data=first).encode())
        client.set_server_first((await wire._until(b"R"))[-1][1][4:].decode())
        writer.write(SASLResponse(data=client.get_client_final().encode()).encode())
        await wire._until(b"Z")
        return wire

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def say(self, *messages: bytes) -> list[tuple[bytes, bytes]]:
        self._writer.write(b"".join(messages))
        return await self._until(b"Z")

    async def query(self, text: str) -> list[tuple[bytes, bytes]]:
        return await self.say(Query(text=text).encode())

    async def _until(self, kind: bytes) -> list[tuple[bytes, bytes]]:
        messages: list[tuple[bytes, bytes]] = []
        async with asyncio.timeout(10):
            while not messages or messages[-1][0] != kind:
                head = await self._reader.readexactly(5)
                messages.append((head[:1], await self._reader.readexactly(int.from_bytes(head[1:], "big") - 4)))
        return messages


@pytest.fixture
async def wire(gate: RunningGate, agent: IssuedPass) -> AsyncIterator[Wire]:
    wire = await Wire.open(gate, agent)
    yield wire
    await wire.close()


def values(answer: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Rows as they came."""
    return [body for kind, body in answer if kind == b"D"]


def portal(name: str, text: str) -> bytes:
    return Parse(statement="", text=text).encode() + Bind(portal=name, statement="").encode() + Sync().encode()


@pytest.mark.parametrize(
    "taken_away",
    [
        ("BEGIN", f"DECLARE c CURSOR FOR {HARMLESS}", "COMMIT AND CHAIN"),
        ("BEGIN", f"DECLARE c CURSOR FOR {HARMLESS}", "ROLLBACK AND CHAIN"),
        ("BEGIN", f"DECLARE c CURSOR FOR {HARMLESS}", "COMMIT; BEGIN"),
        ("BEGIN", "SAVEPOINT s", f"DECLARE c CURSOR FOR {HARMLESS}", "ROLLBACK TO s"),
        ("BEGIN", "SAVEPOINT s", f"DECLARE c CURSOR FOR {HARMLESS}", "SELECT 1/0", "ROLLBACK TO s"),
        ("BEGIN", f"DECLARE c CURSOR WITH HOLD FOR {HARMLESS}", "ROLLBACK; COMMIT", "BEGIN"),
    ],
)
async def test_a_cursor_that_is_gone_lends_its_name_to_nobody(wire: Wire, taken_away: tuple[str, ...]) -> None:
    for text in taken_away:
        await wire.query(text)
    await wire.say(portal("c", BACKWARDS))
    assert not values(await wire.query("FETCH ALL FROM c"))


async def test_a_cursor_outlives_a_commit_if_it_holds(wire: Wire) -> None:
    for text in ("BEGIN", f"DECLARE c CURSOR WITH HOLD FOR {HARMLESS}", "COMMIT AND CHAIN", "ROLLBACK"):
        await wire.query(text)
    assert values(await wire.query("FETCH ALL FROM c")) == [b"\0\1\0\0\0\x015"]


LONG = "x" * 63


@pytest.mark.parametrize("by", ["DEALLOCATE", "ROLLBACK TO"])
async def test_two_names_that_are_one_to_the_server(wire: Wire, by: str) -> None:
    """The server looks at 63 bytes of a name: a second one that begins alike must not stand behind the first."""
    describe = Describe(target=Target.PORTAL, name="").encode()
    if by == "DEALLOCATE":
        await wire.say(
            Parse(statement=LONG + "1", text=HARMLESS).encode(),
            Bind(portal="", statement=LONG + "1").encode(),
            describe,
            Sync().encode(),
        )
        await wire.query(f'DEALLOCATE "{LONG}"')
        await wire.say(Parse(statement=LONG + "2", text=BACKWARDS).encode(), Sync().encode())
        run = Bind(portal="", statement=LONG + "1").encode() + Execute(portal="").encode()
    else:
        await wire.query("BEGIN")
        await wire.query("SAVEPOINT s")
        await wire.say(portal(LONG + "1", HARMLESS))
        await wire.query("ROLLBACK TO s")
        await wire.say(portal(LONG + "2", BACKWARDS))
        run = Execute(portal=LONG + "1").encode()
    assert not values(await wire.say(run, Sync().encode()))
