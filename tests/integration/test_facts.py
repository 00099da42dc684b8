"""No masked row reaches a client before it is known of its task that it was read."""

import asyncio

import pytest

from passgate.core.action import Action
from passgate.core.decision import Decision
from passgate.core.errors import StoreError
from passgate.core.shape import PartPlan, Plan, Shape
from tests.integration.conftest import Gate
from tests.integration.fakes import ColumnPlanner
from tests.integration.raw import log_in, message, until
from tests.integration.test_ending import query

MASKED = ("select email from customers where id = 1", "copy (select email from customers) to stdout")


@pytest.mark.parametrize("sql", MASKED)
async def test_a_masked_result_waits_until_the_fact_is_stored(gate: Gate, sql: str) -> None:
    reader, writer = await log_in(gate)
    gate.tasks.held = True
    writer.write(query(sql))
    write = await gate.tasks.asked()
    (session,) = gate.live.list()
    assert "sensitive-read" in session.tags
    early = asyncio.create_task(message(reader))
    await asyncio.sleep(0.05)
    assert not early.done()
    write.set_result(None)
    assert (await early)[0] in (b"T", b"H")
    rows = [data for kind, data in await until(reader, b"Z") if kind in (b"D", b"d")]
    assert rows
    assert all(b"***" in row for row in rows)
    writer.close()


@pytest.mark.parametrize("sql", MASKED)
async def test_a_fact_that_cannot_be_stored_ends_the_session_before_a_row(gate: Gate, sql: str) -> None:
    reader, writer = await log_in(gate)
    gate.tasks.held = True
    writer.write(query(sql))
    (await gate.tasks.asked()).set_exception(StoreError("the disk is full"))
    rest = await reader.read()
    assert b"58030" in rest
    assert b"the state store cannot record" in rest
    assert b"***" not in rest
    writer.close()


async def test_the_extended_protocol_waits_as_well(gate: Gate) -> None:
    connection = await gate.asyncpg()
    statement = await connection.prepare("select email from customers where id = $1")
    gate.tasks.held = True
    reading = asyncio.create_task(statement.fetch(1))
    write = await gate.tasks.asked()
    await asyncio.sleep(0.05)
    assert not reading.done()
    write.set_result(None)
    assert (await reading)[0]["email"] == "u***"
    await connection.close()


async def test_a_value_found_in_passing_waits(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(self: ColumnPlanner, action: Action, decision: Decision, shape: Shape) -> Plan:
        return Plan(parts=tuple(PartPlan(scan=True) for _ in shape.parts))

    monkeypatch.setattr(ColumnPlanner, "plan", scan)
    reader, writer = await log_in(gate)
    gate.tasks.held = True
    writer.write(query("select note from orders where id = 1"))
    assert [kind for kind, _ in await until(reader, b"Z")] == [b"T", b"D", b"C", b"Z"]
    (session,) = gate.live.list()
    assert "sensitive-read" not in session.tags
    gate.direct("update orders set note = 'to bob@example.com' where id = 1")
    writer.write(query("select note from orders where id = 1"))
    write = await gate.tasks.asked()
    assert "sensitive-read" in session.tags
    early = asyncio.create_task(message(reader))
    await asyncio.sleep(0.05)
    assert not early.done()
    write.set_result(None)
    assert (await early)[0] == b"T"
    kind, row = await message(reader)
    assert (kind, b"<EMAIL>" in row) == (b"D", True)
    writer.close()
    assert session.counters["masked"] == 1
    assert session.counters["rows"] == 2
