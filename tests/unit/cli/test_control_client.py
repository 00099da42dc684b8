"""The command line's end of the control API: what it sends, and what it makes of an answer."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from passgate.cli import control_client
from passgate.cli.control_client import ControlApiError, ControlClient, origin
from passgate.core.errors import ConfigError


@dataclass
class Gate:
    """What it answers, and what it was asked: ``(method, path, headers, body)``."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def client(self) -> ControlClient:
        return ControlClient(gate=self.url, token="a.b.c")


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            gate.asked.append((self.command, self.path, dict(self.headers), body))
            self.send_response(gate.status)
            if gate.status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(gate.body)))
            self.end_headers()
            for at in range(0, len(gate.body), 50_000):
                self.wfile.write(gate.body[at : at + 50_000])
                time.sleep(0.01 * (len(gate.body) > 50_000))

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gate.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield gate
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_sent(gate: Gate) -> None:
    assert gate.client.get("passes", live=True, limit=5, cursor=None) == {"ok": True}
    assert gate.client.post("approvals", "../x y", "vote", body={"vote": "deny"}) == {"ok": True}
    assert gate.client.delete("locks", "a") == {"ok": True}
    get, post, delete = gate.asked
    assert get[:2] == ("GET", "/api/v1/passes?live=true&limit=5")
    assert get[2]["Authorization"] == "Bearer a.b.c"
    assert post[:2] == ("POST", "/api/v1/approvals/..%2Fx%20y/vote")
    assert (post[3], len(post[2]["Idempotency-Key"])) == (b'{"vote": "deny"}', 36)
    assert delete[:2] == ("DELETE", "/api/v1/locks/a")


def test_an_answer_that_comes_in_pieces_is_read_to_its_end(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.body = b'{"items": ["' + b"x" * 400_000 + b'"]}'
    assert len(gate.client.get("ledger", "events")["items"][0]) == 400_000
    monkeypatch.setattr(control_client, "_MAX_BYTES", 100_000)
    with pytest.raises(ControlApiError, match="more than 100000 bytes"):
        gate.client.get("ledger", "events")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b'{"detail": "not you", "errors": [{"where": "body.x", "what": "no"}]}', "not you\nbody.x: no"),
        (500, b"{}", "status 500"),
        (404, b"<html>", "has no control API"),
        (404, b"[]", "status 404"),
        (302, b"{}", "status 302"),
    ],
)
def test_what_is_not_done_is_said(gate: Gate, status: int, body: bytes, said: str) -> None:
    gate.status, gate.body = status, body
    with pytest.raises(ControlApiError) as refused:
        gate.client.get("passes")
    assert said in str(refused.value)
    assert len(gate.asked) == 1  # a redirect is not followed: the token stays with this gate


def test_a_gate_that_is_not_there() -> None:
    with pytest.raises(ControlApiError, match="cannot be reached"):
        ControlClient(gate="http://127.0.0.1:9", token="a.b.c").get("passes")


def test_authorities_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not usable"):
        ControlClient(gate="https://127.0.0.1:9", token="a.b.c", ca=tmp_path / "none").get("passes")


def test_the_token_is_not_shown() -> None:
    assert "a.b.c" not in repr(ControlClient(gate="https://gate.example.com", token="a.b.c"))


@pytest.mark.parametrize(
    ("gate", "found"),
    [
        ("https://gate.example.com/", "https://gate.example.com"),
        ("https://gate.example.com:8443", "https://gate.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_of_a_gate(gate: str, found: str) -> None:
    assert origin(gate) == found


@pytest.mark.parametrize(
    "gate", ["http://gate.example.com", "gate", "https://", "https://g/x", "https://u@g", "https://g?x=1", "https://[x"]
)
def test_what_is_no_address_to_send_a_token_to(gate: str) -> None:
    with pytest.raises(ConfigError):
        origin(gate)
