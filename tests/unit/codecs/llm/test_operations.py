"""What is governed, and that nothing else is taken for it."""

import pytest

from passgate.codecs.llm.operation import AnswerBody, Dialect, RequestBody
from passgate.codecs.llm.operations import OPERATIONS, allowed_methods, candidates, dialect_of, find_operation
from passgate.core.action import VerbClass


def name(method: str, path: str, headers: dict[str, str] | None = None) -> str | None:
    operation = find_operation(method, path, headers)
    return None if operation is None else operation.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_row_is_found_by_its_own_path(operation) -> None:
    path = operation.path.replace("{id}", "batch_Ab-9.x")
    headers = {"anthropic-version": "2023-06-01"} if operation.dialect is Dialect.ANTHROPIC else {}
    assert find_operation(operation.method, path, headers) is operation


def test_names_are_unique_and_methods_are_few() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert {operation.method for operation in OPERATIONS} == {"GET", "POST", "DELETE"}
    assert all(operation.request is RequestBody.NONE for operation in OPERATIONS if operation.method != "POST")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/",
        "v1/messages",
        "//v1/messages",
        "/v1//messages",
        "/v1/messages/",
        "/V1/messages",
        "/v1/Messages",
        "/v1/messages?beta=true",
        "/v1/%6dessages",
        "/v1/images/generations",
        "/v1/files/a%2Fb",
        "/v1/files/a%2e",
        "/v1/files/..",
        "/v1/files/.",
        "/v1/files/../models",
        "/v1/files//content",
        "/v1/files/a b",
        "/v1/files/a;b",
        "/v1/files/a\x00",
        "/v1/files/ä",
        "/v1/files/" + "a" * 257,
        "/v1/" + "a" * 5000,
        "/v1/chat/completions/abc",
    ],
)
def test_anything_else_is_not_governed(path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert find_operation(method, path) is None
    assert allowed_methods(path) == ()


def test_a_name_is_never_taken_for_an_id() -> None:
    """``GET /v1/responses/compact`` would ask for a response of that id."""
    assert name("GET", "/v1/responses/compact") is None
    assert allowed_methods("/v1/responses/compact") == ("POST",)
    assert name("DELETE", "/v1/messages/count_tokens") is None


def test_another_method_is_told_what_there_is() -> None:
    assert allowed_methods("/v1/files") == ("GET", "POST")
    assert allowed_methods("/v1/responses/resp_1") == ("DELETE", "GET")
    assert name("PUT", "/v1/files") is None
    assert name("post", "/v1/messages") is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "openai.models.list"),
        ({"authorization": "Bearer x"}, "openai.models.list"),
        ({"x-api-key": "x"}, "anthropic.models.list"),
        ({"anthropic-version": "2023-06-01", "authorization": "Bearer x"}, "anthropic.models.list"),
    ],
)
def test_a_shared_path_is_told_apart_by_its_headers(headers: dict[str, str], expected: str) -> None:
    assert name("GET", "/v1/models", headers) == expected
    assert {operation.dialect for operation in candidates("GET", "/v1/models")} == {Dialect.OPENAI, Dialect.ANTHROPIC}


def test_where_one_dialect_has_a_path_the_key_may_stand_in_either_header() -> None:
    assert name("POST", "/v1/chat/completions", {"x-api-key": "x"}) == "openai.chat"
    assert name("POST", "/v1/messages", {"authorization": "Bearer x"}) == "anthropic.messages"


def test_who_names_the_other_dialect_is_not_misread() -> None:
    """Anthropic has files too, of which nothing here knows how to read a part."""
    assert name("POST", "/v1/files", {"anthropic-version": "2023-06-01"}) is None
    assert dialect_of((), {}) is None


def test_what_changes_something_is_a_write() -> None:
    writes = {operation.name for operation in OPERATIONS if operation.verb_class is VerbClass.WRITE}
    assert {"openai.files.upload", "openai.files.delete", "openai.batches.create", "anthropic.batches.cancel"} <= writes
    assert not {"openai.chat", "anthropic.messages", "openai.models.list", "openai.files.content"} & writes


def test_what_streams() -> None:
    streams = {operation.name for operation in OPERATIONS if operation.answer is AnswerBody.JSON_OR_EVENTS}
    assert streams == {
        "openai.chat",
        "openai.completions",
        "openai.responses",
        "openai.responses.read",
        "anthropic.messages",
    }
