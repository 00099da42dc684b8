"""The body of a request, no more of it than is wanted."""

from aiohttp import web


async def read_bounded(request: web.BaseRequest, most: int) -> bytes | None:
    """None where it is longer than ``most`` bytes; the rest is not read then."""
    if (request.content_length or 0) > most:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
