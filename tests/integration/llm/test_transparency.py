"""What passes through untouched, and what never does."""

import gzip
import io
import json
import zlib

import pytest
import zstandard

from passgate.endpoints.llm.settings import Limits
from passgate.testing.llm_provider import Failure, Script
from tests.integration.llm.conftest import Gate

ODD = (
    b'{ "model":"claude-5",  "max_tokens": 100, "new_field_of_next_year": {"z": 1.10, "a": [1, 2.0, -0.0, "\\u00e9"]},\n'
    b' "messages": [ {"content": "caf\\u00e9 \xc3\xa9 \xe2\x80\xa8", "role": "user"} ], "temperature": 0.70000000000000001 }\n'
)


async def test_a_body_without_findings_leaves_as_it_came(gate: Gate) -> None:
    headers = {
        "anthropic-beta": "claude-code-20250219,brand-new-2027-01-01",
        "anthropic-version": "2026-10-21",
        "x-claude-code-session-id": "8f14e45f-ceea-4e7a-9c1b-2f0a7d1c5e11",
        "x-stainless-lang": "python",
        "x-new-header": "Some Value",
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "tool/1",
        "Accept": "application/json",
    }
    async with gate.request("/v1/messages?beta=true", data=ODD, headers=headers) as response:
        assert response.status == 200, await response.text()
    received = gate.provider.last
    assert received.body == ODD
    assert received.query == "beta=true"
    for name, value in headers.items():
        assert received.header(name) == value
    assert received.header("accept-encoding") == "identity"
    assert received.header("x-forwarded-for") is None


async def test_only_the_leaf_is_edited(gate: Gate) -> None:
    body = ODD.replace(b'"caf\\u00e9 \xc3\xa9 \xe2\x80\xa8"', b'"to ada@example.com \\u00e9"')
    async with gate.request("/v1/messages", data=body) as response:
        assert response.status == 200, await response.text()
    before, _, after = gate.provider.last.body.partition(b"<<EMAIL:")
    assert body.startswith(before)
    assert body.endswith(after.partition(b">>")[2].rpartition(b'"role"')[2])
    assert json.loads(gate.provider.last.body)["temperature"] == 0.7


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_bodies_come_compressed_and_leave_plain(gate: Gate, coding: str) -> None:
    coder = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.ZstdCompressor(level=3).compress}
    data = coder[coding](ODD)
    async with gate.request("/v1/messages", data=data, headers={"Content-Encoding": coding}) as response:
        assert response.status == 200, await response.text()
    assert gate.provider.last.body == ODD
    assert gate.provider.last.header("content-encoding") is None
    assert gate.provider.last.header("content-length") == str(len(ODD))


async def test_the_providers_answer_comes_back_with_its_headers(gate: Gate) -> None:
    headers = {
        "request-id": "req_1",
        "anthropic-ratelimit-tokens-remaining": "7",
        "x-new": "yes",
        "set-cookie": "a=b",
        "Server": "theirs",
        "x-echo": gate.provider.key,
        "retry-after": "3",
    }
    gate.provider.then(Script(headers=headers, extra={"brand_new": {"a": [1.0, 2]}}))
    async with gate.request("/v1/messages", gate.message("x")) as response:
        answer = await response.read()
        got = response.headers
    assert json.loads(answer)["brand_new"] == {"a": [1.0, 2]}
    assert (got["request-id"], got["anthropic-ratelimit-tokens-remaining"], got["x-new"]) == ("req_1", "7", "yes")
    assert got["retry-after"] == "3"
    assert "set-cookie" not in got
    assert got["Server"] == "passgate"
    assert gate.provider.key not in str(got)
    assert {"x-passgate-call", "x-passgate-session"} <= {name.lower() for name in got}


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
async def test_the_providers_errors_come_back_as_they_are(gate: Gate, status: int) -> None:
    wording = b'{"type": "error",  "error": {"type": "overloaded_error", "message": "Over\\u006coaded"}}'
    gate.provider.then(Script(failure=Failure(status=status, body=wording), headers={"x-should-retry": "true"}))
    async with gate.request("/v1/messages", gate.message("x")) as response:
        assert response.status == status
        assert await response.read() == wording
        assert response.headers["x-should-retry"] == "true"
    assert gate.recorder.outcomes() == ["error"]
    assert gate.recorder.events[-1].detail["code"] == f"http_{status}"
    assert gate.credential.forgotten == (status == 401)


