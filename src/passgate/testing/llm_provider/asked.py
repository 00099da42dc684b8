"""A request as the stand-in reads it: just enough to answer like the provider."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


class BadRequestError(Exception):
    """The provider would answer 400 to this. The message says why, in the provider's manner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``text``: the caller's last text, of a person or a tool. ``size``: how long the request is, in tokens by rule of thumb."""

    document: Document
    model: str
    text: str
    stream: bool
    size: int


def document(body: bytes) -> Document:
    """A body that is one JSON object. Raises BadRequestError."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BadRequestError("We could not parse the JSON body of your request.") from error
    if not isinstance(found, dict):
        raise BadRequestError("The body is no JSON object.")
    return found


def chat(document: Document, size: int) -> Asked:
    messages = _list(document, "messages")
    said = [m for m in messages if m.get("role") in {"user", "tool"}]
    return _asked(document, said[-1].get("content") if said else "", size)


def responses(document: Document, size: int) -> Asked:
    given = document.get("input", "")
    if isinstance(given, str):
        return _asked(document, given, size)
    items = _list(document, "input")
    said = [i for i in items if i.get("role") == "user" or str(i.get("type", "")).endswith("_output")]
    return _asked(document, (said[-1].get("content") or said[-1].get("output")) if said else "", size)


def messages(document: Document, size: int, *, signing_key: bytes) -> Asked:
    turns = _list(document, "messages")
    for number, turn in enumerate(turns):
        _check_signatures(number, turn.get("content"), signing_key)
    said = [turn for turn in turns if turn.get("role") == "user"]
    if not said:
        raise BadRequestError("messages: at least one message is required")
    return _asked(document, said[-1].get("content"), size)


def completion(document: Document, size: int) -> Asked:
    prompt = document.get("prompt", "")
    return _asked(document, prompt if isinstance(prompt, str) else str(prompt[-1]), size)


def signature(thinking: str, key: bytes) -> str:
    """What makes a thinking block the provider's own."""
    return base64.b64encode(hmac.new(key, thinking.encode(), hashlib.sha512).digest()).decode()


def _asked(document: Document, content: object, size: int) -> Asked:
    model = document.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequestError("you must provide a model parameter")
    return Asked(
        document=document, model=model, text=plain(content), stream=document.get("stream") is True, size=size // 4 + 1
    )


def plain(content: object) -> str:
    """The text of a content that is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    said = []
    for block in content:
        if isinstance(block, str):
            said.append(block)
        elif isinstance(block, Mapping):
            said.append(str(block["text"]) if "text" in block else plain(block.get("content")))
    return "".join(said)


def _list(document: Document, name: str) -> list[Document]:
    items = document.get(name)
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise BadRequestError(f"{name}: Input should be a valid list")
    return items


def _check_signatures(number: int, content: object, key: bytes) -> None:
    if not isinstance(content, list):
        return
    for place, block in enumerate(content):
        if isinstance(block, Mapping) and block.get("type") == "thinking":
            expected = signature(str(block.get("thinking", "")), key)
            if not hmac.compare_digest(expected, str(block.get("signature", ""))):
                raise BadRequestError(f"messages.{number}.content.{place}: Invalid `signature` in `thinking` block")
