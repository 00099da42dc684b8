"""A provider that says, byte for byte, what a test has put down for it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CREDENTIAL = 'hunter/2"plain+word'
SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
JSON = "Content-Type: application/json"

Pieces = tuple[bytes | float, ...]
"""What is sent, and how long to wait in between."""


def said(text: str) -> bytes:
    return json.dumps(
        {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    ).encode()


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    rows = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(rows).encode("latin-1") + body


@dataclass
class Scripted:
    """Keeps its connections, and gives each request the next answer; ``said("good")`` when there are no more."""

    answers: list[Pieces] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    serving: "list[asyncio.Task[None] | None]" = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                lengths = [int(row[15:]) for row in head.split(b"\r\n") if row.startswith(b"content-length:")]
                await reader.readexactly(sum(lengths))
                for piece in self.answers.pop(0) if self.answers else (answer(said("good"), "200 OK", JSON),):
                    if isinstance(piece, float):
                        await asyncio.sleep(piece)
                    else:
                        writer.write(piece)
                        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    async with server:
        yield scripted
        tasks = [task for task in scripted.serving if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
