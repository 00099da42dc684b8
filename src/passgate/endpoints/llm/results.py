"""Where the results of a batch are found: at the gate. A client that followed the provider's own address would show it the pass.

Anthropic names an absolute address in ``results_url``, and its SDKs go there with the key that they were given.
"""

import re

import orjson
from aiohttp import web

from passgate.codecs.llm.operation import Dialect, Operation

_ORIGIN = re.compile(rb'("results_url"\s{0,8}:\s{0,8}")https?:(?:\\?/){2}[^/"\\]{1,256}(?=\\?/)')
_VERBS = frozenset({"create_batch", "read_batch", "cancel_batch"})


def names_results(operation: Operation) -> bool:
    return operation.dialect is Dialect.ANTHROPIC and operation.verb in _VERBS


def own_origin(request: web.BaseRequest, path: str) -> str:
    """As the client itself has named the gate, with the resource where it named that. ``path``: as the provider is asked."""
    return f"{request.scheme}://{request.host}{request.raw_path.removesuffix(path)}"


def led_back(body: bytes, origin: str) -> bytes:
    """The answer with its results at ``origin``; the same bytes where it names none."""
    safe = orjson.dumps(origin)[1:-1]
    return _ORIGIN.sub(lambda found: found[1] + safe, body)
