"""One answer before it takes a dialect's form."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from passgate.testing.llm_provider.asked import Asked
from passgate.testing.llm_provider.script import Part, RedactedThinking, Refusal, Script, Text, Thinking, ToolCall

_QUOTED = "{quoted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``created``: seconds since 1970. ``signing_key``: what thinking is signed with."""

    asked: Asked
    script: Script
    created: int
    signing_key: bytes

    @property
    def parts(self) -> Sequence[Part]:
        if not self.script.parts:
            return (Text(text=self.asked.text),)
        found = re.search(self.script.quote, self.asked.text) if self.script.quote else None
        return [_quoting(part, found[0]) for part in self.script.parts] if found else self.script.parts

    @property
    def calls_tools(self) -> bool:
        return any(isinstance(part, ToolCall) for part in self.parts)

    @property
    def refuses(self) -> bool:
        return any(isinstance(part, Refusal) for part in self.parts)

    @property
    def output_tokens(self) -> int:
        return sum(_length(part) for part in self.parts) // 4 + 1

    @property
    def reasoning_tokens(self) -> int:
        return sum(len(part.text) for part in self.parts if isinstance(part, Thinking)) // 4


def _quoting(part: Part, words: str) -> Part:
    if isinstance(part, ToolCall):
        return replace(part, arguments=part.arguments.replace(_QUOTED, json.dumps(words, ensure_ascii=False)[1:-1]))
    if isinstance(part, RedactedThinking):
        return part
    return replace(part, text=part.text.replace(_QUOTED, words))


def _length(part: Part) -> int:
    if isinstance(part, ToolCall):
        return len(part.arguments)
    return len(part.text) if isinstance(part, Text | Thinking | Refusal) else 0
