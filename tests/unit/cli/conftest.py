"""The command line as a user meets it, and gates for it to talk to."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from passgate.api.server import AdminServer
from passgate.cli.main import run
from passgate.config.state_folder import StateFolder
from tests.unit.api.conftest import Gate
from tests.unit.cli.provider import World
from tests.unit.ledger.conftest import Recorded, record_session

CONFIG = """\
state: ./state
listeners:
  - {kind: postgres, port: 6432}
resources:
  shop: &shop
    kind: postgres
    upstream: {host: db.internal, database: shop, user: app, credential: {env: SHOP_PASSWORD}}
  warehouse: *shop
passes: {default_ttl: 30m, max_ttl: 2h}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Passgate = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, which is also the working directory."""
    for name in ("PASSGATE_CONFIG", "PASSGATE_STATE", "PASSGATE_IMPL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "passgate.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> Recorded:
    """A recorded ledger in the configuration's state folder, which every command takes by itself."""
    (folder / "state").mkdir(mode=0o700)
    return asyncio.run(record_session(folder / "state" / "ledger"))


@pytest.fixture
def passgate(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Passgate:
    """Run one command to its end."""

    def invoke(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["passgate", *words])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        captured = capsys.readouterr()
        return Result(code=code, out=captured.out, err=captured.err)

    return invoke


class RunningGates:
    """Admin servers on a loop of their own thread, as another process would have them."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._servers: list[AdminServer] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def start(self, worker: int, gate: Gate) -> Gate:
        server = AdminServer(path=self._state.socket("gate", worker), control=gate)
        asyncio.run_coroutine_threadsafe(server.start(), self._loop).result(5)
        self._servers.append(server)
        return gate

    def stop(self) -> None:
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def gates(folder: Path) -> Iterator[RunningGates]:
    state = StateFolder(path=folder / "state")
    state.create()
    gates = RunningGates(state)
    yield gates
    gates.stop()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """On a loop of its own thread, as another process would be; the browser is the world's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = World.running()
    try:
        world = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(10)

        async def browse(page: str) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(world.browse(page), loop))

        monkeypatch.setattr("passgate.cli.browser.open_browser", browse)
        monkeypatch.setattr("passgate.cli.browser.has_browser", lambda: True)
        yield world
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
