"""How documents become bytes: JSON in several writings, server-sent events, JSON Lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from passgate.testing.llm_provider.script import Writing

_STRUCTURE = frozenset({"id", "type", "object", "role", "model", "event", "finish_reason", "stop_reason", "status"})
"""Members whose values are words of the dialect: no provider writes those with escapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One server-sent event. ``event`` is empty where the dialect has data lines only; ``data`` is a document or a bare word."""

    data: Mapping[str, Any] | str
    event: str = ""

    def write(self, writing: Writing) -> bytes:
        data = self.data.encode() if isinstance(self.data, str) else dumps(self.data, writing)
        head = f"event: {self.event}\n".encode() if self.event else b""
        return head + b"data: " + data + b"\n\n"


def dumps(document: Mapping[str, Any], writing: Writing = Writing.PLAIN) -> bytes:
    """One line of JSON."""
    if writing is Writing.ESCAPED:
        return _escaped(document, "").encode()
    return json.dumps(document, ensure_ascii=writing is Writing.ASCII, separators=(",", ":")).encode()


def _escaped(value: object, member: str) -> str:
    if isinstance(value, str):
        return json.dumps(value) if member in _STRUCTURE else f'"{"".join(map(_escape, value))}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{_escaped(inner, key)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_escaped(inner, member) for inner in value) + "]"
    return json.dumps(value)


def _escape(character: str) -> str:
    if not character.isascii():
        return json.dumps(character)[1:-1]
    return f"\\u{ord(character):04x}"
