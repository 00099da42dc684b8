"""Files and batches: read line by line on the way up and on the way down."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from passgate.core.action import VerbClass
from passgate.core.event import EventType
from passgate.core.principal import PrincipalKind
from passgate.endpoints.llm.settings import Limits
from passgate.testing.llm_provider import Received
from tests.integration.llm.conftest import Gate

SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def line(number: int, text: str, *, model: str = "gpt-5", url: str = "/v1/chat/completions") -> str:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return json.dumps({"custom_id": f"c{number}", "method": "POST", "url": url, "body": body})


def form(content: str | bytes, *, name: str = "batch.jsonl", purpose: str = "batch") -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("purpose", purpose)
    data.add_field("file", content.encode() if isinstance(content, str) else content, filename=name)
    return data


def uploads(gate: Gate) -> list[Received]:
    return [one for one in gate.provider.received if one.path == "/v1/files" and one.method == "POST"]


async def test_a_batch_from_the_upload_to_its_results(gate: Gate) -> None:
    content = "\n".join(line(n, f"write to user{n}@example.com") for n in range(50)) + "\n"
    status, uploaded = await gate.ask("/v1/files", data=form(content))
    assert status == 200, uploaded
    (received,) = uploads(gate)
    assert b"@example.com" not in received.body
    assert received.body.count(b"<<EMAIL:") == 50
    assert [event.type.value for event in gate.recorder.events] == ["session.start", "action.intent", "action.outcome"]
    outcome = gate.recorder.events[-1]
    assert outcome.detail["masked"] == {"EMAIL": 50}
    sent = b"".join(gate.recorder.recordings[0].of("sent"))
    assert sent.count(b"<<EMAIL:") == 50
    assert b"@example.com" not in sent
    batch = {"input_file_id": uploaded["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    status, made = await gate.ask("/v1/batches", batch)
    assert status == 200, made
    async with asyncio.timeout(10):
        while True:
            _, known = await gate.ask(f"/v1/batches/{made['id']}")
            if known["status"] == "completed":
                break
            await asyncio.sleep(0.02)
    async with gate.request(f"/v1/files/{known['output_file_id']}/content") as response:
        results = [json.loads(one) for one in (await response.text()).splitlines()]
    assert len(results) == 50
    assert b"<<EMAIL:" in b"".join(gate.recorder.recordings[0].of("frame"))
    assert b"@example.com" not in b"".join(gate.recorder.recordings[0].of("frame"))


async def test_a_secret_in_any_line_stops_the_upload(gate: Gate) -> None:
    content = "\n".join(line(n, f"my token is {SECRET}" if n == 900 else "lorem ipsum " * 20) for n in range(1000))
    status, answer = await gate.ask("/v1/files", data=form(content))
    assert (status, answer["error"]["code"]) == (403, "policy_denied")
    assert SECRET not in json.dumps(answer)
    assert not any(SECRET.encode() in one.body for one in gate.provider.received)
    assert "action.refused" in gate.recorder.types()
    assert gate.recorder.outcomes() == ["cancelled"]


@pytest.mark.parametrize(
    ("content", "name", "purpose", "code"),
    [
        ("{not json}\n", "batch.jsonl", "batch", "invalid_request"),
        (line(1, "x", url="/v1/images/generations"), "batch.jsonl", "batch", "invalid_request"),
        (b"\x89PNG\x00\x01" * 20_000, "picture.png", "vision", "policy_denied"),
    ],
)
async def test_what_cannot_be_looked_at_is_refused(
    gate: Gate, content: str | bytes, name: str, purpose: str, code: str
) -> None:
    status, answer = await gate.ask("/v1/files", data=form(content, name=name, purpose=purpose))
    assert answer["error"]["code"] == code
    assert status in (400, 403)
    assert gate.recorder.outcomes() == ["cancelled"]
    assert not any(b"PNG" in one.body for one in gate.provider.received)


async def test_a_body_that_is_no_form(gate: Gate) -> None:
    async with gate.request("/v1/files", data=b"x", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 400
    async with gate.request("/v1/files", data=form("x"), headers={"Content-Encoding": "gzip"}) as response:
        assert response.status == 415
    assert uploads(gate) == []


async def test_an_upload_needs_a_pass_that_writes(gate: Gate) -> None:
    gate.passes.add(
        "pg_reader0000000000",
        kind=PrincipalKind.HUMAN,
        verbs=frozenset({VerbClass.READ}),
        resources=frozenset({"gpt"}),
    )
    status, answer = await gate.ask("/v1/files", data=form(line(1, "x")), key="pg_reader0000000000.s3cret")
    assert (status, answer["error"]["code"]) == (403, "pass_scope")
    assert uploads(gate) == []


class TestBounds:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(file=100_000, send=0.3)

    async def test_a_file_that_is_too_large(self, gate: Gate) -> None:
        content = "\n".join(line(n, "lorem ipsum " * 20) for n in range(1000))
        status, answer = await gate.ask("/v1/files", data=form(content))
        assert (status, answer["error"]["code"]) == (413, "request_too_large")

    async def test_a_client_that_stops_sending(self, gate: Gate) -> None:
        async def halting() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\n'
            await asyncio.sleep(1)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        async with gate.request("/v1/files", data=halting(), headers=headers) as response:
            assert response.status == 400
        assert gate.recorder.events[-1].type is EventType.ACTION_OUTCOME


async def test_batches_of_messages_are_one_body(gate: Gate) -> None:
    entries = [
        {"custom_id": f"c{n}", "params": gate.message(f"write to user{n}@example.com") | {"model": "claude-sonnet-4-5"}}
        for n in range(3)
    ]
    status, made = await gate.ask(
        "/v1/messages/batches", {"requests": entries}, headers={"anthropic-version": "2023-06-01"}
    )
    assert status == 200, made
    assert b"@example.com" not in gate.provider.last.body
    assert gate.provider.last.body.count(b"<<EMAIL:") == 3
    async with asyncio.timeout(10):
        while True:
            _, known = await gate.ask(f"/v1/messages/batches/{made['id']}", headers={"anthropic-version": "x"})
            if known["processing_status"] == "ended":
                break
            await asyncio.sleep(0.02)
    async with gate.request(f"/v1/messages/batches/{made['id']}/results") as response:
        assert len((await response.text()).splitlines()) == 3
