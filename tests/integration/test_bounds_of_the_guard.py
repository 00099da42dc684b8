"""What is bounded stays bounded while the row guard is at work: the client's silence, the server's time, a copy that comes in."""

import asyncio

import pytest

from passgate.codecs.postgres.asynchronous import Terminate
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.copy import CopyData, CopyDone, CopyFail
from passgate.codecs.postgres.extended_query import Execute, Parse, Sync
from passgate.codecs.postgres.simple_query import Query
from passgate.core.action import VerbClass
from passgate.core.principal import PrincipalKind
from passgate.endpoints.postgres import Limits
from tests.integration import raw
from tests.integration.conftest import Gate

READ_WRITE = frozenset({VerbClass.READ, VerbClass.WRITE})


def extended(text: str) -> bytes:
    return (
        Parse(statement="", text=text).encode() + Bind(portal="", statement="").encode() + Execute(portal="").encode()
    )


class TestIdle:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(idle=0.5)

    async def test_a_client_that_never_ends_its_batch_is_idle(self, gate: Gate) -> None:
        reader, writer = await raw.log_in(gate)
        writer.write(extended("update audit set what = 'y' where id = 1"))
        async with asyncio.timeout(5):
            told = await raw.until(reader, b"E")
            assert b"57P05" in told[-1][1]
            assert await reader.read() == b""
        assert gate.direct("select count(*) from audit where what = 'y'") == "0"
        writer.close()


class TestStatement:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(statement=0.6, end=0.5)

    @pytest.mark.parametrize("when", ["IMMEDIATE", "DEFERRED"])
    async def test_what_is_checked_late_counts_to_the_statement(self, gate: Gate, when: str) -> None:
        gate.cluster.psql(
            """SET ROLE app; CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN PERFORM pg_sleep(20); RETURN NULL; END$$;
            CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON audit DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION slow();""",
            database="shop",
        )
        try:
            if when == "DEFERRED":
                gate.policies.current.max_rows = None
                gate.passes.add("agent", kind=PrincipalKind.AGENT, verbs=READ_WRITE)
            reader, writer = await raw.log_in(gate, "agent" if when == "DEFERRED" else "svc")
            writer.write(Query(text="update audit set what = 'y' where id = 1").encode())
            async with asyncio.timeout(5):
                told = await raw.until(reader, b"Z")
            assert [kind for kind, _ in told] == [b"E", b"Z"]
            assert b"57014" in told[0][1]
            assert told[-1][1] == b"I"
            assert "bound.hit" in gate.recorder.types()
            writer.close()
        finally:
            gate.cluster.psql("SET ROLE app; DROP TRIGGER late ON audit; DROP FUNCTION slow()", database="shop")


WAYS = pytest.mark.parametrize("way", ["simple", "extended"])
WHO = pytest.mark.parametrize("who", ["agent", "svc"])  # with the guard, and without


class TestCopyIn:
    @staticmethod
    async def begin(gate: Gate, way: str, who: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        gate.passes.add("agent", kind=PrincipalKind.AGENT, verbs=READ_WRITE)
        reader, writer = await raw.log_in(gate, who)
        text = "copy audit (what) from stdin"
        writer.write(Query(text=text).encode() if way == "simple" else extended(text) + Sync().encode())
        async with asyncio.timeout(5):
            await raw.until(reader, b"G")
        return reader, writer

    @WHO
    @WAYS
    @pytest.mark.parametrize("ending", ["done", "failed", "bad data"])
    async def test_whatever_its_end_the_session_goes_on(self, gate: Gate, way: str, who: str, ending: str) -> None:
        reader, writer = await self.begin(gate, way, who)
        data = CopyData(data=b"one\ntwo\n" if ending != "bad data" else b"a\tb\tc\n").encode()
        writer.write(data + (CopyFail(reason="no").encode() if ending == "failed" else CopyDone().encode()))
        if way == "extended":
            writer.write(Sync().encode())
        async with asyncio.timeout(5):
            told = await raw.until(reader, b"Z")
            assert [kind for kind, _ in told] == [b"C" if ending == "done" else b"E", b"Z"]
            assert told[-1][1] == b"I"
            assert gate.direct("select count(*) from audit") == ("7" if ending == "done" else "5")
            writer.write(Query(text="select 1").encode())
            assert [kind for kind, _ in await raw.until(reader, b"Z")] == [b"T", b"D", b"C", b"Z"]
        writer.close()

    @WHO
    @WAYS
    async def test_a_goodbye_in_the_middle_ends_it(self, gate: Gate, way: str, who: str) -> None:
        reader, writer = await self.begin(gate, way, who)
        writer.write(CopyData(data=b"one\n").encode() + Terminate().encode())
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        await gate.until("select count(*) from pg_stat_activity where query like 'copy%' and state = 'active'", "0")
        assert gate.direct("select count(*) from audit") == "5"
        writer.close()

    @WHO
    @WAYS
    async def test_a_kill_in_the_middle_ends_it(self, gate: Gate, way: str, who: str) -> None:
        reader, writer = await self.begin(gate, way, who)
        writer.write(CopyData(data=b"one\n").encode())
        gate.live.shutdown()
        async with asyncio.timeout(5):
            assert b"57P01" in (await raw.until(reader, b"E"))[-1][1]
            assert await reader.read() == b""
        await gate.until("select count(*) from pg_stat_activity where query like 'copy%' and state = 'active'", "0")
        assert gate.direct("select count(*) from audit") == "5"
        writer.close()

    async def test_beside_other_statements_it_cannot_be_guarded(self, gate: Gate) -> None:
        gate.passes.add("agent", kind=PrincipalKind.AGENT, verbs=READ_WRITE)
        gate.policies.current.max_rows = None
        reader, writer = await raw.log_in(gate, "agent")
        writer.write(Query(text="insert into audit (what) values ('x'); copy audit (what) from stdin").encode())
        async with asyncio.timeout(5):
            told = await raw.until(reader, b"Z")
        assert b"one of several statements" in told[0][1]
        assert gate.direct("select count(*) from audit") == "5"
        writer.close()
