import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.answers.reader import answer_reader
from passgate.codecs.llm.answers.repetition import Repetition, repetition
from passgate.codecs.llm.answers.responses_stream import ResponsesStream
from passgate.codecs.llm.answers.sse import Event, EventParser
from passgate.codecs.llm.answers.streamed_text import StreamedText
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes, WordLane
from tests.unit.codecs.llm.answers.streams import CHAT, DONE, MESSAGES, START, bytewise, chunk, named_event, text_block

FIRST = {
    "type": "response.output_text.delta",
    "sequence_number": 7,
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "first",
    "logprobs": [],
    "obfuscation": "xYz",
}


def event_of(raw: bytes) -> Event:
    [event] = EventParser().feed(raw)
    return event


def learned(raw: bytes) -> Repetition | None:
    event = event_of(raw)
    frame = ResponsesStream().read(event)
    return repetition(event, frame, StreamedText(lambda: WordLane(Field.ASSISTANT, b"")))


@pytest.fixture
def known() -> Repetition:
    found = learned(named_event(FIRST))
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["", "plain", "é😀", 'a "b" \\ \n\t/', "x" * 1000])
def test_what_differs_only_in_its_text_number_and_filler_repeats(known, text):
    raw = named_event({**FIRST, "delta": text, "sequence_number": 12345, "obfuscation": "Q"})
    part, number = known.read(event_of(raw))
    assert (part.text.decode(), number) == (text, 12345)
    data = event_of(raw).data
    assert data[part.start : part.end][:1] == data[part.start : part.end][-1:] == b'"'


@pytest.mark.parametrize(
    "other",
    [
        {**FIRST, "item_id": "msg_2"},
        {**FIRST, "output_index": 1},
        {**FIRST, "logprobs": [{"token": "x"}]},
        {**FIRST, "more": 1},
        {**FIRST, "delta": 1},
        {**FIRST, "delta": {"delta": "x"}},
        {**FIRST, "delta": None},
        {**FIRST, "sequence_number": 1.5},
        {**FIRST, "sequence_number": "8"},
        {**FIRST, "obfuscation": "not a filler"},
        {**FIRST, "obfuscation": "x" * 65},
        {**FIRST, "delta": "\x01"},
        {name: FIRST[name] for name in ("type", "delta")},
    ],
)
def test_anything_else_does_not(known, other):
    assert known.read(event_of(named_event(other))) is None


def test_another_name_does_not(known):
    raw = named_event(FIRST)
    assert known.read(event_of(raw.replace(b"event: response.output_text.delta", b"event: other"))) is None
    assert known.read(event_of(raw[raw.index(b"data:") :])) is None
    assert known.read(event_of(b"event: response.output_text.delta\n\n")) is None


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\\n\xff"])
def test_text_that_is_not_utf_8_breaks_the_protocol(known, bad):
    raw = named_event({**FIRST, "delta": "BAD"}).replace(b"BAD", bad)
    with pytest.raises(RemoteProtocolError, match="UTF-8"):
        known.read(event_of(raw))


@given(st.binary(max_size=30))
def test_a_string_cannot_reach_beyond_its_place(noise):
    found = learned(named_event(FIRST))
    raw = named_event({**FIRST, "delta": "BAD"}).replace(b"BAD", noise.replace(b"\n", b"").replace(b"\r", b""))
    try:
        read = found.read(event_of(raw))
    except RemoteProtocolError:
        return
    if read is not None:
        ResponsesStream().read(event_of(raw))  # it is strict JSON
        assert b'"' not in noise.replace(b'\\"', b"").replace(b"\\\\", b"")


@pytest.mark.parametrize(
    "raw",
    [
        named_event({**FIRST, "type": "response.output_text.done"}),
        named_event({**FIRST, "delta": {"a": "b", "c": "d"}}),
        named_event({**FIRST, "logprobs": [{"token": "first"}]}),
        b"id: 1\n" + named_event(FIRST),
        named_event(FIRST).replace(b',"delta"', b'\ndata: ,"delta"'),
        named_event({"type": "response.completed", "response": {}}),
    ],
)
def test_only_an_event_that_does_nothing_but_go_on_can_be_repeated(raw):
    assert learned(raw) is None


def test_texts_that_take_turns_are_both_known():
    parts = [chunk({"content": f"a{n} <<EM"}, index=n % 3) + chunk({"reasoning_content": f"b{n}"}) for n in range(30)]
    stream = b"".join(parts) + b"".join(chunk({}, index=n, finish="stop") for n in range(3)) + DONE
    assert bytewise(CHAT, stream, Lanes()) == (stream, stream)


def test_what_stands_beside_the_text_and_had_to_be_masked_is_never_repeated():
    def said(text: str) -> bytes:
        return chunk({"content": text}, note="swordfish")

    stream = said("a") + said("b") + said("c") + chunk({}, finish="stop") + DONE
    assert bytewise(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_a_text_that_has_ended_is_not_gone_on_with_by_repetition():
    reader = answer_reader(MESSAGES, stream=True, lanes=Lanes())
    first, *more, ended = text_block(0, "a", "b")
    reader.feed(b"".join(map(named_event, (START, first, *more, ended))))
    with pytest.raises(RemoteProtocolError, match="goes on"):
        reader.feed(named_event(more[0]))
