"""The stand-in itself; that it speaks the dialects is what tests/drivers/llm shows with the official SDKs."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from passgate.testing.llm_provider import Fault, RunningProvider, Script, Text, ToolCall
from passgate.testing.llm_provider.__main__ import KEY

CHAT = {"model": "m", "messages": [{"role": "user", "content": "write to <<X:1>> now"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProvider]:
    with RunningProvider.start() as running:
        yield running


def post(port: int, path: str, document: object, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, json.dumps(document), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_it_received_can_be_looked_at(running: RunningProvider) -> None:
    provider = running.provider
    provider.forget()
    key = {"authorization": f"Bearer {provider.key}", "X-Odd": "a, b"}
    assert post(running.port, "/v1/chat/completions?x=1", CHAT, **key)[0] == 200
    (received,) = provider.received
    assert (received.method, received.path, received.query) == ("POST", "/v1/chat/completions", "x=1")
    assert received.header("x-odd") == "a, b"
    assert received.header("no-such") is None
    assert received.json == CHAT
    assert b"X-Odd: a, b" in received.raw
    assert json.dumps(CHAT).encode() in received.raw


def test_it_takes_no_other_key_not_even_beside_its_own(running: RunningProvider) -> None:
    key = running.provider.key
    assert post(running.port, "/v1/chat/completions", CHAT)[0] == 401
    assert post(running.port, "/v1/chat/completions", CHAT, authorization="Bearer p1.secret")[0] == 401
    both = {"authorization": f"Bearer {key}", "x-api-key": "p1.secret"}
    assert post(running.port, "/v1/messages", CHAT, **both)[0] == 401
    status, body = post(running.port, "/v1/messages", CHAT, **{"x-api-key": "p1.secret"})
    assert (status, json.loads(body)["error"]["type"]) == (401, "authentication_error")


def test_scripts_by_model_in_turn_and_by_default(running: RunningProvider) -> None:
    provider = running.provider
    provider.forget()
    key = {"x-api-key": provider.key}

    def said(model: str) -> str:
        answer = json.loads(post(running.port, "/v1/chat/completions", {**CHAT, "model": model}, **key)[1])
        return str(answer["choices"][0]["message"]["content"])

    provider.on_model("named", Script(parts=(Text(text="once"),)), Script(parts=(Text(text="ever after"),)))
    provider.then(Script(parts=(Text(text="next"),)))
    assert [said(m) for m in ("named", "other", "named", "other", "named")] == [
        *("once", "next", "ever after", "write to <<X:1>> now", "ever after")
    ]


def test_answers_may_quote_what_was_asked(running: RunningProvider) -> None:
    provider = running.provider
    provider.forget()
    parts = (Text(text="To {quoted}."), ToolCall(name="mail", arguments='{"to":"{quoted}"}'))
    provider.then(Script(parts=parts, quote="<<[^>]*>>"))
    status, body = post(running.port, "/v1/chat/completions", CHAT, **{"x-api-key": provider.key})
    message = json.loads(body)["choices"][0]["message"]
    assert (status, message["content"]) == (200, "To <<X:1>>.")
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"to": "<<X:1>>"}


def test_a_connection_that_is_cut_and_one_whose_caller_leaves(running: RunningProvider) -> None:
    provider = running.provider
    provider.forget()
    key = {"x-api-key": provider.key}
    provider.then(Script(fault=Fault.CUT))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        post(running.port, "/v1/chat/completions", CHAT, **key)
    assert not provider.exchanges[0].gone.is_set()
    provider.then(Script(fault=Fault.HANG))
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=0.2)
    connection.request("POST", "/v1/chat/completions", json.dumps(CHAT), key)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert provider.exchanges[1].gone.wait(10)
    assert provider.exchanges[1].done.wait(10)


def test_as_a_process_of_its_own() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "passgate.testing.llm_provider", "--json", "--answer", "always this"],
        stdout=subprocess.PIPE,
        text=True,
        env={KEY: "a-key"},
    )
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        status, body = post(told["port"], "/v1/chat/completions", CHAT, authorization=f"Bearer {told['key']}")
        assert told["key"] == "a-key"
        assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "always this")
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0
