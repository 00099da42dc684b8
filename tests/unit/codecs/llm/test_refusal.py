"""Refusals in each dialect's own shape, read by its own SDK's types where it can be."""

import json

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.codecs.llm.operations import OPERATIONS
from passgate.codecs.llm.refusal import Cause, Refusal, refusal_body, refusal_event, refusal_headers
from passgate.core.errors import LocalProtocolError

BY_NAME = {operation.name: operation for operation in OPERATIONS}

EXPECTED = {
    Cause.POLICY: (403, "permission_error", False),
    Cause.HELD: (403, "permission_error", False),
    Cause.SCOPE: (403, "permission_error", False),
    Cause.UNKNOWN_PATH: (404, "not_found_error", False),
    Cause.MODEL: (404, "not_found_error", False),
    Cause.METHOD: (405, "invalid_request_error", False),
    Cause.BAD_REQUEST: (400, "invalid_request_error", False),
    Cause.TOO_LARGE: (413, "request_too_large", False),
    Cause.ENCODING: (415, "invalid_request_error", False),
    Cause.CREDENTIAL: (401, "authentication_error", False),
    Cause.PASS_ENDED: (401, "authentication_error", False),
    Cause.RATE: (429, "rate_limit_error", True),
    Cause.BUDGET: (403, "permission_error", False),
    Cause.UNAVAILABLE: (503, "api_error", True),
    Cause.UPSTREAM_UNREACHABLE: (502, "api_error", True),
    Cause.UPSTREAM_TIMEOUT: (504, "timeout_error", True),
    Cause.UPSTREAM_BROKEN: (502, "api_error", False),
    Cause.WEBSOCKET: (426, "invalid_request_error", False),
}


@pytest.mark.parametrize("cause", list(Cause))
def test_status_type_and_whether_trying_again_helps(cause: Cause) -> None:
    status, type_, again = EXPECTED[cause]
    refusal = Refusal(cause=cause, message="because")
    assert refusal.status == status
    assert json.loads(refusal_body(refusal, Dialect.ANTHROPIC, request_id="c1")) == {
        "type": "error",
        "error": {"type": type_, "message": "because"},
        "request_id": "c1",
    }
    assert (("x-should-retry", "false") in refusal_headers(refusal)) is not again


@pytest.mark.parametrize("cause", list(Cause))
def test_openais_shape(cause: Cause) -> None:
    body = json.loads(refusal_body(Refusal(cause=cause, message="because", param="/model"), Dialect.OPENAI))
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert (body["error"]["message"], body["error"]["param"], body["error"]["code"]) == (
        "because",
        "/model",
        cause.value,
    )


def test_headers_say_what_else_helps() -> None:
    assert ("retry-after", "7") in refusal_headers(Refusal(cause=Cause.RATE, message="m", retry_after=7))
    assert ("allow", "GET, POST") in refusal_headers(Refusal(cause=Cause.METHOD, message="m", allow=("GET", "POST")))
    refusal = Refusal(cause=Cause.CREDENTIAL, message="m")
    assert ("www-authenticate", "Bearer") in refusal_headers(refusal)
    told = dict(refusal_headers(refusal, resource_metadata="https://gate.example.com/.well-known/x"))
    assert told["www-authenticate"] == 'Bearer resource_metadata="https://gate.example.com/.well-known/x"'
    assert refusal_headers(Refusal(cause=Cause.POLICY, message="m"))[0] == ("content-type", "application/json")


def data_of(event: bytes) -> tuple[list[str], object]:
    assert event.endswith(b"\n\n")
    lines = event.decode().strip().split("\n")
    return lines[:-1], json.loads(lines[-1].removeprefix("data: "))


@pytest.mark.parametrize("name", ["openai.chat", "openai.completions"])
def test_the_last_event_of_a_chat(name: str) -> None:
    before, data = data_of(refusal_event(Refusal(cause=Cause.POLICY, message="no"), BY_NAME[name]))
    assert before == []
    assert data == {"error": {"message": "no", "type": "permission_error", "param": None, "code": "policy_denied"}}


@pytest.mark.parametrize("name", ["openai.responses", "openai.responses.read"])
def test_the_last_event_of_a_response(name: str) -> None:
    event = refusal_event(Refusal(cause=Cause.POLICY, message="no"), BY_NAME[name], sequence_number=41)
    before, data = data_of(event)
    assert before == ["event: error"]
    assert data == {"type": "error", "code": "policy_denied", "message": "no", "param": None, "sequence_number": 41}


def test_the_last_event_of_a_message() -> None:
    event = refusal_event(Refusal(cause=Cause.POLICY, message="no"), BY_NAME["anthropic.messages"], request_id="c")
    before, data = data_of(event)
    assert before == ["event: error"]
    assert data == {"type": "error", "error": {"type": "permission_error", "message": "no"}, "request_id": "c"}


def test_what_does_not_stream_has_no_last_event() -> None:
    with pytest.raises(LocalProtocolError):
        refusal_event(Refusal(cause=Cause.POLICY, message="no"), BY_NAME["openai.embeddings"])
