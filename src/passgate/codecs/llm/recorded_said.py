"""What was said in a conversation, whatever the dialect: the messages of a request, and of an answer that came whole.

Playing back is not judging: it reads what two dialects and their relatives have in common by its form, and shows what it does not
know as the JSON that it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_TEXTS = frozenset({"text", "input_text", "output_text", "summary_text"})
_REASONING = frozenset({"thinking", "reasoning_text"})
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use", "function_call", "custom_tool_call", "mcp_call"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """``kind``: ``text``, ``reasoning``, ``refusal``, ``tool call``, ``tool result``, ``media``, ``error`` or ``other``.

    ``name``: of the tool, or of what a result answers."""

    role: str
    kind: str
    text: str
    name: str = ""


def asked(body: Mapping[str, Any]) -> Iterator[Said]:
    """Of a request's body, in the order in which the model reads it."""
    for name in ("system", "instructions"):
        yield from _content("system", body.get(name))
    for message in objects(body.get("messages")):
        yield from _message(message)
    yield from _input(body.get("input"))
    yield from _content("user", body.get("prompt"))


def offered(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the tools of a request."""
    return tuple(
        str(tool.get("name") or object_(tool.get("function")).get("name") or tool.get("type", "tool"))
        for tool in objects(body.get("tools"))
    )


def answered(body: Mapping[str, Any]) -> Iterator[Said]:
    """Of an answer's body that came whole."""
    error = body.get("error")
    if error:
        yield Said(role="", kind="error", text=error_text(error))
    for choice in objects(body.get("choices")):
        if "message" in choice:
            yield from _message({"role": "assistant", **object_(choice["message"])})
        else:
            yield from _content("assistant", choice.get("text"))
    yield from _content("assistant", body.get("content"))
    yield from _input(body.get("output"), role="assistant")
    vectors = [item for item in objects(body.get("data")) if "embedding" in item]
    if vectors:
        yield Said(role="", kind="other", text=f"{len(vectors)} vectors")


def error_text(error: object) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    said = str(error.get("message") or compact(error))
    return ": ".join(str(part) for part in (error.get("type"), error.get("code"), said) if part)


def call_text(name: str, arguments: object) -> Said:
    """Arguments in one form, whether they came as JSON or as the text of it."""
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return Said(role="assistant", kind="tool call", text=str(arguments), name=name)
    return Said(role="assistant", kind="tool call", text=compact(arguments), name=name)


def compact(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return "<nested too deeply to be shown>"


def _message(message: Mapping[str, Any]) -> Iterator[Said]:
    role = str(message.get("role", ""))
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str):
            yield Said(role=role, kind="reasoning", text=message[name])
    if role in ("tool", "function"):
        yield _result(message.get("tool_call_id") or message.get("name"), message.get("content"))
    else:
        yield from _content(role, message.get("content"))
    if isinstance(message.get("refusal"), str):
        yield Said(role=role, kind="refusal", text=message["refusal"])
    calls = [object_(call.get("function")) or call for call in objects(message.get("tool_calls"))]
    for call in (*calls, object_(message.get("function_call"))):
        if call:
            yield call_text(str(call.get("name", "")), call.get("arguments", call.get("input")))


def _input(value: object, role: str = "user") -> Iterator[Said]:
    """Of OpenAI's responses, and what is to be embedded or moderated."""
    if isinstance(value, str):
        yield Said(role=role, kind="text", text=value)
    elif isinstance(value, list) and value and all(isinstance(item, int) for item in value):
        yield Said(role=role, kind="text", text=compact(value))  # tokens instead of text
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping) and "role" in item:
                yield from _message(item)
            else:
                yield from _content(role, [item])


def _content(role: str, content: object) -> Iterator[Said]:
    if isinstance(content, str):
        yield Said(role=role, kind="text", text=content)
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, Mapping):
                yield from _block(role, block)
            elif block is not None:
                yield Said(role=role, kind="text", text=block if isinstance(block, str) else compact(block))


def _block(role: str, block: Mapping[str, Any]) -> Iterator[Said]:
    kind = str(block.get("type", ""))
    if kind in _TEXTS:
        yield Said(role=role, kind="text", text=str(block.get("text", "")))
    elif kind in _REASONING:
        yield Said(role=role, kind="reasoning", text=str(block.get("thinking", block.get("text", ""))))
    elif kind == "refusal":
        yield Said(role=role, kind="refusal", text=str(block.get("refusal", "")))
    elif kind == "reasoning":
        for part in (*objects(block.get("summary")), *objects(block.get("content"))):
            yield Said(role="assistant", kind="reasoning", text=str(part.get("text", "")))
    elif kind in _CALLS:
        yield call_text(str(block.get("name", "")), block.get("input", block.get("arguments")))
    elif kind.endswith(("_result", "_output")):
        yield _result(block.get("tool_use_id") or block.get("call_id"), block.get("content", block.get("output")))
    elif "source" in block or kind.startswith(("image", "input_", "document", "file", "redacted")):
        yield Said(role=role, kind="media", text=kind)
    else:
        yield Said(role=role, kind="other", text=compact(dict(block)))


def _result(answers: object, content: object) -> Said:
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        text = "\n".join(
            str(part["text"])
            if isinstance(part, Mapping) and part.get("type") in _TEXTS and "text" in part
            else compact(part)
            for part in content
        )
    else:
        text = "" if content is None else compact(content)
    return Said(role="tool", kind="tool result", text=text, name=str(answers or ""))


def object_(value: object) -> Mapping[str, Any]:
    """Empty where it is none: what was recorded is what somebody else sent."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> Iterable[Mapping[str, Any]]:
    """The objects in a list, none where it is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else ()
