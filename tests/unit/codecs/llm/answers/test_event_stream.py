"""What all dialects share: how events wait, in which order they leave, and that nothing shows how the stream was cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.codecs.llm.answers import event_stream
from passgate.codecs.llm.answers.event_stream import OVER, PATIENCE
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.codecs.llm.answers.streamed_text import MAX_INTERRUPTIONS
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers import lanes as words
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import (
    CHAT,
    DONE,
    MESSAGES,
    PING,
    RESPONSES,
    argument_call,
    bytewise,
    chat_said,
    chunk,
    fed,
    messages,
    messages_said,
    named_event,
    read,
    responses,
    responses_said,
    text_block,
    thinking_block,
    tool_block,
    trees,
)

_BITS = ["swordfish", "sword", "fish", "s", "<<EMAIL:", "abc>>", "", "a", " é😀 ", "fis", "\\n", "\n"]
pieces = st.lists(st.sampled_from(_BITS), max_size=8)
clean = st.lists(st.sampled_from(["sword", "s", "a ", " é😀 ", "<<EM", "", "x"]), max_size=8)


def chats(texts) -> bytes:
    """Text, then two calls, interleaved with a second choice."""
    deltas = [chunk({"role": "assistant", "content": ""})]
    for place, text in enumerate(texts):
        deltas += (
            chunk({"content": text}),
            chunk({"reasoning_content": text}, index=1),
            chunk(argument_call('{"a":"' if not place else text.replace("\n", ""), index=place % 2)),
        )
    return b"".join(deltas) + chunk({}, finish="stop") + chunk({}, index=1, finish="length") + DONE


def thoughts(texts) -> bytes:
    arguments = ['{"a": "', *(text.replace("\n", "") for text in texts), '"}']
    return responses(text=[*texts], thought=[*texts], arguments=arguments)


def blocks(texts) -> bytes:
    arguments = ['{"a": "', *(text.replace("\n", "") for text in texts), '"}']
    return messages(thinking_block(0, *texts), text_block(1, *texts), tool_block(2, *arguments))


DIALECTS = [(CHAT, chats, chat_said), (RESPONSES, thoughts, responses_said), (MESSAGES, blocks, messages_said)]
every_dialect = pytest.mark.parametrize(("operation", "build", "said"), DIALECTS, ids=["chat", "responses", "messages"])


@every_dialect
@settings(deadline=None, max_examples=20)
@given(texts=pieces, data=st.data())
def test_how_a_stream_is_cut_does_not_show(operation, build, said, texts, data):
    stream = build(texts)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=40))
    whole = read(operation, stream, Lanes())
    assert read(operation, stream, Lanes(), cuts) == whole
    assert bytewise(operation, stream, Lanes()) == whole


@every_dialect
@settings(deadline=None, max_examples=20)
@given(texts=clean)
def test_where_nothing_is_found_every_byte_is_the_upstreams(operation, build, said, texts):
    stream = build(texts)
    if "sword" + "fish" not in "".join(texts):
        assert bytewise(operation, stream, Lanes()) == (stream, stream)


@every_dialect
@settings(deadline=None, max_examples=20)
@given(texts=pieces)
def test_what_a_client_puts_together_is_the_masked_whole(operation, build, said, texts):
    stream = build(texts)
    delivered, recorded = read(operation, stream, Lanes())
    assert b"swordfish" not in delivered
    assert b"swordfish" not in recorded
    before, after, kept = said(stream), said(delivered), said(recorded)
    for key, text in before.items():
        if "call" in str(key) or "partial_json" in key:
            continue  # escaped: test_json_fragments
        assert after.get(key, "") == words.delivered(text.encode()).decode()
        assert kept.get(key, "") == words.recorded(text.encode()).decode()


@every_dialect
@pytest.mark.parametrize("place", range(10))
def test_a_secret_is_found_wherever_it_is_cut(operation, build, said, place):
    delivered, recorded = bytewise(operation, build(["my ", "swordfish"[:place], "swordfish"[place:], " !"]), Lanes())
    assert b"MASKED" in delivered
    for shown in (delivered, recorded):
        assert not any("swordfish" in text for text in said(shown).values())
        assert b"swordfish" not in shown


@every_dialect
def test_one_character_for_each_event(operation, build, said):
    text = "the swordfish and <<EMAIL:abc>> swam"
    delivered, recorded = read(operation, build(list(text)), Lanes())
    texts = [
        one
        for key, one in said(delivered).items()
        if not {"call", "partial_json", "signature"} & set(key) and "call" not in str(key)
    ]
    assert set(texts) - {""} == {words.delivered(text.encode()).decode()}
    texts = [
        one
        for key, one in said(recorded).items()
        if not {"call", "partial_json", "signature"} & set(key) and "call" not in str(key)
    ]
    assert set(texts) - {""} == {words.recorded(text.encode()).decode()}


@every_dialect
@settings(deadline=None, max_examples=20)
@given(noise=st.binary(max_size=40), place=st.integers(0, 400))
def test_hostile_bytes_break_the_protocol_and_nothing_else(operation, build, said, noise, place):
    stream = build(["a ", "swordfish"])
    hostile = stream[:place] + noise + stream[place:]
    try:
        delivered, _ = read(operation, hostile, Lanes())
    except RemoteProtocolError:
        return
    assert b"swordfish" not in delivered or b"swordfish" in noise


@every_dialect
@settings(deadline=None, max_examples=20)
@given(place=st.integers(0, 2000))
def test_a_stream_that_ends_early_is_no_answer(operation, build, said, place):
    stream = build(["a ", "b ", "c"])
    last = (
        b'"message_stop"}'
        if operation is MESSAGES
        else b'"finish_reason":"length"'
        if operation is CHAT
        else b'"response.completed"'
    )
    if stream.find(last) < place:
        return
    reader = answer_reader(operation, stream=True, lanes=Lanes())
    reader.feed(stream[:place])
    with pytest.raises(RemoteProtocolError):
        reader.finish()


def pieces_of(operation, *events: bytes) -> list[bytes]:
    reader = answer_reader(operation, stream=True, lanes=Lanes())
    return [reader.feed(event).delivered for event in events]


def test_an_event_leaves_as_soon_as_its_text_is_known():
    first, second, third = chunk({"content": "a"}), chunk({"content": "b sw"}), chunk({"content": "am"})
    assert pieces_of(CHAT, first, second, third) == [first, b"", second + third]


def test_held_counts_the_text_that_waits():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "b sw"}))
    assert reader.held == 2
    reader.feed(chunk({"content": "am"}))
    assert reader.held == 0


def test_events_behind_one_that_waits_keep_their_order():
    events = [
        chunk({"content": "sw"}),
        chunk({"content": "x"}, index=1),
        chunk(argument_call("{}")),
        chunk({"content": "am"}),
    ]
    assert pieces_of(CHAT, *events) == [b"", b"", b"", b"".join(events)]


def test_a_text_that_waits_does_not_stop_the_others_for_long():
    waiting = chunk({"content": "a sw"})
    others = [chunk({"content": "b"}, index=1)] * PATIENCE
    shown = pieces_of(CHAT, waiting, *others)
    assert shown[:PATIENCE] == [b""] * PATIENCE
    assert shown[PATIENCE] == chunk({"content": "a "}) + b"".join(others)


def test_what_could_not_wait_goes_with_the_next_event_of_its_text():
    stream = (
        chunk({"content": "a sw"})
        + chunk({"content": "b"}, index=1) * PATIENCE
        + chunk({"content": "ordfish"})
        + chunk({}, finish="stop")
        + DONE
    )
    delivered, recorded = read(CHAT, stream, Lanes())
    assert delivered == recorded
    assert [tree["choices"][0]["delta"].get("content") for tree in trees(delivered)][-2:] == ["<MASKED>", None]
    assert chat_said(delivered)[0, "content"] == "a <MASKED>"


def test_what_could_not_wait_goes_with_an_event_of_its_own_before_the_end():
    others = chunk({"content": "b"}, index=1) * PATIENCE
    stream = chunk({"content": "a sw"}) + others + chunk({}, finish="stop") + DONE
    delivered, _ = read(CHAT, stream, Lanes())
    assert delivered == chunk({"content": "a "}) + others + chunk({"content": "sw"}) + chunk({}, finish="stop") + DONE
    assert bytewise(CHAT, stream, Lanes())[0] == delivered


def test_a_call_that_could_not_wait_gets_an_event_for_its_rest():
    text = chunk({"content": "b"}) * PATIENCE
    stream = chunk(argument_call('{"a":"sw', index=3)) + text + chunk({}, finish="stop") + DONE
    delivered, _ = read(CHAT, stream, Lanes())
    rest = chunk(argument_call("sw", index=3))
    assert delivered == chunk(argument_call('{"a":"', index=3)) + text + rest + chunk({}, finish="stop") + DONE


CALL = chunk(argument_call('"x"'))


def test_a_text_is_over_when_another_of_its_choice_goes_on():
    thought = chunk({"reasoning_content": "a sw"})
    said = [chunk({"content": "b"})] * OVER
    shown = pieces_of(CHAT, thought, *said)
    assert shown[:OVER] == [b""] * OVER
    assert shown[OVER] == thought + b"".join(said)
    stream = thought + b"".join(said) * 50 + chunk({}, finish="stop") + DONE
    assert bytewise(CHAT, stream, Lanes()) == (stream, stream)


def test_a_text_that_goes_on_in_between_is_not_over():
    texts = [chunk({"content": letter}) + CALL for letter in "swordfish"]
    delivered, _ = read(CHAT, b"".join(texts) + chunk({}, finish="stop") + DONE, Lanes())
    assert chat_said(delivered)[0, "content"] == "<MASKED>"


def test_a_text_that_was_taken_as_over_may_go_on():
    stream = b"".join(
        (
            chunk({"content": "a <<EMAIL:abc>> sw"}),
            CALL * OVER,
            chunk({"content": "am, and <<EM"}),
            CALL * OVER,
            chunk({"content": "PTY and swordfish"}),
            chunk({}, finish="stop"),
            DONE,
        )
    )
    delivered, recorded = read(CHAT, stream, Lanes())
    assert (delivered, recorded) == bytewise(CHAT, stream, Lanes())
    assert chat_said(delivered)[0, "content"] == 'a jo "\n"@x.io swam, and <<EMPTY and <MASKED>'
    assert chat_said(recorded)[0, "content"] == "a <<EMAIL:abc>> swam, and <<EMPTY and <MASKED>"


def test_a_finding_across_an_interruption_breaks_the_answer_off():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "a sword"}) + CALL * OVER)
    with pytest.raises(RemoteProtocolError, match="interrupted by another text"):
        reader.feed(chunk({"content": "fish"}))


def test_a_text_that_is_interrupted_again_and_again_waits_in_the_end():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    for _ in range(MAX_INTERRUPTIONS):
        event = chunk({"content": " sw"}) + CALL * OVER
        assert reader.feed(event).delivered == event
    assert reader.feed(chunk({"content": " sw"}) + CALL * OVER).delivered == b""
    assert reader.held == 2


def test_the_end_of_a_text_that_was_taken_as_over_shows_nothing_more():
    stream = chunk({"content": "a sw"}) + CALL * OVER + chunk({"content": ""}) + chunk({}, finish="stop") + DONE
    assert bytewise(CHAT, stream, Lanes())[0] == stream


def test_events_of_the_text_that_waits_do_not_try_its_patience():
    stream = [chunk({"content": "<<EMAIL:abc>" if not place else ""}) for place in range(3 * PATIENCE)]
    assert b"".join(pieces_of(CHAT, *stream)) == b""
    assert fed(answer_reader(CHAT, stream=True, lanes=Lanes()), [*stream, chunk({"content": ">"}), DONE])[
        1
    ] == b"".join((*stream, chunk({"content": ">"}), DONE))


def test_only_so_many_events_wait(monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_WAITING", 5)
    with pytest.raises(RemoteProtocolError, match="more than 5 events wait"):
        pieces_of(CHAT, *(chunk({"content": "sw" if not place else ""}) for place in range(6)))


def test_an_answer_has_only_so_many_texts(monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_TEXTS", 5)
    with pytest.raises(RemoteProtocolError, match="more than 5 texts"):
        pieces_of(CHAT, *(chunk({"content": "a"}, index=place) for place in range(6)))


def test_comments_and_ids_are_looked_at():
    lanes = Lanes()
    stream = b": hello swordfish\n\nid: 7\n" + chunk({"content": "a"}) + chunk({}, finish="stop") + DONE
    delivered, recorded = bytewise(CHAT, stream, lanes)
    assert delivered == recorded == stream.replace(b"swordfish", b"<MASKED>")
    assert lanes.fields(b"hello") == {Field.METADATA}


def test_an_id_and_the_data_of_its_event_can_both_change():
    event = chunk({"content": "swordfish"})
    stream = b"id: swordfish\n" + event + chunk({}, finish="stop") + DONE
    assert read(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_a_line_that_is_not_utf_8_breaks_the_protocol():
    with pytest.raises(RemoteProtocolError, match="UTF-8"):
        pieces_of(CHAT, b": \xff\n\n")


def test_the_name_of_an_event_may_not_say_what_must_be_masked():
    with pytest.raises(RemoteProtocolError, match="name of an event"):
        pieces_of(MESSAGES, b"event: swordfish\n" + b'data: {"type":"ping"}\n\n')
    odd = b'event: other\ndata: {"type":"ping"}\n\n'
    assert pieces_of(MESSAGES, odd) == [odd]


def test_an_event_without_data_passes():
    assert pieces_of(CHAT, b"data:\n\n", b"event: x\n\n", b"\n\n") == [b"data:\n\n", b"event: x\n\n", b"\n\n"]


def test_the_bytes_of_an_event_that_did_not_change_are_not_copied():
    reader = answer_reader(MESSAGES, stream=True, lanes=Lanes())
    event = named_event(PING)
    assert reader.feed(event).delivered == event


def test_each_event_has_a_patience_of_its_own():
    other = chunk({"content": "b"}, index=1)
    waiting = chunk({"content": "sw"}, index=2)
    events = [chunk({"content": "sw"}), *[other] * (PATIENCE - 10), waiting, chunk({"content": "am"}), *[other] * 20]
    shown = pieces_of(CHAT, *events)
    assert shown[PATIENCE - 8] == b"".join(events[: PATIENCE - 9])
    assert set(shown[PATIENCE - 7 :]) == {b""}


def test_what_was_let_go_early_still_counts_when_its_text_is_interrupted():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "sw"}) + chunk({"content": "b"}, index=1) * PATIENCE)
    reader.feed(chunk({"content": "o"}) + CALL * OVER)
    with pytest.raises(RemoteProtocolError, match="interrupted by another text"):
        reader.feed(chunk({"content": "rdfish"}))
