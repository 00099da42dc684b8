"""A provider that costs next to nothing: canned chat completions on a bare protocol, so that the way there is what is measured.

``python -m tests.bench.llm.upstream``: prints its port, serves until it is ended.
"""

import asyncio
import json
import sys
from typing import cast

import uvloop

TOKENS = 20
_HEAD = {"id": "chatcmpl-9f2c41d07be84a6f", "created": 1_790_000_000, "model": "gpt-5.2"}
_USAGE = {"prompt_tokens": 12, "completion_tokens": TOKENS, "total_tokens": 12 + TOKENS}
_TEXT = "".join(f"word{number} " for number in range(TOKENS))
PACE_MARK = b'"paced":true'
"""In a request that asks for a stream: one token every ``PACE`` seconds."""
PACE = 0.02


def _whole() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop", "logprobs": None}
    body = json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _frames() -> list[bytes]:
    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        document = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
        return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"

    words = [chunk({"content": f"word{number} "}) for number in range(TOKENS)]
    frames = [chunk({"role": "assistant", "content": ""}), *words, chunk({}, "stop"), b"data: [DONE]\n\n"]
    return [f"{len(frame):x}\r\n".encode() + frame + b"\r\n" for frame in frames]


_WHOLE, _FRAMES, _END = _whole(), _frames(), b"0\r\n\r\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req_1\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_STREAM = _STREAM_HEAD + b"".join(_FRAMES) + _END


class Provider(asyncio.Protocol):
    """HTTP/1.1 as far as a well-behaved client needs it: content-length or chunked bodies, keep-alive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._request()) is not None:
            self._answer(request)

    def _request(self) -> bytes | None:
        """One whole request, taken out of the buffer."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._buffer[:end]).lower()
        if b"transfer-encoding: chunked" in head:
            last = self._buffer.find(b"0\r\n\r\n", end)
            if last < 0:
                return None
            length = last + 5
        else:
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            length = end + 4 + size
            if len(self._buffer) < length:
                return None
        request = bytes(self._buffer[:length])
        del self._buffer[:length]
        return request

    def _answer(self, request: bytes) -> None:
        if b'"stream":true' not in request:
            self._transport.write(_WHOLE)
        elif PACE_MARK in request:
            self._task = asyncio.get_running_loop().create_task(self._pace(self._transport))
        else:
            self._transport.write(_STREAM)

    async def _pace(self, transport: asyncio.Transport) -> None:
        transport.write(_STREAM_HEAD)
        for frame in _FRAMES:
            transport.write(frame)
            await asyncio.sleep(PACE)
        transport.write(_END)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
