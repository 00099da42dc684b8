"""A whole gate, and what is left of its calls: recordings that play back, metrics, spans. Nothing masked is in any of them."""

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from passgate.testing import GateSetup, IssuedPass, RunningGate
from passgate.testing.gate import LlmUpstream
from passgate.testing.llm_provider import Cut, Provider, RunningProvider, Script, Text, ToolCall
from passgate.testing.postgres import free_port
from tests.unit.telemetry.test_spans import Collector, attributes

EMAIL = "ada.lovelace@analytical.example"
AWS = "AKIAQYLPMN5HHHFPZAM2"
TOOL = {"name": "send", "input_schema": {"type": "object"}}


@dataclass(frozen=True)
class Seen:
    """One gate for the module: it takes seconds to start. ``metrics``: the port to scrape."""

    gate: RunningGate
    issued: IssuedPass
    provider: Provider
    collector: Collector
    metrics: int


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a thread of its own, so that it outlives the loop of one test."""
    collector, loop = Collector(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(collector.take))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("seen")
    with RunningProvider.start() as provider, collecting() as collector:
        models = tuple(
            LlmUpstream(name=f"{dialect}-models", provider=dialect, url=provider.url, credential=provider.provider.key)
            for dialect in ("openai", "anthropic")
        )
        port = free_port()
        telemetry = f"telemetry: {{metrics: {{port: {port}}}, traces: {{endpoint: '{collector.url}'}}}}\n"
        environment = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
        setup = GateSetup(packs=("llm-safe",), models=models, sections=telemetry, environment=environment)
        with RunningGate.start(folder, None, setup) as gate:
            resources = ("openai-models", "anthropic-models")
            warm, issued = gate.issue(resources=resources), gate.issue(resources=resources)
            found = Seen(gate=gate, issued=warm, provider=provider.provider, collector=collector, metrics=port)
            warming = {
                "model": "claude-5",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": "hi"}],
                "stream": True,
            }
            assert (
                asyncio.run(ask(found, "/v1/messages", warming))[0] == 200
            )  # what is made once is made: times are its own
            yield replace(found, issued=issued)


async def ask(seen: Seen, path: str, body: Mapping[str, Any]) -> tuple[int, str]:
    key = seen.issued.key
    headers = {"x-api-key": key} if "messages" in path else {"Authorization": f"Bearer {key}"}
    if "messages" in path:
        headers["anthropic-version"] = "2023-06-01"
    async with (
        aiohttp.ClientSession() as client,
        client.post(seen.gate.url + path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


def scraped(seen: Seen) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{seen.metrics}/metrics") as answer:
        return str(answer.read().decode())


def played(seen: Seen) -> dict[str, list[dict[str, Any]]]:
    """By resource: the moments of the pass's one session there."""
    rows = json.loads(seen.gate.cli("sessions", "list", "--json"))
    return {
        row["resource"]: json.loads(seen.gate.cli("sessions", "replay", row["id"], "--json"))["moments"]
        for row in rows
        if row["pass_id"] == seen.issued.id
    }


def answered(seen: Seen, resource: str, count: int) -> list[dict[str, Any]]:
    """The moments of the session once that many answers are in its recording, which is stored within a second."""
    deadline = time.monotonic() + 20
    while True:
        moments = played(seen).get(resource, [])
        if sum(m["kind"] == "answer" for m in moments) >= count:
            return moments
        assert time.monotonic() < deadline


def span_of(collector: Collector, name: str) -> Span:
    """Waits for it."""
    while True:
        found = [span for span in collector.spans if span.name == name]
        if found:
            return found[0]
        collector.arrived.clear()
        assert collector.arrived.wait(10), name


