"""What goes wrong at the provider reaches the SDKs as the provider said it: class, type, id, and whether to try again."""

import time

import anthropic
import httpx2
import openai
import pytest

from passgate.testing.llm_provider import Cut, Failure, Fault, Script, Text
from tests.drivers.llm.ways import Way

ASKED = [{"role": "user", "content": "Hello"}]


def ask_chat(way: Way, **options):
    with way.openai(**options) as client:
        return client.chat.completions.create(model="gpt-5.2", messages=ASKED)


def ask_message(way: Way, **options):
    with way.anthropic(**options) as client:
        return client.messages.create(model="claude-opus-4-7", max_tokens=9, messages=ASKED)


@pytest.mark.parametrize(
    ("status", "class_"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_classes_of_openai(way: Way, status: int, class_: type[openai.APIStatusError]) -> None:
    way.provider.then(Script.failing(status, message="This is how it went wrong."))
    with pytest.raises(class_) as raised:
        ask_chat(way, max_retries=0)
    assert raised.value.status_code == status
    assert raised.value.body["message"] == "This is how it went wrong."
    assert raised.value.request_id.startswith("req_")
    assert len(way.provider.received) == 1


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_types_of_anthropic(way: Way, status: int, type_: str) -> None:
    way.provider.then(Script.failing(status, message="This is how it went wrong."))
    with pytest.raises(anthropic.APIStatusError) as raised:
        ask_message(way, max_retries=0)
    assert raised.value.status_code == status
    assert raised.value.body["error"] == {"type": type_, "message": "This is how it went wrong."}
    assert raised.value.body["request_id"] == raised.value.request_id


def test_bodies_that_are_not_of_the_dialect_pass_to_the_byte(way: Way) -> None:
    body = b'{ "error" : {"message":"odd  \\u0041", "n":1.50} ,\n"other":null}'
    way.provider.then(Script(failure=Failure(status=418, body=body)))
    with pytest.raises(openai.APIStatusError) as raised:
        ask_chat(way, max_retries=0)
    assert raised.value.status_code == 418
    assert raised.value.response.content == body


def test_pages_of_html_pass_too(way: Way) -> None:
    body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    way.provider.then(Script(failure=Failure(status=502, body=body, content_type="text/html")))
    with pytest.raises(anthropic.InternalServerError) as raised:
        ask_message(way, max_retries=0)
    assert raised.value.response.content == body


@pytest.mark.parametrize("ask", [ask_chat, ask_message])
def test_an_overloaded_provider_is_asked_again(way: Way, ask) -> None:
    way.provider.then(Script.failing(529), Script.failing(529))
    assert ask(way)
    assert len(way.provider.received) == 3


@pytest.mark.parametrize("ask", [ask_chat, ask_message])
def test_the_providers_own_retry_after_is_kept_to(way: Way, ask) -> None:
    way.provider.then(Script.failing(429, headers={"retry-after": "1"}))
    began = time.monotonic()
    assert ask(way)
    assert time.monotonic() - began >= 1.0
    assert len(way.provider.received) == 2


@pytest.mark.parametrize("ask", [ask_chat, ask_message])
def test_what_the_provider_says_not_to_try_again_is_not(way: Way, ask) -> None:
    way.provider.then(Script.failing(500, headers={"x-should-retry": "false"}))
    with pytest.raises((openai.InternalServerError, anthropic.InternalServerError)):
        ask(way)
    assert len(way.provider.received) == 1


def test_a_redirect_is_not_followed_with_the_credential(way: Way) -> None:
    """Both SDKs follow a redirect themselves; what they send there is their own key, so the gate must not hide that it is one."""
    way.provider.then(Script(redirect="/v1/models"))
    with way.openai(max_retries=0) as client:
        client._client.follow_redirects = False
        with pytest.raises(openai.APIStatusError) as raised:
            client.chat.completions.create(model="gpt-5.2", messages=ASKED)
    assert raised.value.status_code == 307
    assert len(way.provider.received) == 1


def test_an_error_in_the_middle_of_a_stream(way: Way) -> None:
    way.provider.default = Script(
        parts=(Text(text="four and more"),), delta=Cut(size=4), fault=Fault.ERROR, faultless=4
    )
    with way.openai() as client, pytest.raises(openai.APIError, match="midway"):
        list(client.chat.completions.create(model="gpt-5.2", messages=ASKED, stream=True))
    with way.openai() as client:
        last = list(client.responses.create(model="gpt-5.2", input="Hello", stream=True))[-1]
    assert last.type == "error"
    assert "midway" in last.message
    with way.anthropic() as client, pytest.raises(anthropic.APIStatusError) as raised:
        list(client.messages.create(model="claude-opus-4-7", max_tokens=9, messages=ASKED, stream=True))
    assert raised.value.body["error"]["type"] == "overloaded_error"


def test_a_stream_that_breaks_is_not_a_stream_that_ends(way: Way) -> None:
    way.provider.default = Script(parts=(Text(text="four and more"),), delta=Cut(size=4), fault=Fault.CUT, faultless=4)
    seen: list[str] = []
    with (
        way.anthropic(max_retries=0) as client,
        client.messages.stream(model="claude-opus-4-7", max_tokens=9, messages=ASKED) as stream,
        pytest.raises((anthropic.APIError, httpx2.RemoteProtocolError)),
    ):
        seen.extend(event.type for event in stream)
    assert "message_stop" not in seen


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_provider_that_hangs_runs_into_the_callers_timeout(way: Way, dialect: str) -> None:
    way.provider.then(Script(fault=Fault.HANG))
    began = time.monotonic()
    with pytest.raises((openai.APITimeoutError, anthropic.APITimeoutError)):
        (ask_chat if dialect == "openai" else ask_message)(way, timeout=1.0, max_retries=0)
    assert time.monotonic() - began < 5
    assert way.provider.exchanges[0].gone.wait(10), "the provider still works for a caller who has gone"


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_caller_who_leaves_midway_ends_the_providers_work(way: Way, dialect: str) -> None:
    way.provider.then(
        Script(parts=(Text(text="never all of it " * 50),), delta=Cut(size=4), fault=Fault.HANG, faultless=6)
    )
    if dialect == "openai":
        with way.openai() as client:
            stream = client.chat.completions.create(model="gpt-5.2", messages=ASKED, stream=True)
            next(iter(stream))
            stream.close()
    else:
        with way.anthropic() as client:
            stream = client.messages.create(model="claude-opus-4-7", max_tokens=9, messages=ASKED, stream=True)
            next(iter(stream))
            stream.close()
    assert way.provider.exchanges[0].gone.wait(10)


def test_a_wrong_key(way: Way) -> None:
    from dataclasses import replace

    stranger = replace(way, key="not-a-key-at-all")
    with pytest.raises(openai.AuthenticationError):
        ask_chat(stranger)
    with pytest.raises(anthropic.AuthenticationError) as raised:
        ask_message(stranger)
    assert raised.value.body["error"]["type"] == "authentication_error"
    assert "not-a-key-at-all" not in str(raised.value)


def test_a_path_that_nobody_knows(way: Way) -> None:
    with way.openai() as client, pytest.raises(openai.NotFoundError):
        client.post("/brand/new", body={"model": "gpt-5.2"}, cast_to=object)
    with way.anthropic() as client, pytest.raises(anthropic.NotFoundError) as raised:
        client.post("/v1/brand/new", body={"model": "claude-opus-4-7"}, cast_to=object)
    assert raised.value.body["type"] == "error"


def test_compressed_answers(way: Way) -> None:
    way.provider.default = Script(gzip=True)
    assert ask_chat(way).choices[0].message.content == "Hello"
    assert ask_message(way).content[0].text == "Hello"
