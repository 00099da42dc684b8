from pathlib import Path

import pytest

from passgate.api.server import AdminServer
from passgate.api.siblings import Siblings
from tests.unit.api.conftest import Gate


async def test_whoever_gave_out_the_key_cancels(server: AdminServer, gate: Gate, path: Path) -> None:
    siblings = Siblings(path.with_name("gate-1.sock"))
    assert await siblings.cancel(7, b"right")
    assert not await siblings.cancel(7, b"wrong")
    assert gate.calls == [("cancel", 7, b"right"), ("cancel", 7, b"wrong")]


async def test_a_worker_does_not_ask_itself_nor_another_node(server: AdminServer, gate: Gate, path: Path) -> None:
    assert not await Siblings(path).cancel(7, b"right")
    assert not await Siblings(path.with_name("other-1.sock")).cancel(7, b"right")
    assert gate.calls == []


@pytest.fixture
def left_behind(path: Path) -> Path:
    path.touch()
    return path


async def test_a_worker_that_is_gone_is_only_a_warning(left_behind: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not await Siblings(left_behind.with_name("gate-1.sock")).cancel(7, b"right")
    assert "gate-0" in caplog.text
    assert "right" not in caplog.text
