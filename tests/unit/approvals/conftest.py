from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.approvals.parts import Bench, fresh_database


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(database=fresh_database(tmp_path / "state.db"))
    yield bench
    await bench.desk.close()
    bench.database.close()
