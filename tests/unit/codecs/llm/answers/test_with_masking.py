"""Answers through the real masker: what is planted anywhere, cut anywhere, is what masking makes of the whole text."""

import json
from collections.abc import Callable

import pytest

from passgate.codecs.llm.answer import LaneSource
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.core.finding import Field
from passgate.core.masker import Lane, Shown, Text
from passgate.core.text_plan import LanePlan
from passgate.masking import Detector, SessionMasker, open_detector
from tests.unit.codecs.llm.answers.streams import (
    BY_NAME,
    CHAT,
    DONE,
    MESSAGES,
    RESPONSES,
    argument_call,
    bytewise,
    chat_said,
    chunk,
    dumped,
    fed,
    messages,
    messages_said,
    read,
    responses,
    responses_said,
    text_block,
    thinking_block,
    tool_block,
)
from tests.unit.masking.lanes import opened, tokenised

KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq1\n" * 3 + "-----END RSA PRIVATE KEY-----"
PLANTED = {
    "jane.doe@corp.example.com": "mail {} now",
    "AKIAQ4X7ZP2MN8RT5VBC": "key {}.",
    "4111 1111 1111 1111": "card {}, thanks",
    "536-90-4399": "SSN {} é😀",
    KEY: "take this: {} and go",
    "ghp_" + "a1B2c3D4e5F6" * 3: "{}",
}
planted = pytest.mark.parametrize(
    ("secret", "text"), [(secret, text.format(secret)) for secret, text in PLANTED.items()]
)
CLEAN = "The weather in Paris is 21.5 °C, about 70 °F; see https://example.org/a?b=c (page 12). 😀 Done."


@pytest.fixture(scope="module")
def detector() -> Detector:
    return open_detector(engine="literals")


@pytest.fixture
def masker(detector: Detector) -> SessionMasker:
    return opened(detector)


@pytest.fixture
def lanes(masker: SessionMasker) -> LaneSource:
    """Everything redacted, mail addresses restored."""
    plan = LanePlan(restored=frozenset({"EMAIL"}))

    def open_lane(field: Field, context: bytes) -> Lane:
        return masker.lane(plan, context=context)

    return open_lane


def whole(lanes: LaneSource, text: str, context: bytes = b"") -> Shown:
    lane = lanes(Field.ASSISTANT, context)
    first, rest = lane.feed(text.encode()), lane.finish()
    return Shown(delivered=first.delivered + rest.delivered, recorded=first.recorded + rest.recorded)


def chats(pieces: list[str], arguments: list[str]) -> bytes:
    deltas = [chunk({"content": piece}) for piece in pieces]
    deltas += [chunk({"reasoning_content": piece}) for piece in pieces]
    deltas += [chunk({"content": piece}, index=1) for piece in pieces]
    deltas += [chunk(argument_call(piece)) for piece in arguments]
    return b"".join((*deltas, chunk({}, finish="stop"), chunk({}, index=1, finish="stop"), DONE))


def thoughts(pieces: list[str], arguments: list[str]) -> bytes:
    return responses(text=pieces, thought=pieces, arguments=arguments)


def blocks(pieces: list[str], arguments: list[str]) -> bytes:
    return messages(text_block(0, *pieces), thinking_block(1, *pieces), tool_block(2, *arguments))


Build = Callable[[list[str], list[str]], bytes]
every_dialect = pytest.mark.parametrize(
    ("operation", "build", "said"),
    [(CHAT, chats, chat_said), (RESPONSES, thoughts, responses_said), (MESSAGES, blocks, messages_said)],
    ids=["chat", "responses", "messages"],
)


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def is_json(key: tuple) -> bool:
    return "call" in key or "partial_json" in key or "response.function_call_arguments" in key


