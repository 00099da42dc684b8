"""Bodies of requests, read."""

from collections.abc import Iterable, Mapping

import orjson

from passgate.codecs.llm.call import BESIDE, Call, Leaf
from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.operations import find_operation
from passgate.core.finding import Field

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
BASE64 = "iVBORw0KGgo" * 12  # 132 characters
SIGNATURE = "EuYBCkQYAiJA" * 6
ENCRYPTED = "gAAAAABo-_x9" * 9


def call(path: str, body: object, headers: Mapping[str, str] | None = None) -> Call:
    """``body``: bytes, or what is written as JSON."""
    operation = find_operation("POST", path, headers)
    assert operation is not None
    return read_call(operation, body if isinstance(body, bytes) else orjson.dumps(body), headers or {})


def said(read: Call | Iterable[Leaf]) -> dict[str, tuple[Field, str, bool]]:
    """What is looked at by pointer: field, text, whether it is fixed. Names of members have ``#`` before their pointer."""
    leaves = read.leaves if isinstance(read, Call) else read
    found: dict[str, tuple[Field, str, bool]] = {}
    for leaf in leaves:
        if leaf.pointer != BESIDE:
            name = (
                leaf.fixed
                and leaf.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~").encode() == leaf.text
            )
            found[f"#{leaf.pointer}" if name else leaf.pointer] = (leaf.field, leaf.text.decode(), leaf.fixed)
    return found


def leaf_at(read: Call, pointer: str) -> Leaf:
    (leaf,) = (leaf for leaf in read.leaves if leaf.pointer == pointer and not leaf.fixed)
    return leaf


def chat(*messages: object, **members: object) -> Call:
    return call(CHAT, {"model": "m", "messages": list(messages), **members})


def messages(*turns: object, **members: object) -> Call:
    return call(MESSAGES, {"model": "m", "max_tokens": 9, "messages": list(turns), **members})


def responses(given: object, **members: object) -> Call:
    return call(RESPONSES, {"model": "m", "input": given, **members})
