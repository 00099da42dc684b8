import pytest

from passgate.codecs.llm.answers.body import BodyReader, ErrorReader
from passgate.codecs.llm.answers.event_stream import EventStreamReader
from passgate.codecs.llm.answers.lines import LinesReader
from passgate.codecs.llm.answers.reader import answer_reader, error_reader, heartbeat
from passgate.codecs.llm.answers.sse import EventParser
from passgate.codecs.llm.operation import AnswerBody, Dialect
from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.errors import LocalProtocolError
from tests.unit.codecs.llm.answers.lanes import Lanes

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


@every_operation
def test_every_operation_has_its_reader(operation):
    reader = answer_reader(operation, stream=False, lanes=Lanes())
    assert isinstance(reader, LinesReader if operation.answer is AnswerBody.LINES else BodyReader)
    assert isinstance(error_reader(operation, lanes=Lanes()), ErrorReader)


@every_operation
def test_what_streams_has_a_reader_for_it_and_what_does_not_is_refused(operation):
    if operation.answer is AnswerBody.JSON_OR_EVENTS:
        assert isinstance(answer_reader(operation, stream=True, lanes=Lanes()), EventStreamReader)
    else:
        with pytest.raises(LocalProtocolError, match="does not stream"):
            answer_reader(operation, stream=True, lanes=Lanes())


@every_operation
def test_a_heartbeat_is_a_whole_event_that_says_nothing(operation):
    [event] = EventParser().feed(heartbeat(operation))
    said = b'{"type": "ping"}' if operation.dialect is Dialect.ANTHROPIC else None
    assert event.data == said