@every_dialect
@pytest.mark.parametrize("size", [1, 7, 10000])
@planted
def test_what_is_planted_is_what_masking_makes_of_the_whole(operation, build: Build, said, size, secret, text, lanes):
    arguments = json.dumps({"query": text, "n": [1, text]})
    stream = build(pieces_of(text, size), pieces_of(arguments, size))
    delivered, recorded = read(operation, stream, lanes)
    wanted = whole(lanes, text).delivered.decode()
    assert wanted != text
    in_arguments = [whole(lanes, text, context).delivered.decode() for context in (b"query", b"n")]
    for shown in (delivered, recorded):
        for key, found in said(shown).items():
            if is_json(key):
                tree = json.loads(found)
                assert [tree["query"], tree["n"][1]] == in_arguments
            elif "signature" not in key:
                assert found == wanted
    assert json.dumps(secret)[1:-1].encode() not in delivered + recorded


@every_dialect
def test_a_secret_that_is_cut_at_any_place_is_found(operation, build: Build, said, lanes):
    text = "key AKIAQ4X7ZP2MN8RT5VBC."
    arguments = '{"key": "' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"}'
    for place in range(1, len(text)):
        stream = build([text[:place], text[place:]], [arguments[: place * 6], arguments[place * 6 :]])
        delivered, _ = read(operation, stream, lanes)
        for key, found in said(delivered).items():
            assert "AKIA" not in (str(json.loads(found)) if is_json(key) else found)


@every_dialect
@pytest.mark.parametrize("size", [1, 4, 10000])
def test_where_nothing_is_found_every_byte_is_the_upstreams(operation, build: Build, said, size, lanes):
    stream = build(pieces_of(CLEAN, size), pieces_of(json.dumps({"city": CLEAN, "days": 3}), size))
    assert read(operation, stream, lanes) == (stream, stream)
    if size == 4:
        assert bytewise(operation, stream, lanes) == (stream, stream)


@every_dialect
@pytest.mark.parametrize("size", [1, 5, 10000])
def test_a_token_comes_back_for_the_caller_and_stays_for_the_record(operation, build: Build, said, size, lanes, masker):
    value = b"jane@corp.example.com"
    [spans] = masker.find([Text(value=value)])
    token = masker.replace(value, spans, tokenised(masker)).decode()
    text = f"I wrote to {token}, twice."
    arguments = json.dumps({"to": [token], "note": text})
    delivered, recorded = read(operation, build(pieces_of(text, size), pieces_of(arguments, size)), lanes)
    for shown, wanted in ((delivered, value.decode()), (recorded, token)):
        for key, found in said(shown).items():
            if is_json(key):
                assert json.loads(found) == {"to": [wanted], "note": f"I wrote to {wanted}, twice."}
            elif "signature" not in key:
                assert found == f"I wrote to {wanted}, twice."
    assert value not in recorded


@planted
def test_whole_bodies_and_lines(secret, text, lanes):
    wanted = whole(lanes, text).delivered.decode()
    tree = {
        "choices": [
            {"message": {"content": text, "tool_calls": [{"function": {"arguments": dumped([text]).decode()}}]}}
        ]
    }
    message = json.loads(fed(answer_reader(CHAT, stream=False, lanes=lanes), [dumped(tree)])[0])["choices"][0][
        "message"
    ]
    assert message["content"] == wanted
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == [wanted]
    line = {"custom_id": "1", "result": {"message": {"content": [{"type": "text", "text": text}]}}}
    reader = answer_reader(BY_NAME["anthropic.batches.results"], stream=False, lanes=lanes)
    assert json.loads(fed(reader, [dumped(line)])[0])["result"]["message"]["content"][0]["text"] == wanted


def test_the_name_of_a_member_tells_what_its_value_is(lanes):
    stream = messages(tool_block(0, '{"db": {"pass', 'word": "correct-horse', '-battery"}}'))
    delivered, _ = read(MESSAGES, stream, lanes)
    assert b"battery" not in delivered
    assert set(json.loads(messages_said(delivered)[0, "partial_json"])["db"]) == {"password"}


def test_the_first_words_wait_for_one_event_at_most(lanes):
    reader = answer_reader(MESSAGES, stream=True, lanes=lanes)
    events = [
        event + b"\n\n" for event in messages(text_block(0, *[f"word{n} and " for n in range(40)])).split(b"\n\n")[:-1]
    ]
    behind = 0
    sent = shown = 0
    for event in events:
        sent += len(event)
        shown += len(reader.feed(event).delivered)
        behind = max(behind, sent - shown)
    assert behind <= 2 * max(map(len, events))
