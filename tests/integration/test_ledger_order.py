"""Recorded before released: writes wait for their intent, reads run but nothing of their answer leaves before it is durable."""

import asyncio
import contextlib

import psycopg
import pytest

from passgate.core.errors import LedgerUnavailableError
from tests.integration.conftest import Gate
from tests.integration.raw import log_in, message, until
from tests.integration.test_ending import query


async def test_a_read_runs_but_its_answer_waits(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    reader, writer = await log_in(gate)
    gate.recorder.delay = True
    writer.write(query("select setval('audit_id_seq', 500)"))
    await gate.recorder.asked()
    await gate.until("select last_value from audit_id_seq", "500")
    early = asyncio.create_task(message(reader))
    await asyncio.sleep(0.05)
    assert not early.done()
    gate.recorder.delay = False
    gate.recorder.sync()
    assert (await early)[0] == b"T"
    assert [kind for kind, _ in await until(reader, b"Z")] == [b"D", b"C", b"Z"]
    writer.close()


async def test_a_write_waits_for_its_intent_and_its_last_byte_for_the_outcome(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    reader, writer = await log_in(gate)
    gate.recorder.delay = True
    writer.write(query("insert into audit (what) values ('strict')"))
    await gate.recorder.asked()
    await asyncio.sleep(0.05)
    assert gate.direct("select count(*) from audit where what = 'strict'") == "0"
    gate.recorder.sync()
    await gate.recorder.asked()
    assert gate.direct("select count(*) from audit where what = 'strict'") == "1"
    last = asyncio.create_task(message(reader))
    await asyncio.sleep(0.05)
    assert not last.done()
    gate.recorder.delay = False
    gate.recorder.sync()
    assert (await last)[0] == b"C"
    writer.close()


@pytest.mark.parametrize("sql", ["select 1", "insert into audit (what) values ('lost')"])
async def test_an_intent_that_is_never_durable_ends_the_session(gate: Gate, sql: str) -> None:
    gate.policies.current.max_rows = None
    reader, writer = await log_in(gate)
    gate.recorder.delay = True
    writer.write(query(sql))
    await gate.recorder.asked()
    gate.recorder.sync(LedgerUnavailableError())
    gate.recorder.delay = False
    rest = await reader.read()
    assert b"58030" in rest
    assert b"SELECT" not in rest
    assert gate.direct("select count(*) from audit where what = 'lost'") == "0"
    writer.close()


async def test_a_ledger_that_is_full_refuses_new_work_until_it_can(gate: Gate) -> None:
    async with await gate.connect() as connection:
        gate.recorder.full = True
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="recorded"):
            await connection.execute("select 1")
        gate.recorder.full = False
        assert await (await connection.execute("select 1")).fetchone() == (1,)


async def test_what_the_client_saw_is_recorded_masked(gate: Gate) -> None:
    async with await gate.connect() as connection:
        await connection.execute("select email from customers where name = 'bob@example.com' or id = 1")
        with contextlib.suppress(psycopg.Error):
            await connection.execute(b"drop table audit")
    recording = gate.recorder.recordings[-1]
    assert recording.of("in") == [b"select email from customers where name = '<EMAIL>' or id = 1", b"drop table audit"]
    assert recording.of("rows") == [b"D\0\0\0\x0e\0\x01\0\0\0\4u***"]
    assert recording.ends() == [{"tag": "SELECT 1", "status": "ok", "rows": 1}]
    assert b'"masked":["mask-email"]' in recording.of("shape")[0]
    assert b'"rule":"no-drop"' in recording.of("verdict")[1]
    assert b"42501" in recording.of("notice")[0]
