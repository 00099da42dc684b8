"""Puts a text into any place of any request body that the codec's own table of fields names."""

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace

from passgate.codecs.llm.fields import FieldRow

_SEGMENT = re.compile(
    r"(?P<name>\*\*|\*|\(any other\)|\(any\)|\(name\)|[^\[(]+?)(?P<marks>(?:\[[^\]]*\])*)(?P<json> \(as JSON\))?"
)

_CHAT = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "Hello"}]}
_MESSAGES = {"model": "claude-opus-4-7", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
BASES = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": {"model": "gpt-5.2", "prompt": "Hello"},
    "/v1/responses": {"model": "gpt-5.2", "input": [{"role": "user", "content": "Hello"}]},
    "/v1/responses/compact": {"model": "gpt-5.2", "input": [{"role": "user", "content": "Hello"}]},
    "/v1/responses/input_tokens": {"model": "gpt-5.2", "input": [{"role": "user", "content": "Hello"}]},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": ["Hello"]},
    "/v1/moderations": {"model": "omni-moderation-latest", "input": ["Hello"]},
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": _MESSAGES,
    "/v1/messages/batches": {"requests": [{"custom_id": "one", "params": _MESSAGES}]},
    "/v1/batches": {"input_file_id": "file-none", "endpoint": "/v1/chat/completions", "completion_window": "24h"},
}
"""The least that each path takes."""


_ANY = re.fullmatch(r"(?P<name>\*)(?P<marks>)(?P<json>x?)", "*")


class ConflictError(Exception):
    """The document has something else there already."""


@dataclass(slots=True)
class Planted:
    """One request with a text in as many places as fit."""

    path: str
    document: dict[str, object]
    rows: list[tuple[FieldRow, str]] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False).encode()


_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)|\[(\w+)=([^\]]*\|[^\]]*)\]")


def spelled_out(rows: Iterable[FieldRow]) -> list[FieldRow]:
    """Every place on its own: ``/a/(b|c)`` is two, and what is read like another path's body has all the places of that."""
    single: list[FieldRow] = []
    for row in rows:
        several = _ALTERNATIVES.search(row.where)
        if several is None:
            single.append(row)
            continue
        before, after = row.where[: several.start()], row.where[several.end() :]
        names = several[1].split("|") if several[1] else [f"[{several[2]}={word}]" for word in several[3].split("|")]
        single += spelled_out(replace(row, where=before + name + after) for name in names)
    whole = [row for row in single if row.where in _LIKE_ANOTHER]
    like = [
        replace(inner, path=row.path, where=row.where.removesuffix("/**") + inner.where)
        for row in whole
        for inner in single
        if inner.path == ("/v1/responses" if row.path.startswith("/v1/responses/") else "/v1/messages")
        and inner.where.startswith("/")
    ]
    return [row for row in single if row not in whole] + like


_LIKE_ANOTHER = frozenset({"/**", "/requests/*/params/**"})


def plant(path: str, where: str, value: object, document: dict[str, object]) -> None:
    """Put ``value`` at a place of the table. Raises ConflictError."""
    segments = [_SEGMENT.fullmatch(part) for part in where.strip("/").split("/")]
    if None in segments:
        raise ValueError(f"{where}: this is not understood")
    _place(document, [match for match in segments if match is not None], value)
    _complete(document)


def _place(node: object, segments: list[re.Match[str]], value: object) -> None:
    """``node`` is where the first segment leads from."""
    first, rest = segments[0], segments[1:]
    name = first["name"]
    if first["json"] and isinstance(value, str):
        value = json.dumps({"said": value, "again": [value]})
    if name == "*":
        if not isinstance(node, list):
            raise ConflictError
        node.append(_element(first["marks"], rest, value))
        return
    if not isinstance(node, dict):
        raise ConflictError
    if name == "**":
        _place_deep(node, rest, value)
    elif name == "(name)":
        node[str(value)] = {"type": "string"}
    else:
        key = f"brand_new_{len(node)}" if name in {"(any other)", "(any)"} else name
        if not rest and not first["marks"]:
            if key in node and key not in _REPLACEABLE:
                raise ConflictError
            node[key] = value
        elif first["marks"]:
            if key in node:
                raise ConflictError
            node[key] = _element(first["marks"], rest, value)
        else:
            if key == "content" and rest[0]["name"] == "**":
                value, rest = {"type": "text", "text": value}, [_ANY]
            _place(node.setdefault(key, [] if rest[0]["name"] == "*" else {}), rest, value)


def _place_deep(node: dict[str, object], rest: list[re.Match[str]], value: object) -> None:
    """At any depth: of a schema below one of its properties."""
    if not rest:
        node[f"deep_{len(node)}"] = [{"deeper": value}]
        return
    node.setdefault("type", "object")
    properties = node.setdefault("properties", {})
    if not isinstance(properties, dict):
        raise ConflictError
    _place(properties.setdefault(f"p{len(properties)}", {}), rest, value)


_REPLACEABLE = frozenset(
    {"model", "max_tokens", "custom_id", "prompt", "input_file_id", "endpoint", "completion_window"}
)


def _element(marks: str, rest: list[re.Match[str]], value: object) -> object:
    """``marks``: ``[role=user][any other]``: what the element is told by."""
    words = dict(word.split("=", 1) for word in re.findall(r"\[([^\]=]*=[^\]]*)\]", marks))
    if not rest:
        return {"type": "brand_new", **words, "said": value} if marks else value
    made: dict[str, object] = {key: word for key, word in words.items() if key != rest[0]["name"]}
    _place(made, rest, value)
    return made


def _complete(document: dict[str, object]) -> None:
    """What would be refused for something else: tools without a name, requests of a batch that are not whole."""
    tools = document.get("tools")
    for number, tool in enumerate(tools if isinstance(tools, list) else []):
        if isinstance(tool, dict) and "type" not in tool:
            if isinstance(tool.get("function"), dict):
                tool["function"].setdefault("name", f"tool_{number}")
            else:
                tool.setdefault("name", f"tool_{number}")
    requests = document.get("requests")
    for number, request in enumerate(requests if isinstance(requests, list) else []):
        if isinstance(request, dict):
            request.setdefault("custom_id", f"request_{number}")
            params = request.setdefault("params", {})
            if isinstance(params, dict):
                for name, usual in _MESSAGES.items():
                    params.setdefault(name, usual)
                _complete(params)


def packed(path: str, marked: Iterable[tuple[FieldRow, str]], *, most: int) -> list[Planted]:
    """Requests that between them hold a text of its own at every place, at most ``most`` places each."""
    made: list[Planted] = []
    for row, text in marked:
        for request in [r for r in made if len(r.rows) < most][-8:]:
            trial = deepcopy(request.document)
            try:
                plant(path, row.where, text, trial)
            except ConflictError:
                continue
            request.document = trial
            request.rows.append((row, text))
            break
        else:
            made.append(alone(path, row, text))
    return made


def alone(path: str, row: FieldRow, text: str) -> Planted:
    document = deepcopy(BASES[path])
    try:
        plant(path, row.where, text, document)
    except ConflictError:  # a string where the base has an array, or the other way round
        document.pop(re.split(r"[/\[]", row.where.strip("/"))[0], None)
        plant(path, row.where, text, document)
    return Planted(path=path, document=document, rows=[(row, text)])
