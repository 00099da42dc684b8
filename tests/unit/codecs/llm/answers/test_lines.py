import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.codecs.llm.answer import Summary
from passgate.codecs.llm.answers import openai_table
from passgate.codecs.llm.answers.lines import LinesReader
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import BY_NAME, dumped, fed, response_tree

CONTENT, RESULTS = BY_NAME["openai.files.content"], BY_NAME["anthropic.batches.results"]

_CHAT = {"choices": [{"message": {"content": "swordfish"}}]}
_RESPONSE = response_tree("completed", [{"type": "message", "content": [{"type": "output_text", "text": "swordfish"}]}])


def openai_line(body: dict) -> dict:
    return {
        "id": "batch_req_1",
        "custom_id": "1",
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


LINES = [
    (CONTENT, openai_line(_CHAT), Field.ASSISTANT),
    (CONTENT, openai_line(_RESPONSE), Field.ASSISTANT),
    (CONTENT, {"custom_id": "1", "error": {"code": "x", "message": "swordfish"}}, Field.METADATA),
    (
        CONTENT,
        {"custom_id": "1", "method": "POST", "url": "/v1/x", "body": {"messages": [{"content": "swordfish"}]}},
        Field.FILE,
    ),
    (CONTENT, {"messages": [{"role": "user", "content": "swordfish"}]}, Field.FILE),
    (
        RESULTS,
        {
            "custom_id": "1",
            "result": {"type": "succeeded", "message": {"content": [{"type": "text", "text": "swordfish"}]}},
        },
        Field.ASSISTANT,
    ),
    (
        RESULTS,
        {
            "custom_id": "1",
            "result": {"type": "errored", "error": {"type": "error", "error": {"message": "swordfish"}}},
        },
        Field.METADATA,
    ),
]


@pytest.mark.parametrize(("operation", "line", "field"), LINES)
def test_a_line_is_the_wrapper_of_an_answer(operation, line, field):
    lanes = Lanes()
    data = dumped(line)
    delivered, recorded = fed(answer_reader(operation, stream=False, lanes=lanes), [data + b"\n" + data])
    assert delivered == recorded == (data + b"\n" + data).replace(b"swordfish", b"<MASKED>")
    assert lanes.fields(b"swordfish") == {field}


def test_a_line_leaves_when_it_is_whole():
    reader = answer_reader(CONTENT, stream=False, lanes=Lanes())
    assert reader.feed(b'{"a": "x"').delivered == b""
    assert reader.held == 9
    assert reader.feed(b'}\n{"b": 1}\n{').delivered == b'{"a": "x"}\n{"b": 1}\n'
    assert reader.held == 1
    assert reader.feed(b"}").delivered == b""
    assert reader.finish().delivered == b"{}"
    assert reader.summary == Summary()


_BITS = [b'{"a": "swordfish"}', b'{"a": "sword"}', b"{}", b"\n", b"\r\n", b"\n\n", b" "]


@settings(deadline=None)
@given(st.lists(st.sampled_from(_BITS).map(lambda bit: bit + b"\n"), max_size=10), st.integers(1, 9))
def test_how_a_file_is_cut_does_not_show(bits, size):
    data = b"".join(bits)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    delivered, recorded = fed(answer_reader(CONTENT, stream=False, lanes=Lanes()), pieces)
    assert delivered == recorded == data.replace(b"swordfish", b"<MASKED>")


@pytest.mark.parametrize(
    "data", [b"a,b,c\n", b'{"a": 1}\n{\n', b'{"a": "\xff"}\n', b"%PDF-1.7\n", b'{"a": 1}\r{"b": 2}\n']
)
def test_a_file_of_another_kind_is_not_delivered(data):
    with pytest.raises(RemoteProtocolError):
        fed(answer_reader(CONTENT, stream=False, lanes=Lanes()), [data])


def test_the_last_line_may_lack_its_end_but_not_its_half():
    reader = answer_reader(CONTENT, stream=False, lanes=Lanes())
    assert reader.feed(b'{"a": 1}\n{"a":').delivered == b'{"a": 1}\n'
    with pytest.raises(RemoteProtocolError):
        reader.finish()


def test_a_line_is_bounded():
    reader = LinesReader(openai_table.LINE, Lanes(), max_line=10)
    assert reader.feed(b'{"a": 1}\n{"a": 2}\n').delivered == b'{"a": 1}\n{"a": 2}\n'
    reader.feed(b'{"a": 1234')
    with pytest.raises(RemoteProtocolError, match="longer than 10 bytes"):
        reader.feed(b"5")
