"""What was found in a text: where, of which type, and in what part of a conversation."""

from dataclasses import dataclass
from enum import StrEnum


class FindingClass(StrEnum):
    PII = "pii"
    SECRET = "secret"
    INJECTION = "injection"  # orders to a model, which do not belong into data


class Field(StrEnum):
    """Which part of a conversation a text belongs to, the same word for every dialect."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    REASONING = "reasoning"
    TOOL_DEFINITION = "tool_definition"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULT = "tool_result"
    INPUT = "input"  # what is embedded, moderated, counted
    FILE = "file"
    METADATA = "metadata"  # everything else, fields that nobody knows yet included


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``count`` findings of one type in one field: what policy and the ledger are told, never the value."""

    class_: FindingClass
    type: str
    field: Field
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes ``start`` to ``end`` (exclusive) of a UTF-8 text hold something of ``type`` (``EMAIL``)."""

    start: int
    end: int
    type: str
    class_: FindingClass
