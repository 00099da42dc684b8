import ssl

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from passgate.testing import IssuedPass, RunningGate

METADATA = sa.MetaData()
CUSTOMERS = sa.Table(
    "customers",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("email", sa.Text),
)
ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_id", sa.ForeignKey("customers.id")),
    sa.Column("status", sa.Text),
)


def query() -> "sa.Select[tuple[int, str, str]]":
    return (
        sa.select(CUSTOMERS.c.id, CUSTOMERS.c.email, ORDERS.c.status)
        .join(ORDERS)
        .where(ORDERS.c.id.in_([41, 42]))
        .order_by(ORDERS.c.id)
    )


def check(rows) -> None:
    assert [row.id for row in rows] == [42, 43]
    assert not any(row.email.startswith("customer") for row in rows)


def test_on_psycopg(gate: RunningGate, agent: IssuedPass) -> None:
    engine = sa.create_engine(gate.dsn(agent).replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        check(connection.execute(query()).all())
        connection.execute(sa.update(ORDERS).where(ORDERS.c.id == 41).values(status="sa"))
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError):
        connection.execute(sa.delete(ORDERS))
    assert "customers" in sa.inspect(engine).get_table_names()
    assert {c["name"] for c in sa.inspect(engine).get_columns("orders")} >= {"id", "status"}
    engine.dispose()


async def test_on_asyncpg(gate: RunningGate, agent: IssuedPass) -> None:
    url = f"postgresql+asyncpg://{agent.id}:{agent.secret}@127.0.0.1:{gate.port}/shop"
    engine = create_async_engine(url, connect_args={"ssl": ssl.create_default_context(cafile=str(gate.ca))})
    async with engine.connect() as connection:
        check((await connection.execute(query())).all())
        with pytest.raises(sa.exc.DBAPIError):
            await connection.execute(sa.delete(ORDERS))
    await engine.dispose()
