"""Who else answers on an HTTP listener, beside the protocol that it is for."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web


class Beside(Protocol):
    """Serves some paths of its own without a pass; what may be asked there is its own to check."""

    async def __call__(self, request: web.BaseRequest, /) -> web.StreamResponse | None:
        """None: the path is nobody's here."""


def first_of(several: Sequence[Beside]) -> Beside | None:
    """One that asks each in turn. None where there is none to ask."""
    if not several:
        return None

    async def serve(request: web.BaseRequest, /) -> web.StreamResponse | None:
        for one in several:
            answer = await one(request)
            if answer is not None:
                return answer
        return None

    return serve
