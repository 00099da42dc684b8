"""What one path of a dialect is: the row of the table of everything that is governed."""

from dataclasses import dataclass
from enum import StrEnum

from passgate.core.action import VerbClass


class Dialect(StrEnum):
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class RequestBody(StrEnum):
    NONE = "none"
    JSON = "json"
    MULTIPART = "multipart"


class AnswerBody(StrEnum):
    JSON = "json"
    JSON_OR_EVENTS = "json or events"  # a stream of server-sent events where the request asks for it
    LINES = "lines"  # JSON Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``name``: ``openai.chat``. ``path``: a template, ``/v1/files/{id}/content``; a part in braces is one segment.

    ``verb``: ``generate``, ``embed``, ``count_tokens``, ``list_models``, ``upload``, ``download``, ``create_batch``, ...
    """

    name: str
    dialect: Dialect
    method: str
    path: str
    verb: str
    verb_class: VerbClass
    request: RequestBody
    answer: AnswerBody
