"""Clients that leave, read slowly or not at all, and passes that end, in every phase of a call."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.endpoints.llm.attempt import Attempt
from passgate.endpoints.llm.disclosure import Disclosure
from passgate.endpoints.llm.settings import LlmTarget
from passgate.pipeline.excerpt import Excerpt
from passgate.pipeline.gate import Verdict
from passgate.testing.llm_provider import Cut, Fault, Script, Text
from tests.integration.llm.conftest import Gate, Key, target
from tests.integration.llm.scripted import JSON, SECRET, Scripted, answer, said
from tests.integration.llm.test_http import head

RULES = """\
rules:
- id: expensive-model
  when: "resource.kind == 'llm' && llm.model == 'gpt-expensive'"
  then: hold
  approvers: {group: leads, count: 1, expires: 10m}
"""
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Act = Callable[[Gate, asyncio.StreamWriter], None]


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[Path, ...]:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return (path,)


@pytest.fixture
def more_targets(scripted: Scripted) -> tuple[LlmTarget, ...]:
    url = f"http://127.0.0.1:{scripted.port}"
    return (replace(target("odd", Dialect.OPENAI, url, Key("sk-odd")), models=("odd",)),)


def vanishes(_gate: Gate, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def closes_its_half(_gate: Gate, writer: asyncio.StreamWriter) -> None:
    writer.write_eof()


def is_ended(gate: Gate, _writer: asyncio.StreamWriter) -> None:
    for session in gate.live.list():
        gate.live.kill(session.id)


ACTS: dict[str, tuple[Act, str]] = {
    "vanishes": (vanishes, "client_gone"),
    "closes its half": (closes_its_half, "client_gone"),
    "is ended": (is_ended, "pass_ended"),
}


async def sent(gate: Gate, body: object, path: str = "/v1/chat/completions") -> Client:
    data = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port, limit=1024)
    writer.write(head(f"Content-Length: {len(data)}", path=path) + data)
    return reader, writer


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - none of what is waited for tells anybody
            await asyncio.sleep(0.01)


def outcomes(gate: Gate) -> list[tuple[object, object]]:
    return [(e.detail["status"], e.detail["code"]) for e in gate.recorder.events if e.type.value == "action.outcome"]


@pytest.mark.parametrize("name", ACTS)
async def test_while_the_provider_is_waited_for(gate: Gate, name: str) -> None:
    """What the provider was asked costs what was expected: it has read the question, whoever stays to hear the answer."""
    act, code = ACTS[name]
    gate.provider.default = Script(fault=Fault.HANG)
    _, writer = await sent(gate, gate.chat("x", max_tokens=500))
    await until(lambda: gate.provider.exchanges)
    act(gate, writer)
    assert await asyncio.to_thread(gate.provider.exchanges[-1].gone.wait, 2)
    await gate.settled()
    await asyncio.sleep(0.05)
    assert outcomes(gate) == [("cancelled", code)]
    ((expected, actual),) = gate.budgets.settled
    assert actual == expected
    assert actual.tokens > 500
    writer.close()


async def test_a_call_that_new_rules_deny_ends_and_the_others_go_on(gate: Gate, bundles: tuple[Path, ...]) -> None:
    gate.provider.default = Script(fault=Fault.HANG)
    denied, writer = await sent(gate, gate.chat("x"))
    _, other = await sent(gate, gate.chat("x", model="gpt-5-mini"))
    await until(lambda: len(gate.provider.exchanges) == 2)
    gate.live.end_denied()
    bundles[0].write_text(
        f"{RULES}- {{id: no-more, when: \"resource.kind == 'llm' && llm.model == 'gpt-5'\", then: deny}}\n"
    )
    assert gate.policies.reload().activated
    gate.live.end_denied()
    answer = await asyncio.wait_for(denied.readuntil(b"}"), 2)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"the rules have changed" in answer
    await gate.settled()
    assert outcomes(gate) == [("cancelled", "policy_denied")]
    assert len(gate.live.list()) == 1
    for one in (writer, other):
        one.transport.abort()


@pytest.mark.parametrize("name", ACTS)
async def test_while_a_stream_is_not_read(gate: Gate, name: str) -> None:
    act, code = ACTS[name]
    gate.provider.default = Script(parts=(Text(text="word " * 2_000_000),), delta=Cut(size=50_000))
    reader, writer = await sent(gate, gate.chat("x", stream=True))
    await reader.readexactly(20)
    await asyncio.sleep(0.2)
    act(gate, writer)
    async with asyncio.timeout(2):
        await gate.settled()
        if name == "is ended":
            await until(lambda: not gate.live.list())
    assert outcomes(gate) == [("cancelled", code)]
    assert len(gate.budgets.settled) == 1
    writer.transport.abort()


@pytest.mark.parametrize("name", ACTS)
async def test_while_a_whole_answer_is_not_read(gate: Gate, scripted: Scripted, name: str) -> None:
    """An answer that waits for its client is not over: what ends the pass cuts it off, and nobody records it as given."""
    act, code = ACTS[name]
    large = answer(said("word " * 4_000_000), "200 OK", JSON)
    scripted.answers = [(large,)]
    reader, writer = await sent(gate, {"model": "odd", "messages": []}, "/odd/v1/chat/completions")
    await reader.readexactly(20)
    assert outcomes(gate) == []
    act(gate, writer)
    async with asyncio.timeout(2):
        await gate.settled()
        if name == "is ended":
            await until(lambda: not gate.live.list())
    assert outcomes(gate) == [("cancelled", code)]
    assert len(gate.budgets.settled) == 1
    if name == "is ended":
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(len(large) // 2), 5)
    writer.transport.abort()


async def test_a_whole_answer_that_is_large_arrives_and_its_connection_is_used_again(
    gate: Gate, scripted: Scripted
) -> None:
    text = "word " * 100_000
    scripted.answers = [(answer(said(text), "200 OK", JSON),)]
    body = {"model": "odd", "messages": []}
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    data = json.dumps(body).encode()
    for expected in (text, "good"):
        writer.write(head(f"Content-Length: {len(data)}", path="/odd/v1/chat/completions") + data)
        rows = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).lower().split(b"\r\n")
        (length,) = [int(row[15:]) for row in rows if row.startswith(b"content-length:")]
        told = json.loads(await asyncio.wait_for(reader.readexactly(length), 5))
        assert told["choices"][0]["message"]["content"] == expected
    await gate.settled(2)
    assert outcomes(gate) == [("ok", ""), ("ok", "")]
    writer.close()


async def test_what_a_large_call_would_disclose_is_put_together_beside_the_loop(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those who are asked to approve it: as much work as the masking itself."""
    threads: list[str] = []
    shown = Attempt._shown

    def seen(attempt: Attempt, verdict: Verdict, disclosure: Disclosure) -> Excerpt:
        threads.append(threading.current_thread().name)
        return shown(attempt, verdict, disclosure)

    monkeypatch.setattr(Attempt, "_shown", seen)
    _, writer = await sent(gate, gate.chat("word " * 10_000, model="gpt-expensive"))
    await until(gate.desk.list)
    writer.close()
    (thread,) = threads
    assert thread.startswith("aside")


