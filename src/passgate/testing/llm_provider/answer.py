"""One answer before it takes a dialect's form."""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.testing.llm_provider.asked import Asked
from passgate.testing.llm_provider.script import Part, Refusal, Script, Text, Thinking, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``created``: seconds since 1970. ``signing_key``: what thinking is signed with."""

    asked: Asked
    script: Script
    created: int
    signing_key: bytes

    @property
    def parts(self) -> Sequence[Part]:
        return self.script.parts or (Text(text=self.asked.text),)

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


def _length(part: Part) -> int:
    if isinstance(part, ToolCall):
        return len(part.arguments)
    return len(part.text) if isinstance(part, Text | Thinking | Refusal) else 0
