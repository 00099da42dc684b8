"""The body of a request: read with a bound on what arrives, decoded with a bound on what comes out."""

import asyncio
import zlib
from collections.abc import AsyncIterator

import zstandard
from aiohttp import HttpVersion11, web

from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import RemoteProtocolError
from passgate.endpoints.llm.refused import RefusedError

CODINGS = ("gzip", "x-gzip", "deflate", "zstd")

_WINDOW = 32 * 2**20
"""A frame of zstd that wants more memory than this is refused."""

_PIECE = 1024
_SLICE = 16 * 1024

_MEMBERS = 10_000
"""Of one body: empty ones cost time, and add nothing to its size."""

_INLINE = 256 * 1024
"""Larger bodies are decoded by a thread: a second of work would keep everybody else waiting."""


async def whole(request: web.BaseRequest, *, limit: int, seconds: float) -> bytes:
    """The body, decoded. ``seconds``: how long the client may be silent. Raises RefusedError, ConnectionError."""
    coding = content_coding(request)
    content = request.content
    if content.is_eof() and content.exception() is None and content.total_bytes <= limit:
        data = content.read_nowait()  # all of it came with the head, as most do
    else:
        parts = [part async for part in arriving(request, limit=limit, seconds=seconds)]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
    if not coding or not data:
        return data
    try:
        if len(data) <= _INLINE:
            return decoded(data, coding, limit)
        return await asyncio.to_thread(decoded, data, coding, limit)
    except OverflowError:
        raise too_large(limit) from None
    except RemoteProtocolError as error:
        raise RefusedError(Cause.BAD_REQUEST, f"The body does not fit its Content-Encoding: {error}.") from error


def content_coding(request: web.BaseRequest) -> str:
    """How the body is compressed, empty where it is not. Raises RefusedError for a coding that is not known."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in ("", "identity"):
        return ""
    if coding not in CODINGS:
        raise RefusedError(Cause.ENCODING, "The Content-Encoding is not known here: use gzip, deflate, zstd or none.")
    return coding


def decoded(data: bytes, coding: str, limit: int) -> bytes:
    """Raises OverflowError past ``limit`` bytes, RemoteProtocolError for what is not of the coding, or cut short."""
    try:
        if coding == "zstd":
            return _zstd(data, limit)
        if coding == "deflate":
            return _inflated(data, zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS, limit)
        return _inflated(data, 16 + zlib.MAX_WBITS, limit)
    except (zlib.error, zstandard.ZstdError):
        raise RemoteProtocolError(f"it is not {coding}") from None


def too_large(limit: int) -> RefusedError:
    return RefusedError(Cause.TOO_LARGE, f"The body is larger than {limit} bytes.")


async def arriving(request: web.BaseRequest, *, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """The body in the pieces in which it comes, undecoded. Raises RefusedError, ConnectionError."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    content = request.content
    size = 0
    while not content.at_eof():
        try:
            async with asyncio.timeout(seconds):
                part = await content.readany()
        except TimeoutError:
            raise RefusedError(Cause.BAD_REQUEST, "The body did not arrive in time.") from None
        except web.RequestPayloadError:
            raise RefusedError(Cause.BAD_REQUEST, "The body is not framed as HTTP frames bodies.") from None
        size += len(part)
        if size > limit:
            raise too_large(limit)
        yield part


def _has_zlib_header(data: bytes) -> bool:
    """RFC 9110 means zlib by deflate; some send it bare. A zlib header is two bytes that are divisible by 31 (RFC 1950)."""
    return len(data) >= 2 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def _inflated(data: bytes, bits: int, limit: int) -> bytes:
    """Members of gzip may follow one another (RFC 1952). Fed in pieces, since what follows a member is copied."""
    decoder = zlib.decompressobj(bits)
    parts: list[bytes] = []
    room, members = limit + 1, 1
    for at in range(0, len(data), _SLICE):
        piece = data[at : at + _SLICE]
        while piece:
            if decoder.eof:
                members = _counted(members)
                decoder = zlib.decompressobj(bits)
            part = decoder.decompress(piece, room)
            room -= len(part)
            if room <= 0:
                raise OverflowError
            parts.append(part)
            piece = decoder.unused_data
    if not decoder.eof:
        raise RemoteProtocolError("it is cut short")
    return b"".join(parts)


def _counted(members: int) -> int:
    """One more. Raises RemoteProtocolError past what anybody has a use for."""
    if members == _MEMBERS:
        raise RemoteProtocolError(f"it has more than {_MEMBERS} members")
    return members + 1


def _zstd(data: bytes, limit: int) -> bytes:
    """Frames may follow one another (RFC 8878). Fed in small pieces, since a piece may become 32,000 times as long."""
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    frame = decoder.decompressobj()
    parts: list[bytes] = []
    size, frames = 0, 1
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        while piece:
            if frame.eof:
                frames = _counted(frames)
                frame = decoder.decompressobj()
            part = frame.decompress(piece)
            size += len(part)
            if size > limit:
                raise OverflowError
            parts.append(part)
            piece = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise RemoteProtocolError("it is cut short")
    return b"".join(parts)
