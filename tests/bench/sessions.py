"""Many idle sessions: how quickly they open and what they weigh."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from tests.bench.process_figures import figures
from tests.bench.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """``per_second``: log-ins; ``resident``: bytes of the proxy with all of them idle, ``before``: with none."""

    per_second: float
    before: int
    resident: int


async def open_many(target: Target, count: int, *, at_once: int = 16) -> Sessions:
    if target.pid is None:
        raise ValueError("there is no proxy on the direct way")
    before = figures(target.pid).resident
    slots = asyncio.Semaphore(at_once)

    async def one() -> asyncpg.Connection:
        async with slots:
            return await asyncpg.connect(
                host=target.environment["PGHOST"],
                port=int(target.environment["PGPORT"]),
                user=target.environment["PGUSER"],
                password=target.environment["PGPASSWORD"],
                database=target.environment["PGDATABASE"],
                ssl=False,
                timeout=120,
            )

    start = time.perf_counter()
    connections = await asyncio.gather(*(one() for _ in range(count)))
    elapsed = time.perf_counter() - start
    resident = figures(target.pid).resident
    await asyncio.gather(*(connection.close() for connection in connections))
    return Sessions(per_second=count / elapsed, before=before, resident=resident)
