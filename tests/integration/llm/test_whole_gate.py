"""A whole gate of two workers with TLS, in front of models and nothing else, used and ended from outside."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

from passgate.testing import GateSetup, IssuedPass, LlmUpstream, RunningGate
from passgate.testing.llm_provider import Fault, Provider, RunningProvider, Script, Text

RESOURCES = ("gpt", "claude")


@dataclass(frozen=True)
class Whole:
    gate: RunningGate
    provider: Provider


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Takes seconds to start: one for the module."""
    with RunningProvider.start() as running:
        key = running.provider.key
        models = (
            LlmUpstream(name="gpt", provider="openai", url=f"{running.url}/v1", credential=key),
            LlmUpstream(name="claude", provider="anthropic", url=running.url, credential=key),
        )
        setup = GateSetup(packs=("llm-safe",), models=models, workers=2, https=True)
        with RunningGate.start(tmp_path_factory.mktemp("whole"), None, setup) as gate:
            yield Whole(gate=gate, provider=running.provider)


@contextlib.contextmanager
def connected(whole: Whole) -> Iterator[httpx.Client]:
    """Connections of its own. Not asyncio's: those say good-bye in TLS behind the test's back, perhaps after its loop has ended."""
    with httpx.Client(verify=ssl.create_default_context(cafile=str(whole.gate.ca)), timeout=30) as client:
        yield client


@pytest.fixture
def client(whole: Whole) -> Iterator[httpx.Client]:
    with connected(whole) as client:
        yield client


@pytest.fixture
def issued(whole: Whole) -> IssuedPass:
    whole.provider.forget()
    whole.provider.default = Script()
    return whole.gate.issue(resources=RESOURCES, ttl="5m")


def chat(text: str, **more: object) -> Mapping[str, object]:
    return {"model": "gpt-5", "messages": [{"role": "user", "content": text}], **more}


def ask(whole: Whole, client: httpx.Client, issued: IssuedPass, body: object) -> tuple[int, str, str]:
    """Status, session and text of the answer."""
    headers = {"Authorization": f"Bearer {issued.key}"}
    response = client.post(f"{whole.gate.url}/v1/chat/completions", json=body, headers=headers)
    return response.status_code, response.headers.get("x-passgate-session", ""), response.text


def test_two_workers_give_the_same_token(whole: Whole, issued: IssuedPass) -> None:
    answers = []
    for _ in range(24):  # the kernel chooses a worker for each connection
        with connected(whole) as client:
            answers.append(ask(whole, client, issued, chat("to ada@example.com")))
    assert {status for status, _, _ in answers} == {200}
    assert len({session for _, session, _ in answers}) == 2
    assert len({one.body for one in whole.provider.received}) == 1
    assert all("ada@example.com" in text for _, _, text in answers)
    assert b"ada@example.com" not in whole.provider.last.body


def test_a_pass_that_is_revoked_from_outside_ends_its_streams(
    whole: Whole, client: httpx.Client, issued: IssuedPass
) -> None:
    whole.provider.default = Script(parts=(Text(text="one two three four"),), fault=Fault.HANG, faultless=3)
    url, headers = f"{whole.gate.url}/v1/chat/completions", {"Authorization": f"Bearer {issued.key}"}
    with client.stream("POST", url, json=chat("x", stream=True), headers=headers) as response:
        pieces = response.iter_text()
        next(pieces)
        whole.gate.cli("pass", "revoke", issued.id)
        told = time.monotonic()
        rest = "".join(pieces)
        assert time.monotonic() - told < 2
    assert "pass_ended" in rest
    assert whole.provider.exchanges[-1].gone.wait(2)
    status, _, text = ask(whole, client, issued, chat("x"))
    assert (status, json.loads(text)["error"]["code"]) == (401, "pass_ended")


def test_nothing_secret_is_left_on_disk(whole: Whole, client: httpx.Client, issued: IssuedPass) -> None:
    secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    assert (ask(whole, client, issued, chat(f"use {secret}")))[0] == 403
    assert (ask(whole, client, issued, chat("to grace@example.com")))[0] == 200
    listed = json.loads(whole.gate.cli("sessions", "list", "--json"))
    mine = [one["id"] for one in listed if one["pass_id"] == issued.id]
    assert mine
    for session in mine:
        played = whole.gate.cli("sessions", "replay", session, check=False)
        assert secret not in played
        assert "grace@example.com" not in played
    hidden = (secret, issued.secret, "grace@example.com", whole.provider.key)
    files = [path for path in whole.gate.directory.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    assert whole.gate.directory / "gate.log" in files
    for path in files:
        data = _read(path)
        for one in hidden:
            assert one.encode() not in data, path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a journal of the database comes and goes
        return b""


def test_plain_http_is_not_spoken_where_tls_is(whole: Whole) -> None:
    with socket.create_connection(("127.0.0.1", whole.gate.http_port), timeout=15) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"200" not in b"".join(iter(lambda: plain.recv(4096), b""))


def test_the_ledger_holds_together(whole: Whole) -> None:
    report = whole.gate.cli("ledger", "verify")
    assert "FAIL" not in report
    assert "C2   PASS" in report
