"""Messages on the wire."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.api.messages import (
    Failed,
    GetStatus,
    KillSession,
    ListSessions,
    PassesRevoked,
    RefreshCatalog,
    ReloadPolicy,
    Request,
    SessionInfo,
    SessionsListed,
    decode_answer,
    decode_request,
    encode,
)
from passgate.core.errors import RemoteProtocolError
from tests.unit.api.conftest import NOW, make_session


@pytest.mark.parametrize(
    "request_",
    [
        ListSessions(),
        KillSession(session="s1"),
        PassesRevoked(passes=("pg_1", "pg_2")),
        ReloadPolicy(),
        GetStatus(),
        RefreshCatalog(),
        RefreshCatalog(resource="shop"),
    ],
)
def test_a_request_comes_back(request_: Request) -> None:
    line = encode(request_)
    assert decode_request(line) == request_
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_a_session_is_described_without_losing_its_line() -> None:
    listed = SessionsListed(sessions=(SessionInfo.of(make_session()),))
    line = encode(listed)
    assert line.count(b"\n") == 1
    assert decode_answer(line) == listed
    info = listed.sessions[0]
    assert (info.id, info.pass_id, info.principal, info.on_behalf_of) == (
        "s1",
        "pg_1",
        "agent:reporter",
        "human:ada@example.com",
    )
    assert (info.purpose, info.resource, info.opened, info.counters) == ("weekly\nreport", "shop", NOW, {"actions": 3})


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"not json\n",
        b'{"op": "sessions.drop"}\n',
        b'{"op": "session.kill"}\n',
        b'{"op": "session.kill", "session": ""}\n',
        b'{"op": "session.kill", "session": 5}\n',
        b'{"op": "session.kill", "session": "s", "force": true}\n',
        b'{"op": "session.kill", "session": "' + b"x" * 201 + b'"}\n',
        b'{"op": "passes.revoked", "passes": "pg_1"}\n',
        b'{"op": "passes.revoked", "passes": ' + json.dumps(["x"] * 201).encode() + b"}\n",
        b'{"op": "status", "op": "st\xff"}\n',
    ],
)
def test_what_is_not_a_request(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not a message of the admin channel"):
        decode_request(line)


def test_an_error_repeats_nothing_of_what_was_sent() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_request(b'{"op": "session.kill", "session": ["pgs_secret"]}\n')
    assert "pgs_secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_protocol_error(line: bytes) -> None:
    for decode in (decode_request, decode_answer):
        with contextlib.suppress(RemoteProtocolError):
            assert encode(decode(line)).endswith(b"\n")


def test_a_failure_comes_back() -> None:
    assert decode_answer(encode(Failed(error="no"))) == Failed(error="no")
