"""Asks for chat completions as fast as they come, on bare protocols: many connections, one request at a time on each.

``python -m tests.bench.llm.loader`` takes a ``Load`` as JSON on its standard input (the key is in it, so not on the command line)
and prints a ``Measured`` as JSON.
"""

import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

import uvloop

_VISIBLE = re.compile(rb'"content":\s?"[^"]')
_PAD = "The quick brown fox jumps over the lazy dog near the river bank while it rains. "


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``size``: bytes of the prompt. ``unique``: every prompt is new, so that nothing that was kept of another helps.

    ``text`` goes into every prompt.
    """

    port: int
    key: str = field(repr=False)
    connections: int = 1
    seconds: float = 2.0
    stream: bool = False
    paced: bool = False
    size: int = 60
    unique: bool = True
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Times in seconds. ``first``: median until the first visible text of a stream."""

    requests: int
    seconds: float
    median: float
    p99: float
    first: float
    wrong: int
    """Answers that were not 200."""

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class Caller(asyncio.Protocol):
    def __init__(
        self, load: Load, number: int, times: list[float], firsts: list[float], done: asyncio.Future[int]
    ) -> None:
        self._load, self._number, self._times, self._firsts, self._done = load, number, times, firsts, done
        self._buffer = bytearray()
        self._began = self._end = 0.0
        self._count = self._wrong = 0
        self._first_seen = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._end = time.perf_counter() + self._load.seconds
        self._ask()

    def _ask(self) -> None:
        self._count += 1
        mark = f"{self._number}-{self._count} " if self._load.unique else ""
        self._buffer.clear()
        self._first_seen = False
        request = build(self._load, mark)
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._load.stream and not self._first_seen and _VISIBLE.search(self._buffer):
            self._first_seen = True
            self._firsts.append(time.perf_counter() - self._began)
        if not _whole(self._buffer):
            return
        now = time.perf_counter()
        self._times.append(now - self._began)
        self._wrong += not self._buffer.startswith(b"HTTP/1.1 200")
        if now < self._end:
            self._ask()
        else:
            self._transport.close()
            self._done.set_result(self._wrong)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the connection was closed"))


def build(load: Load, mark: str) -> bytes:
    """One request. The mark is spread over the prompt, so that no part of it has been seen before."""
    prompt = load.text
    while len(prompt) < load.size:
        prompt += mark + _PAD[: load.size - len(prompt)]
    document = {"model": "gpt-5.2", "messages": [{"role": "user", "content": mark + prompt}]}
    document |= {"stream": True} if load.stream else {}
    document |= {"paced": True} if load.paced else {}
    body = json.dumps(document, separators=(",", ":")).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {load.key}\r\ncontent-length: {len(body)}\r\n"
    )
    more = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    return (head + more + "\r\n").encode() + body


def _whole(buffer: bytearray) -> bool:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(buffer[:end]).lower()
    at = head.find(b"content-length:")
    if at >= 0:
        return len(buffer) >= end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
    return buffer.endswith(b"0\r\n\r\n")


async def run(load: Load) -> Measured:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    firsts: list[float] = []
    ends = [loop.create_future() for _ in range(load.connections)]
    began = time.perf_counter()
    for number, end in enumerate(ends):
        await loop.create_connection(
            lambda number=number, end=end: Caller(load, number, times, firsts, end),  # type: ignore[misc]
            "127.0.0.1",
            load.port,
        )
    wrong = sum(await asyncio.gather(*ends))
    seconds = time.perf_counter() - began
    times.sort()
    return Measured(
        requests=len(times),
        seconds=seconds,
        median=statistics.median(times),
        p99=times[int(len(times) * 0.99)],
        first=statistics.median(firsts) if firsts else 0.0,
        wrong=wrong,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(run(Load(**json.load(sys.stdin)))))))
