"""Batches."""

import pytest

from passgate.codecs.llm.batch_bodies import MESSAGE_BATCH
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import call, said

BATCH = "/v1/messages/batches"


def test_each_request_is_read_as_one_of_its_own() -> None:
    one = {"model": "m1", "max_tokens": 5, "system": "s", "messages": [{"role": "user", "content": "alice"}]}
    two = {"model": "m2", "max_tokens": 7, "messages": [], "tools": [{"name": "t"}]}
    read = call(BATCH, {"requests": [{"custom_id": "a-1", "params": one}, {"custom_id": "b", "params": two}]})
    texts = said(read)
    assert texts["/requests/0/custom_id"] == (Field.METADATA, "a-1", True)
    assert texts["/requests/0/params/system"] == (Field.SYSTEM, "s", False)
    assert texts["/requests/0/params/messages/0/content"] == (Field.USER, "alice", False)
    assert (read.model, read.models, read.tools, read.max_tokens, read.messages) == ("m1", ("m2",), ("t",), 7, 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "/requests is missing"),
        ({"requests": ["x"]}, "/requests/0 must be an object"),
        ({"requests": [{"custom_id": "a", "params": {"messages": []}}]}, "/requests/0/params: /model is missing"),
        ({"requests": [{"custom_id": "a", "params": 5}]}, "/requests/0/params: the body must be an object"),
    ],
)
def test_each_request_has_its_shape(body: object, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        call(BATCH, body)


def test_a_batch_of_a_file() -> None:
    read = call(
        "/v1/batches",
        {
            "input_file_id": "file-1",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"who": "alice"},
            "output_expires_after": {"anchor": "created_at", "seconds": 5},
        },
    )
    assert said(read)["/input_file_id"] == (Field.METADATA, "file-1", True)
    assert said(read)["/metadata/who"] == (Field.METADATA, "alice", False)
    with pytest.raises(RemoteProtocolError, match="/endpoint is missing"):
        call("/v1/batches", {"input_file_id": "file-1"})
    with pytest.raises(RemoteProtocolError, match="/endpoint must be one of"):
        call("/v1/batches", {"input_file_id": "file-1", "endpoint": "/v1/images/generations"})


def test_it_says_what_it_does() -> None:
    assert any(row.where == "/requests/*/params/**" for row in MESSAGE_BATCH.root.rows(""))
