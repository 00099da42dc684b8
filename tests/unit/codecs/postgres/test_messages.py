"""Every message of both directions, written and read back, cut and lengthened."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.authentication import ANSWER
from passgate.codecs.postgres.messages import BACKEND, FRONTEND
from passgate.codecs.postgres.wire import HEADER_LENGTH
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.postgres.strategies import answers, backend, frontend

# What these end with has no structure of its own, so bytes less or more are another value.
OPEN_ENDED = {
    "CopyData",
    "SASLResponse",
    "BackendKeyData",
    "AuthenticationGSSContinue",
    "AuthenticationSASLContinue",
    "AuthenticationSASLFinal",
}


def body(message: Any) -> bytes:
    encoded = message.encode()
    assert encoded[0] == message.TYPE
    assert int.from_bytes(encoded[1:HEADER_LENGTH]) == len(encoded) - 1
    return bytes(encoded[HEADER_LENGTH:])


def closed(message: Any) -> bool:
    return type(message).__name__ not in OPEN_ENDED


@given(frontend)
def test_a_clients_message_is_read_as_it_was_written(message: Any) -> None:
    assert FRONTEND[message.TYPE](body(message)) == message


@given(backend)
def test_a_servers_message_is_read_as_it_was_written(message: Any) -> None:
    assert BACKEND[message.TYPE](body(message)) == message


@given(answers)
def test_an_answer_to_authentication_is_read_as_it_was_written(message: Any) -> None:
    assert message.TYPE == ANSWER
    assert type(message).parse(body(message)) == message


@given(frontend.filter(closed).filter(body), st.data())
def test_a_clients_message_cut_short_is_refused(message: Any, data: st.DataObject) -> None:
    whole = body(message)
    with pytest.raises(RemoteProtocolError):
        FRONTEND[message.TYPE](whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(backend.filter(closed).filter(body), st.data())
def test_a_servers_message_cut_short_is_refused(message: Any, data: st.DataObject) -> None:
    whole = body(message)
    with pytest.raises(RemoteProtocolError):
        BACKEND[message.TYPE](whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(frontend.filter(closed), st.binary(min_size=1, max_size=5))
def test_a_clients_message_with_bytes_too_many_is_refused(message: Any, extra: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        FRONTEND[message.TYPE](body(message) + extra)


@given(backend.filter(closed), st.binary(min_size=1, max_size=5))
def test_a_servers_message_with_bytes_too_many_is_refused(message: Any, extra: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        BACKEND[message.TYPE](body(message) + extra)


@pytest.mark.parametrize("table", [FRONTEND, BACKEND])
@given(st.data(), st.binary(max_size=60))
def test_any_bytes_parse_or_are_refused(table: Any, data: st.DataObject, payload: bytes) -> None:
    kind = data.draw(st.sampled_from(sorted(table)))
    try:
        message: Any = table[kind](payload)
    except RemoteProtocolError:
        return
    assert kind == message.TYPE


def test_the_tables_hold_every_type_byte_of_the_protocol() -> None:
    assert {chr(kind) for kind in FRONTEND} == set("QPBDECSHdcfFX")
    assert {chr(kind) for kind in BACKEND} == set("RSKZvTDCI123nstENGHWdcAV")
