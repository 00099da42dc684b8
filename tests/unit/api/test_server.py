"""The gate's end of the admin socket."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
import uvloop

from passgate.api import server as server_module
from passgate.api.access_messages import AskAccess, ListAccess, TakeAccess, VoteAccess
from passgate.api.messages import (
    MAX_REQUEST_BYTES,
    CastVote,
    Failed,
    GetStatus,
    KillSession,
    ListApprovals,
    decode_answer,
    encode,
)
from passgate.api.peer import Peer
from passgate.api.server import APPROVALS, MAX_CONNECTIONS, AdminServer
from passgate.core.action import VerbClass
from passgate.core.errors import ConfigError
from tests.unit.api.conftest import Gate, make_access_request, make_request


async def ask(path: Path, *lines: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"".join(lines))
    writer.write_eof()
    try:
        answers = (await reader.read()).splitlines(keepends=True)
    except ConnectionResetError:  # closed with the request unread
        answers = []
    writer.close()
    return answers


async def test_several_requests_on_one_connection(server: AdminServer, gate: Gate) -> None:
    answers = await ask(
        server.path, encode(GetStatus()), encode(KillSession(session="s1")), b"{}\n", encode(GetStatus())
    )
    decoded = [decode_answer(line) for line in answers]
    assert [answer.kind for answer in decoded] == ["status", "killed", "failed", "status"]
    assert [call[:2] for call in gate.calls] == [("kill", "s1")]
    assert decoded[0] != decoded[3], "one session fewer"


async def test_the_one_who_asked_is_named_to_the_gate(server: AdminServer, gate: Gate) -> None:
    await ask(server.path, encode(KillSession(session="s2")))
    assert gate.calls == [("kill", "s2", Peer(pid=0, uid=os.geteuid()).name)]


def test_the_socket_is_its_owners_only(gate: Gate, path: Path) -> None:
    async def look() -> int:
        server = AdminServer(path=path, control=gate)
        await server.start()
        mode = stat.S_IMODE(os.stat(path).st_mode)
        await server.close()
        await server.close()
        return mode

    assert asyncio.run(look()) == 0o600
    assert not path.exists()


async def test_another_user_gets_no_word(server: AdminServer, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_of", lambda _: Peer(pid=1, uid=os.geteuid() + 1))
    assert await ask(server.path, encode(KillSession(session="s1"))) == []
    assert gate.calls == []


async def test_root_may_always_and_others_only_if_named(
    gate: Gate, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = AdminServer(path=path, control=gate, allowed=frozenset({1234}))
    await server.start()
    answered = []
    for uid in (0, 1234, 1235):
        monkeypatch.setattr(server_module, "peer_of", lambda _, uid=uid: Peer(pid=1, uid=uid))
        answered.append(len(await ask(path, encode(GetStatus()))))
    await server.close()
    assert answered == [1, 1, 0]


async def test_a_request_that_is_too_long_ends_the_connection(server: AdminServer, gate: Gate) -> None:
    answers = await ask(server.path, b"x" * (MAX_REQUEST_BYTES + 10) + b"\n", encode(KillSession(session="s1")))
    assert [decode_answer(line) for line in answers] == [
        Failed(error=f"a request is at most {MAX_REQUEST_BYTES} bytes")
    ]
    assert gate.calls == []


async def test_half_a_request_is_none(server: AdminServer, gate: Gate) -> None:
    assert await ask(server.path, encode(KillSession(session="s1")).rstrip(b"\n")) == []
    assert gate.calls == []


async def test_a_silent_connection_is_closed(gate: Gate, path: Path) -> None:
    server = AdminServer(path=path, control=gate, idle_seconds=0.05)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(path)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await server.close()


async def test_connections_are_bounded(server: AdminServer) -> None:
    held = [await asyncio.open_unix_connection(server.path) for _ in range(MAX_CONNECTIONS)]
    for reader, writer in held:
        writer.write(encode(GetStatus()))
        assert await reader.readline()
    reader, writer = await asyncio.open_unix_connection(server.path)
    assert await reader.read() == b""
    writer.close()
    for _, writer in held:
        writer.close()


async def test_closing_ends_open_connections(gate: Gate, path: Path) -> None:
    server = AdminServer(path=path, control=gate)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(encode(GetStatus()))
    assert await reader.readline()
    await server.close()
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_vanishes_does_no_harm(server: AdminServer) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(server.path))
            client.sendall(encode(GetStatus()) * 50)
    assert len(await ask(server.path, encode(GetStatus()))) == 1


async def test_a_socket_left_behind_is_replaced(gate: Gate, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = AdminServer(path=path, control=gate)
    await server.start()
    assert len(await ask(path, encode(GetStatus()))) == 1
    await server.close()


async def test_a_gate_that_runs_is_not_replaced(server: AdminServer, gate: Gate) -> None:
    with pytest.raises(ConfigError, match="Another gate answers at"):
        await AdminServer(path=server.path, control=gate).start()
    assert len(await ask(server.path, encode(GetStatus()))) == 1


async def test_a_gate_that_is_too_busy_to_accept_is_not_replaced(gate: Gate, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as client:
        busy.bind(str(path))
        busy.listen(0)
        client.connect(str(path))
        with pytest.raises(ConfigError, match="Another gate answers at"):
            await AdminServer(path=path, control=gate).start()


async def test_paths_that_cannot_be_used(gate: Gate, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long a path"):
        await AdminServer(path=tmp_path / ("x" * 100), control=gate).start()
    with pytest.raises(ConfigError, match="cannot be made: No such file"):
        await AdminServer(path=tmp_path / "none" / "s", control=gate).start()


def test_it_works_on_uvloop_too(gate: Gate, path: Path) -> None:
    async def talk() -> list[bytes]:
        server = AdminServer(path=path, control=gate)
        await server.start()
        answers = await ask(path, encode(KillSession(session="s1")))
        await server.close()
        return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        (answer,) = runner.run(talk())
    assert decode_answer(answer).model_dump() == {"kind": "killed", "found": True}
    assert gate.calls == [("kill", "s1", Peer(pid=0, uid=os.geteuid()).name)]


async def test_the_peoples_socket_takes_approvals_and_nothing_else(gate: Gate, path: Path) -> None:
    gate.requests["r1"] = make_request()
    people = AdminServer(path=path, control=gate, operations=APPROVALS, mode=0o666)
    await people.start()
    gate.access_requests["a1"] = make_access_request()
    asked = (
        ListApprovals(),
        CastVote(request="r1", approves=True, note="fine"),
        AskAccess(resources=("shop",), verbs=(VerbClass.READ,), seconds=60),
        ListAccess(),
        VoteAccess(request="a1", approves=True),
        TakeAccess(request="a1"),
        KillSession(session="s1"),
        GetStatus(),
    )
    answers = [decode_answer(line) for line in await ask(path, *map(encode, asked))]
    mode = stat.S_IMODE(os.stat(path).st_mode)
    await people.close()
    kinds = ["approvals", "vote", "access", "access.listed", "access", "access.granted", "failed", "failed"]
    assert [answer.kind for answer in answers] == kinds
    assert list(gate.live) == ["s1", "s2"]
    me = Peer(pid=0, uid=os.geteuid()).name
    assert gate.calls[:2] == [("approvals", me), ("vote", "r1", True, "fine", me)]
    assert gate.calls[2:] == [("access", request, me) for request in asked[2:6]]
    assert "pgs_x" not in repr(answers)
    assert mode == 0o666
