"""Which reader an answer needs, and what keeps a quiet stream alive."""

from collections.abc import Callable, Mapping

from passgate.codecs.llm.answer import AnswerReader, LaneSource
from passgate.codecs.llm.answers import anthropic_table, openai_table
from passgate.codecs.llm.answers.body import BodyReader, ErrorReader
from passgate.codecs.llm.answers.chat_stream import ChatStream
from passgate.codecs.llm.answers.event_stream import EventStreamReader
from passgate.codecs.llm.answers.frame import StreamDialect
from passgate.codecs.llm.answers.lines import LinesReader
from passgate.codecs.llm.answers.messages_stream import MessagesStream
from passgate.codecs.llm.answers.responses_stream import ResponsesStream
from passgate.codecs.llm.answers.sse import comment, event_bytes
from passgate.codecs.llm.answers.summaries import anthropic_summary, openai_summary
from passgate.codecs.llm.operation import AnswerBody, Dialect, Operation
from passgate.core.errors import LocalProtocolError

_STREAMS: Mapping[str, Callable[[], StreamDialect]] = {
    "openai.chat": ChatStream,
    "openai.completions": ChatStream,
    "openai.responses": ResponsesStream,
    "openai.responses.read": ResponsesStream,
    "anthropic.messages": MessagesStream,
}

_PING = event_bytes(b'{"type": "ping"}', name=b"ping")
_KEEPALIVE = comment(b"keepalive")


def answer_reader(operation: Operation, *, stream: bool, lanes: LaneSource) -> AnswerReader:
    """``stream``: the upstream answers with ``text/event-stream``. Raises LocalProtocolError for an operation that has no
    streams."""
    openai = operation.dialect is Dialect.OPENAI
    if stream:
        dialect = _STREAMS.get(operation.name)
        if dialect is None or operation.answer is not AnswerBody.JSON_OR_EVENTS:
            raise LocalProtocolError(f"{operation.name} does not stream")
        return EventStreamReader(dialect(), lanes)
    if operation.answer is AnswerBody.LINES:
        return LinesReader(openai_table.LINE if openai else anthropic_table.LINE, lanes)
    return BodyReader(
        openai_table.ANSWER if openai else anthropic_table.ANSWER,
        openai_summary if openai else anthropic_summary,
        lanes,
    )


def error_reader(operation: Operation, *, lanes: LaneSource) -> AnswerReader:
    """For an answer whose status says that it failed (4xx, 5xx): JSON or any other text, whatever the operation answers else."""
    openai = operation.dialect is Dialect.OPENAI
    return ErrorReader(
        openai_table.ANSWER if openai else anthropic_table.ANSWER,
        openai_summary if openai else anthropic_summary,
        lanes,
    )


def heartbeat(operation: Operation) -> bytes:
    """What may be sent between two pieces of a stream: Anthropic's own ``ping``, or a comment, which every client ignores."""
    return _PING if operation.dialect is Dialect.ANTHROPIC else _KEEPALIVE
