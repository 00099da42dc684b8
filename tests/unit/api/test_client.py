"""The command line's end, against real servers."""

import socket
from pathlib import Path
from threading import Thread

import pytest

from passgate.api import client as client_module
from passgate.api.client import AdminClient
from passgate.api.server import AdminServer
from tests.unit.api.conftest import Gate, blocking


@pytest.fixture
def client(tmp_path: Path) -> AdminClient:
    return AdminClient(tmp_path, timeout_seconds=5)


async def test_every_question_finds_its_answer(server: AdminServer, gate: Gate, client: AdminClient) -> None:
    def questions() -> None:
        (sessions,) = client.sessions().answers
        assert [s.id for s in sessions.answer.sessions] == ["s1", "s2"]
        assert sessions.gate == "gate-0"
        assert client.status().answers[0].answer.sessions == 2
        assert client.kill("s1").answers[0].answer.found is True
        assert client.kill("s1").answers[0].answer.found is False
        assert client.revoked(("pg_1",)).answers[0].answer.sessions == 1
        assert client.reload_policy().answers[0].answer.version == "def"
        assert client.refresh_catalog("shop").answers[0].answer.versions == {"shop": "7"}
        assert client.refresh_catalog(None).answers[0].answer.versions == {"all": "7"}

    await blocking(questions)
    assert gate.live == {}


async def test_what_could_not_be_done_is_told_with_the_gates_name(
    server: AdminServer, gate: Gate, client: AdminClient
) -> None:
    gate.policy_is_bad = True

    def questions() -> None:
        for survey, error in (
            (client.reload_policy(), "rules.yaml:3: no such attribute"),
            (client.refresh_catalog("down"), "down cannot be reached"),
        ):
            assert survey.answers == ()
            assert [(f.gate, f.answer) for f in survey.failed] == [("gate-0", error)]

    await blocking(questions)


async def test_all_gates_are_asked_and_dead_sockets_are_noted(
    server: AdminServer, client: AdminClient, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "gate-1.sock"))
    second = AdminServer(path=tmp_path / "gate-2.sock", control=Gate(live={}))
    await second.start()

    def questions() -> None:
        survey = client.status()
        assert [(a.gate, a.answer.sessions) for a in survey.answers] == [("gate-0", 2), ("gate-2", 0)]
        assert survey.notes == ("gate-1.sock: left behind by a gate that no longer runs",)

    await blocking(questions)
    await second.close()


def test_no_gate_runs(client: AdminClient, tmp_path: Path) -> None:
    survey = client.status()
    assert (survey.answers, survey.failed, survey.notes) == ((), (), ())
    assert AdminClient(tmp_path / "none").status().notes == ()


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        (b"", "closed before the answer was whole"),
        (b'{"kind": "killed", "found": true}', "closed before the answer was whole"),
        (b"nonsense\n", "not a message of the admin channel"),
        (b'{"kind": "killed", "found": true}\n', "the answer fits another question"),
        (b"x" * 100, "closed before the answer was whole"),
    ],
)
def test_a_gate_that_talks_nonsense_is_noted(
    client: AdminClient, tmp_path: Path, reply: bytes, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 64)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "odd.sock"))
        listening.listen()

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(reply)

        thread = Thread(target=answer_once)
        thread.start()
        survey = client.status()
        thread.join()
    assert survey.answers == ()
    assert note in survey.notes[0]


def test_a_gate_that_hangs_is_noted(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "hung.sock"))
        listening.listen()
        (note,) = AdminClient(tmp_path, timeout_seconds=0.1).status().notes
    assert note == "hung.sock: no answer (timed out)"