@pytest.mark.parametrize("name", ACTS)
async def test_while_it_is_held(gate: Gate, name: str) -> None:
    act, code = ACTS[name]
    _, writer = await sent(gate, gate.chat("x", model="gpt-expensive"))
    await until(gate.desk.list)
    act(gate, writer)
    if name == "is ended":
        await until(lambda: "action.refused" in gate.recorder.types())
    else:
        await asyncio.sleep(0.2)  # nothing comes of it, then or later
    assert gate.provider.exchanges == []
    assert outcomes(gate) == []
    assert gate.budgets.reserved == []
    refused = [e.detail["code"] for e in gate.recorder.events if e.type.value == "action.refused"]
    assert refused == ([code] if name == "is ended" else [])
    writer.close()


def large_event(text: str) -> tuple[bytes, ...]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
    data = b"data: " + json.dumps({"id": "x", "choices": [choice]}).encode() + b"\n\ndata: [DONE]\n\n"
    return (EVENTS, b"%x\r\n" % len(data) + data + b"\r\n0\r\n\r\n")


ADDRESSES = f"{SECRET} " + "".join(
    f"Mail ada.lovelace{number}@example.com, or call +44 20 7946 0958 now. " for number in range(8_000)
)


async def test_a_large_event_keeps_nobody_else_waiting(gate: Gate, scripted: Scripted) -> None:
    """An event may be as long as a whole answer, and is looked at beside the loop like one."""
    scripted.answers = [large_event(ADDRESSES)]
    worst, loop = 0.0, asyncio.get_running_loop()

    async def others() -> None:
        nonlocal worst
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            worst = max(worst, loop.time() - before)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(others())
        begun = loop.time()
        _, shown = await gate_text(gate)
        took = loop.time() - begun
        waiting.cancel()
    assert SECRET not in shown
    assert "ada.lovelace7999" in shown
    assert shown.endswith("data: [DONE]\n\n")
    assert took > 0.5, "the event was too short to show anything"
    assert worst < took / 2


async def gate_text(gate: Gate) -> tuple[int, str]:
    body = {"model": "odd", "messages": [], "stream": True}
    async with asyncio.timeout(60), gate.request("/odd/v1/chat/completions", body) as response:
        return response.status, (await response.read()).decode()


async def test_a_call_is_ended_while_a_large_event_is_looked_at(gate: Gate, scripted: Scripted) -> None:
    scripted.answers = [large_event(ADDRESSES)]
    reader, writer = await sent(gate, {"model": "odd", "messages": [], "stream": True}, path="/odd/v1/chat/completions")
    await reader.readexactly(20)
    await asyncio.sleep(0.2)
    is_ended(gate, writer)
    shown = (await asyncio.wait_for(reader.read(), 2)).decode()
    assert "pass_ended" in shown
    assert "ada.lovelace" not in shown
    await gate.settled()
    assert outcomes(gate) == [("cancelled", "pass_ended")]
    writer.close()