async def test_an_error_that_repeats_the_prompt_is_masked_too(gate: Gate) -> None:
    secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    for body in (f'{{"error": {{"message": "bad: {secret}"}}}}', f"<html>{secret}</html>"):
        gate.provider.then(Script(failure=Failure(status=502, body=body.encode(), content_type="text/html")))
        async with gate.request("/v1/chat/completions", gate.chat("x")) as response:
            text = await response.text()
            assert response.status == 502
            assert secret not in text


async def test_an_answer_that_is_compressed_all_the_same_is_looked_at(gate: Gate) -> None:
    gate.provider.then(Script(gzip=True))
    async with gate.request("/v1/chat/completions", gate.chat("to ada@example.com")) as response:
        assert "Content-Encoding" not in response.headers
        assert (await response.json())["choices"][0]["message"]["content"] == "to ada@example.com"


async def test_a_redirect_is_returned_and_not_followed(gate: Gate) -> None:
    gate.provider.then(Script(redirect="http://127.0.0.1:9/elsewhere"))
    async with gate.request("/v1/chat/completions", gate.chat("x")) as response:
        assert response.status in (301, 302, 303, 307, 308)
        assert response.headers["Location"] == "http://127.0.0.1:9/elsewhere"
    assert len(gate.provider.received) == 1


class TestLarge:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits()

    @pytest.mark.slow
    async def test_thirty_one_megabytes(self, gate: Gate) -> None:
        body = gate.chat("x", messages=[{"role": "user", "content": "lorem ipsum dolor " * 1000}] * 1722)
        data = json.dumps(body).encode()
        assert 30_000_000 < len(data) < 32 * 2**20
        gate.provider.then(Script.failing(400))
        async with gate.request("/v1/chat/completions", data=io.BytesIO(data)) as response:
            assert response.status == 400
        assert gate.provider.last.body == data


async def test_a_connection_is_used_again_on_both_sides(gate: Gate) -> None:
    for _ in range(5):
        assert (await gate.ask("/v1/chat/completions", gate.chat("x")))[0] == 200
    connector = gate.client.connector
    assert connector is not None
    assert len(connector._conns) == 1  # type: ignore[attr-defined]
    upstream = gate.endpoint._services.upstreams._client
    assert upstream is not None
    assert upstream.connector is not None
    assert sum(map(len, upstream.connector._conns.values())) == 1


async def test_the_credential_is_nowhere_but_upstream(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    async with gate.request("/v1/chat/completions", gate.chat("x")) as response:
        said = str(response.headers) + await response.text()
    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries)
    for hidden in (gate.provider.key, "s3cret"):
        assert hidden not in said
        assert hidden not in str(gate.recorder.events)
        assert hidden.encode() not in recorded
        assert hidden not in caplog.text
        assert hidden not in repr(gate.endpoint._services)
    assert gate.provider.last.header("authorization") == f"Bearer {gate.provider.key}"


async def test_the_resource_may_be_named_in_front_of_the_path(gate: Gate) -> None:
    assert (await gate.ask("/gpt/v1/chat/completions", gate.chat("x")))[0] == 200
    assert gate.provider.last.path == "/v1/chat/completions"
    status, models = await gate.ask("/claude/v1/models", headers={"anthropic-version": "2023-06-01"})
    assert (status, "has_more" in models) == (200, True)
    status, models = await gate.ask("/gpt/v1/models")
    assert (status, models["object"]) == (200, "list")
