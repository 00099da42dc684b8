"""What the gate itself refuses, as the official SDKs see it: their own classes, no second try, no secret in the message."""

import http.client
import time

import anthropic
import openai
import pytest

from passgate.testing import IssuedPass, RunningGate
from passgate.testing.llm_provider import Provider
from tests.drivers.llm.plants import make
from tests.drivers.llm.ways import Way

SECRET = next(plant for plant in make(3) if plant.kind == "github token")
ASKED = [{"role": "user", "content": f"What is wrong with {SECRET.text}?"}]


@pytest.fixture
def gate(model_gate: RunningGate, model_pass: IssuedPass, provider: Provider) -> Way:
    return Way(name="gate", url=model_gate.url, key=model_pass.key, provider=provider)


def ask_chat(gate: Way):
    with gate.openai() as client:
        client.chat.completions.create(model="gpt-5.2", messages=ASKED)


def ask_chat_stream(gate: Way):
    with gate.openai() as client:
        client.chat.completions.create(model="gpt-5.2", messages=ASKED, stream=True)


def ask_response(gate: Way):
    with gate.openai() as client:
        client.responses.create(model="gpt-5.2", input=ASKED)


def ask_embedding(gate: Way):
    with gate.openai() as client:
        client.embeddings.create(model="text-embedding-3-small", input=["fine", SECRET.text])


def ask_message(gate: Way):
    with gate.anthropic() as client:
        client.messages.create(model="claude-opus-4-7", max_tokens=9, messages=ASKED)


def ask_count(gate: Way):
    with gate.anthropic() as client:
        client.messages.count_tokens(model="claude-opus-4-7", messages=ASKED)


def ask_batch(gate: Way):
    params = {"model": "claude-opus-4-7", "max_tokens": 9, "messages": ASKED}
    with gate.anthropic() as client:
        client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])


@pytest.mark.parametrize(
    "ask", [ask_chat, ask_chat_stream, ask_response, ask_embedding, ask_message, ask_count, ask_batch]
)
def test_policy_forbids_for_good(gate: Way, ask) -> None:
    began = time.monotonic()
    with pytest.raises((openai.PermissionDeniedError, anthropic.PermissionDeniedError)) as raised:
        ask(gate)
    error = raised.value
    assert time.monotonic() - began < 5
    assert gate.provider.received == ()
    assert error.response.headers["x-should-retry"] == "false"
    assert error.response.headers["x-passgate-call"]
    assert not any(needle in error.response.text for needle in SECRET.needles)
    assert "GITHUB_TOKEN" in error.response.text
    if isinstance(error, anthropic.APIStatusError):
        assert error.body["error"]["type"] == "permission_error"
    else:
        assert error.code == "policy_denied"
        assert error.type == "permission_error"


def ask_plainly(gate: Way, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    host = gate.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request(method, path, None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_a_probe_of_the_root_is_answered(gate: Way) -> None:
    began = time.monotonic()
    assert ask_plainly(gate, "HEAD", "/").status < 500
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "both"])
def test_models_are_listed_at_once_with_the_key_in_either_header(gate: Way, header: str) -> None:
    shown = {"authorization": f"Bearer {gate.key}", "x-api-key": gate.key}
    headers = shown if header == "both" else {header: shown[header]}
    began = time.monotonic()
    answer = ask_plainly(gate, "GET", "/v1/models?limit=1000", **headers, **{"anthropic-version": "2023-06-01"})
    assert answer.status == 200
    assert time.monotonic() - began < 5
    assert gate.provider.last.query == "limit=1000"


def test_a_websocket_is_turned_down_at_once(gate: Way) -> None:
    headers = {
        "authorization": f"Bearer {gate.key}",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
        "openai-beta": "responses_websockets=2026-02-06",
    }
    began = time.monotonic()
    assert ask_plainly(gate, "GET", "/v1/responses", **headers).status == 426
    assert time.monotonic() - began < 5


def test_the_same_value_looks_the_same_on_every_turn(gate: Way) -> None:
    """Or the provider's cache of prompts would miss every time."""
    turns = [{"role": "user", "content": "Write to grace@example.com"}]
    for _ in range(3):
        with gate.anthropic() as client:
            said = client.messages.create(model="claude-opus-4-7", max_tokens=9, messages=turns).content[0].text
        assert said == turns[-1]["content"]
        turns += [{"role": "assistant", "content": said}, {"role": "user", "content": "Again: grace@example.com"}]
    bodies = [received.json["messages"] for received in gate.provider.received]
    assert bodies[0][0] == bodies[1][0] == bodies[2][0]
    assert bodies[1] == bodies[2][:3]
    assert "grace" not in gate.provider.last.body.decode()