async def test_two_turns_with_a_tool_are_played_back_in_their_time(seen: Seen) -> None:
    says = "Sending to {quoted}. " + "It will be there soon. " * 12
    called = ToolCall(name="send", arguments='{"to": "{quoted}"}', id="toolu_1")
    seen.provider.then(
        Script(parts=(Text(text=says), called), quote=r"<<EMAIL:\w+>>", delta=Cut(size=5), pace=0.02),
        Script(parts=(Text(text="Done."),)),
    )
    said = {"role": "user", "content": f"Write to {EMAIL}."}
    first = {
        "model": "claude-5",
        "max_tokens": 99,
        "system": "Be brief.",
        "tools": [TOOL],
        "messages": [said],
        "stream": True,
    }
    status, answer = await ask(seen, "/v1/messages", first)
    assert status == 200
    restored = "".join(
        event["delta"].get("text", "") + event["delta"].get("partial_json", "")
        for event in (json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: "))
        if event["type"] == "content_block_delta"
    )
    assert restored.count(EMAIL) == 2
    turn = {"role": "assistant", "content": [
        {"type": "text", "text": says.format(quoted=EMAIL)},
        {"type": "tool_use", "id": "toolu_1", "name": "send", "input": {"to": EMAIL}},
    ]}  # fmt: skip
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sent"}]}
    status, _ = await ask(seen, "/v1/messages", {**first, "messages": [said, turn, result], "stream": False})
    assert status == 200
    moments = await asyncio.to_thread(answered, seen, "anthropic-models", 2)
    token = next(m["text"] for m in moments if m["kind"] == "message" and m.get("role") == "user")
    assert token.startswith("user: Write to <<EMAIL:")
    told = [(m["kind"], m["text"]) for m in moments if m["kind"] in ("message", "text", "call")]
    value = token.removeprefix("user: Write to ").removesuffix(".")
    assert told == [
        ("message", "tools: send"), ("message", "system: Be brief."), ("message", token),
        ("text", f"assistant: {says.format(quoted=value)}"), ("call", f'assistant tool call send: {{"to": "{value}"}}'),
        ("message", "(4 as before)"), ("message", "tool tool result toolu_1: sent"), ("text", "assistant: Done."),
    ]  # fmt: skip
    grown = next(m for m in moments if m["kind"] == "text")
    times = [float(at) for at, _ in grown["pieces"]]
    assert len(times) > 40
    assert times == sorted(times)
    assert times[-1] - times[0] > 0.1
    assert [m["outcome"] for m in moments if m["kind"] == "verdict"] == ["allow", "allow"]
    assert EMAIL not in json.dumps(moments)


async def test_a_refusal_is_played_back_and_its_secret_is_nowhere(seen: Seen) -> None:
    gate, collector = seen.gate, seen.collector
    received = len(seen.provider.received)
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": f"my key is {AWS}"}], "user": EMAIL}
    status, answer = await ask(seen, "/v1/chat/completions", body)
    assert (status, json.loads(answer)["error"]["type"]) == (403, "permission_error")
    assert len(seen.provider.received) == received
    body["messages"] = [{"role": "user", "content": f"write to {EMAIL}"}]
    status, _ = await ask(seen, "/v1/chat/completions", body)
    assert status == 200
    text = await asyncio.to_thread(scraped, seen)
    assert 'passgate_refusals_total{resource="openai-models",rule="llm-no-secrets-out"} 1.0' in text
    assert (
        'passgate_llm_calls_total{operation="generate",outcome="ok",provider="openai",resource="openai-models"} 1.0'
        in text
    )
    assert 'passgate_masked_total{resource="openai-models",type="EMAIL"}' in text
    assert "passgate_sessions " in text
    span = await asyncio.to_thread(span_of, collector, "chat gpt-5")
    assert attributes(span)["gen_ai.usage.input_tokens"]
    moments = await asyncio.to_thread(answered, seen, "openai-models", 2)
    refusal = next(m for m in moments if m["kind"] == "verdict")
    assert (refusal["outcome"], refusal["rule"]) == ("deny", "llm-no-secrets-out")
    assert [m["status"] for m in moments if m["kind"] == "answer"] == [403, 200]
    shown = json.dumps(moments)
    kept = b"".join(
        path.read_bytes() for path in gate.directory.rglob("*") if path.is_file() and path.parent.name != "secrets"
    )
    for secret in (AWS, EMAIL, seen.issued.secret, seen.provider.key):
        assert secret not in text
        assert secret not in shown
        assert secret.encode() not in b"".join(collector.raw)
        assert secret.encode() not in kept
    verified = await asyncio.to_thread(gate.cli, "ledger", "verify", check=False)
    assert "FAIL" not in verified
