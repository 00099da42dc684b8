"""What the gate turns down, in each dialect's own words; nothing of it reaches the provider."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from passgate.core.errors import SecretUnavailableError, StoreError
from passgate.endpoints.llm.settings import Limits
from passgate.testing.llm_provider import Fault, Script
from tests.integration.llm.conftest import KEY, PASS, Gate

ANTHROPIC = {"anthropic-version": "2023-06-01"}


def openai_error(answer: Any) -> tuple[str, str]:
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    return answer["error"]["type"], answer["error"]["code"]


def anthropic_error(answer: Any) -> str:
    assert answer["type"] == "error"
    assert set(answer["error"]) == {"type", "message"}
    kind: str = answer["error"]["type"]
    return kind


async def test_without_a_key_or_with_a_wrong_one(gate: Gate) -> None:
    for key in (None, "sk-proj-123", f"{PASS}.wrong"):
        async with gate.request("/v1/chat/completions", gate.chat("x"), key=key) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert response.headers["Server"] == "passgate"
            assert openai_error(await response.json()) == ("authentication_error", "invalid_api_key")
        status, answer = await gate.ask("/v1/messages", gate.message("x"), key=key)
        assert (status, anthropic_error(answer)) == (401, "authentication_error")
    assert gate.provider.received == ()
    assert gate.recorder.types() == ["session.refused"] * 6
    assert not any("s3cret" in str(event) or "sk-proj" in str(event) for event in gate.recorder.events)


async def test_either_header_and_both_open_the_gate(gate: Gate) -> None:
    for headers in (
        {"Authorization": f"Bearer {KEY}"},
        {"x-api-key": KEY},
        {"x-api-key": KEY, "Authorization": f"Bearer {KEY}"},
        {"x-api-key": "sk-ant-theirs", "Authorization": f"Bearer {KEY}"},
    ):
        status, _ = await gate.ask("/v1/messages", gate.message("x"), key=None, headers=headers)
        assert status == 200
        assert gate.provider.last.header("x-api-key") == gate.provider.key
        assert gate.provider.last.header("authorization") is None
        assert b"s3cret" not in gate.provider.last.raw
    two = {"x-api-key": KEY, "Authorization": f"Bearer {KEY}2"}
    status, _ = await gate.ask("/v1/messages", gate.message("x"), key=None, headers=two)
    assert status == 401


async def test_a_secret_is_forbidden_for_good(gate: Gate) -> None:
    secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    async with gate.request("/v1/chat/completions", gate.chat(secret, stream=True)) as response:
        answer = await response.text()
        assert response.status == 403
        assert response.headers["x-should-retry"] == "false"
        assert response.headers["x-passgate-call"].startswith("e")
        assert openai_error(json.loads(answer)) == ("permission_error", "policy_denied")
        assert secret not in answer
    status, answer = await gate.ask("/v1/messages", gate.message(secret))
    assert (status, anthropic_error(answer)) == (403, "permission_error")
    assert answer["request_id"] == gate.recorder.events[-1].detail.get("call", answer["request_id"])
    assert gate.provider.received == ()
    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries)
    assert secret.encode() not in recorded
    assert b"AWS" not in recorded


async def test_paths_and_methods_that_are_not_governed(gate: Gate) -> None:
    status, answer = await gate.ask("/v1/images/generations", {"prompt": "x"})
    assert (status, openai_error(answer)) == (404, ("invalid_request_error", "unknown_path"))
    status, answer = await gate.ask("/v1/messages/unknown/path", {"x": 1})
    assert (status, anthropic_error(answer)) == (404, "not_found_error")
    async with gate.request("/v1/chat/completions", method="DELETE") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
    assert gate.recorder.types() == ["session.refused"] * 3
    assert gate.recorder.events[0].detail["path"] == "/v1/images/generations"
    status, _ = await gate.ask("/v1/unknown/%2Fetc%2Fpasswd", {"x": 1})
    assert status == 404
    assert gate.recorder.events[-1].detail["path"] == "(withheld)"
    assert gate.provider.received == ()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/chat/completions", "has to end in /v1"),
        ("/gpt/responses", "has to end in /v1"),
        ("/v1/v1/messages", "must not end in /v1"),
        ("/claude/v1/v1/messages/count_tokens", "must not end in /v1"),
        ("/v1//chat/completions", "a slash too many"),
        ("/v1/chat/completions/", "a slash too many"),
    ],
)
async def test_a_base_url_that_is_a_little_wrong_is_said_to_be(gate: Gate, path: str, told: str) -> None:
    status, answer = await gate.ask(path, gate.chat("hello"))
    assert (status, told in answer["error"]["message"]) == (404, True)
    assert gate.provider.received == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"model": "gpt-5", "model": "gpt-4"}',
        b'{"model": "gpt-5", "messages": [], "temperature": NaN}',
        b'{"model": "gpt-5", "messages": "\xff"}',
        b'{"model": "gpt-5", "messages": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"model": 7, "messages": []}',
        b'{"model": "gpt-5", "messages": []} {}',
    ],
)
async def test_what_is_not_json_of_the_dialect(gate: Gate, body: bytes) -> None:
    async with gate.request("/v1/chat/completions", data=body, method="POST") as response:
        assert response.status == 400, await response.text()
        assert openai_error(await response.json()) == ("invalid_request_error", "invalid_request")
    assert gate.provider.received == ()
    assert gate.recorder.types() == ["protocol.error"]


class TestBounds:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(body=1000, headers=8 * 1024, answer=1000)

    async def test_a_body_that_is_too_large(self, gate: Gate) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(data), 100):
                yield data[at : at + 100]

        data = json.dumps(gate.chat("x" * 1000)).encode()
        for sent in (data, chunks()):
            async with gate.request("/v1/chat/completions", data=sent) as response:
                assert response.status == 413
                assert openai_error(await response.json())[1] == "request_too_large"
        async with gate.request("/v1/messages", data=b"x" * 2000) as response:
            assert (response.status, anthropic_error(await response.json())) == (413, "request_too_large")
        assert gate.recorder.types() == ["bound.hit"] * 3

    async def test_headers_that_are_too_large(self, gate: Gate) -> None:
        async with gate.request("/v1/models", headers={"x-long": "y" * 9000}) as response:
            assert response.status == 400
            assert "y" * 100 not in await response.text()
        many = {f"x-{number}": "y" * 1000 for number in range(9)}
        async with gate.request("/v1/models", headers=many) as response:
            assert response.status == 413
        some = {f"x-{number}": "y" * 1000 for number in range(7)}
        async with gate.request("/gpt/v1/models", headers=some) as response:
            assert response.status != 413
        assert gate.recorder.types()[:2] == ["protocol.error", "bound.hit"]

    async def test_an_answer_that_is_too_large(self, gate: Gate) -> None:
        status, answer = await gate.ask("/v1/chat/completions", gate.chat("x" * 800))
        assert (status, openai_error(answer)[1]) == (502, "upstream_broken")
        assert gate.recorder.outcomes() == ["error"]


async def test_codings_of_bodies(gate: Gate) -> None:
    async with gate.request("/v1/messages", data=b"x", headers={"Content-Encoding": "br"}) as response:
        assert (response.status, anthropic_error(await response.json())) == (415, "invalid_request_error")


async def test_a_websocket_is_turned_down_at_once(gate: Gate) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "x" * 16,
        "Sec-WebSocket-Version": "13",
    }
    async with gate.request("/v1/responses", headers=headers) as response:
        assert response.status == 426
        assert response.headers["x-should-retry"] == "false"
    assert gate.provider.received == ()


async def test_a_provider_that_is_down(gate: Gate) -> None:
    gate.credential.error = SecretUnavailableError()
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
    assert (status, openai_error(answer)[1]) == (503, "gate_unavailable")
    assert gate.recorder.outcomes() == ["error"]


async def test_a_store_that_is_down_is_no_wrong_key(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_pass_id: str) -> None:
        raise StoreError

    monkeypatch.setattr(gate.passes, "find", down)
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
    assert (status, openai_error(answer)) == (503, ("server_error", "gate_unavailable"))


async def test_a_ledger_that_cannot_record_lets_nothing_through(gate: Gate) -> None:
    gate.recorder.full = True
    status, answer = await gate.ask("/v1/messages", gate.message("x"))
    assert (status, anthropic_error(answer)) == (503, "api_error")
    gate.recorder.full = False
    assert (await gate.ask("/v1/messages", gate.message("x")))[0] == 200
    gate.recorder.full = True
    status, answer = await gate.ask("/v1/messages", gate.message("x"))
    assert (status, anthropic_error(answer)) == (503, "api_error")
    assert len(gate.provider.received) == 1
    gate.recorder.full = False


async def test_what_policy_cannot_be_told_of_is_denied_by_the_pass(gate: Gate) -> None:
    gate.passes.add("pg_other0000000000", resources=frozenset({"claude"}))
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"), key="pg_other0000000000.s3cret")
    assert (status, openai_error(answer)) == (403, ("permission_error", "pass_scope"))


async def test_a_budget_that_is_spent(gate: Gate) -> None:
    gate.budgets.why = "The pass's budget does not allow this call."
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
    assert (status, openai_error(answer)) == (403, ("insufficient_quota", "budget_spent"))
    assert gate.recorder.outcomes() == ["cancelled"]
    assert (gate.provider.received, gate.budgets.settled) == ((), [])
    gate.budgets.error = StoreError()
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
    assert (status, openai_error(answer)[1]) == (503, "gate_unavailable")


async def test_a_body_where_none_belongs(gate: Gate) -> None:
    async with gate.request("/v1/models", method="GET", data=b"{}") as response:
        assert response.status == 400


async def test_the_root_answers(gate: Gate) -> None:
    async with gate.request("/", method="HEAD", key=None) as response:
        assert response.status == 200
    async with gate.request("/", key=None) as response:
        assert (response.status, "Passgate" in await response.text()) == (200, True)
        assert response.headers["Server"] == "passgate"
    assert gate.recorder.events == []


async def test_a_provider_that_hangs_up(gate: Gate) -> None:
    gate.provider.then(Script(fault=Fault.CUT))
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
    assert (status, openai_error(answer)[1]) == (502, "upstream_unreachable")
    assert gate.recorder.outcomes() == ["error"]


class TestTimes:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(read=0.2, send=0.2)

    async def test_a_provider_that_is_silent(self, gate: Gate) -> None:
        gate.provider.then(Script(fault=Fault.HANG))
        status, answer = await gate.ask("/v1/messages", gate.message("x"))
        assert (status, anthropic_error(answer)) == (504, "timeout_error")
        assert gate.provider.exchanges[-1].gone.wait(5)


async def test_a_refusal_of_a_body_is_a_sentence(gate: Gate) -> None:
    for body, said in (
        (b"[]", "The request is not as it has to be: the body must be an object."),
        (b'{"model": 5, "messages": []}', "The request is not as it has to be: /model must be a string."),
        (b'{"model": "m", "model": "m"}', "The request is not usable JSON: a name stands twice in one object."),
    ):
        status, answer = await gate.ask("/v1/chat/completions", data=body)
        assert (status, answer["error"]["message"]) == (400, said)
