"""``passgate pass revoke`` in a process of its own ends a live session here: told over the socket, and also if nobody tells."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passgate.api.messages import CatalogsRefreshed, GateStatus, PolicyReloaded
from passgate.api.server import AdminServer
from passgate.config.state_folder import StateFolder
from passgate.core.errors import StoreError
from passgate.core.passes import Pass, PassState
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.identity.registry import PassRegistry
from passgate.identity.revocation_watch import RevocationWatch
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase

CONFIG = """\
state: ./state
listeners: [{kind: postgres}]
resources:
  shop:
    kind: postgres
    upstream: {host: db.internal, database: shop, user: app, credential: {env: SHOP_PASSWORD}}
"""


@dataclass
class Connection:
    """Stands for a client's connection: notes when it was ended, and why."""

    ended: "asyncio.Future[tuple[EndReason, float]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def end_denied(self) -> None:
        raise AssertionError("no rules have changed")

    def end(self, reason: EndReason) -> None:
        if not self.ended.done():
            self.ended.set_result((reason, time.monotonic()))


@dataclass
class Gate:
    """The parts of a gate that have to do with passes, wired as the composition root wires them."""

    folder: Path
    passes: PassRegistry
    live: LiveSessions
    watch: RevocationWatch

    def status(self) -> GateStatus:
        raise NotImplementedError

    def sessions(self) -> tuple[Session, ...]:
        return self.live.list()

    async def kill(self, session_id: str, *, actor: str) -> bool:
        assert actor.startswith("unix:")
        return self.live.kill(session_id)

    async def cancel(self, process_id: int, key: bytes) -> bool:
        return False

    async def revoked(self, pass_ids: frozenset[str]) -> int:
        assert pass_ids
        return self.watch.look()

    async def reload_policy(self, *, actor: str) -> PolicyReloaded:
        raise NotImplementedError

    async def refresh_catalog(self, resource: str | None, *, actor: str) -> CatalogsRefreshed:
        raise NotImplementedError

    def connect(self, pass_id: str) -> tuple[Session, Connection]:
        pass_ = self.passes.find(pass_id)
        assert isinstance(pass_, Pass)
        resource = Resource(name="shop", kind="postgres")
        session = Session(
            id=f"session-of-{pass_id}", pass_=pass_, resource=resource, opened=datetime.now(UTC), peer="127.0.0.1"
        )
        connection = Connection()
        self.live.register(session, connection)
        return session, connection


def panic(error: StoreError) -> None:
    raise AssertionError(error)


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    (tmp_path / "passgate.yaml").write_text(CONFIG)
    state = StateFolder(path=tmp_path / "state")
    state.create()
    database = SqliteDatabase(state.database)
    store, live = PassStore(database), LiveSessions()
    watch = RevocationWatch(feed=store, end=live.revoke, blind=panic)
    yield Gate(folder=tmp_path, passes=PassRegistry(store), live=live, watch=watch)
    for session in live.list():
        live.unregister(session)
    database.close()


async def passgate(folder: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "passgate", *words, cwd=folder, env=dict(os.environ), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def issue(folder: Path) -> str:
    out = await passgate(
        folder, "pass", "issue", "--for", "human:ada", "--resource", "shop", "--purpose", "x", "--json"
    )
    return str(json.loads(out)["id"])


async def test_it_is_told_over_the_socket(gate: Gate) -> None:
    server = AdminServer(path=StateFolder(path=gate.folder / "state").socket("gate", 0), control=gate)
    await server.start()
    revoked, other = await issue(gate.folder), await issue(gate.folder)
    (_, connection), (_, untouched) = gate.connect(revoked), gate.connect(other)
    out = json.loads(await passgate(gate.folder, "pass", "revoke", revoked, "--json"))
    assert out == {"revoked": [revoked], "sessions_ended": 1, "gates": ["gate-0"]}
    assert connection.ended.result()[0] is EndReason.PASS_REVOKED
    assert not untouched.ended.done()
    assert json.loads(await passgate(gate.folder, "sessions", "list", "--live", "--json"))[0]["pass_id"] in {
        revoked,
        other,
    }
    await server.close()


async def test_it_is_seen_within_two_seconds_if_nobody_tells(gate: Gate) -> None:
    pass_id = await issue(gate.folder)
    session, connection = gate.connect(pass_id)
    watching = asyncio.create_task(gate.watch.run())
    await passgate(gate.folder, "pass", "revoke", pass_id)
    returned = time.monotonic()
    async with asyncio.timeout(5):
        reason, at = await connection.ended
    watching.cancel()
    assert reason is EndReason.PASS_REVOKED
    assert at - returned < 2
    found = gate.passes.find(pass_id)
    assert found is not None
    assert found.state(datetime.now(UTC)) is PassState.REVOKED
    assert session.pass_.revoked is None, "the session's own copy is the one of its log-in: only the watch can know"


async def test_a_session_is_killed_by_name(gate: Gate) -> None:
    server = AdminServer(path=StateFolder(path=gate.folder / "state").socket("gate", 0), control=gate)
    await server.start()
    session, connection = gate.connect(await issue(gate.folder))
    assert await passgate(gate.folder, "sessions", "kill", session.id) == f"killed {session.id}\n"
    assert connection.ended.result()[0] is EndReason.KILLED
    await server.close()
