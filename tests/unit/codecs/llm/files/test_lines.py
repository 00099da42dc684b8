"""Lines of JSON, each a request of its own."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import rewrite
from passgate.codecs.llm.files.lines import LineSplitter, read_line
from passgate.codecs.llm.operations import find_operation
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import leaf_at, said
from tests.unit.codecs.llm.files.forms import cut


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(1, 9), max_size=4))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], sizes: list[int]) -> None:
    data = b"\n".join(lines)
    splitter = LineSplitter()
    found = [line for piece in cut(data, sizes) for line in splitter.feed(piece)]
    assert [*found, splitter.finish()] == [
        *(line + b"\n" for line in data.split(b"\n")[:-1]),
        data.split(b"\n")[-1],
    ]


def test_long_lines_are_refused_before_they_are_whole() -> None:
    splitter = LineSplitter(max_line=10)
    assert list(splitter.feed(b"123456789\n12345")) == [b"123456789\n"]
    with pytest.raises(RemoteProtocolError, match="more than 10 bytes"):
        list(splitter.feed(b"678901"))


def line(value: object) -> Call:
    upload = find_operation("POST", "/v1/files")
    assert upload is not None
    return read_line(value if isinstance(value, bytes) else orjson.dumps(value) + b"\n", upload)


def batched(url: str, body: object, **members: object) -> dict[str, object]:
    return {"custom_id": "c-1", "method": "POST", "url": url, "body": body, **members}


@pytest.mark.parametrize(
    ("url", "body", "where", "field"),
    [
        (
            "/v1/chat/completions",
            {"model": "m", "messages": [{"role": "system", "content": "alice"}]},
            "/messages/0/content",
            "system",
        ),
        ("/v1/responses", {"model": "m", "input": "alice"}, "/input", "user"),
        ("/v1/completions", {"model": "m", "prompt": "alice"}, "/prompt", "user"),
        ("/v1/embeddings", {"model": "m", "input": ["alice"]}, "/input/0", "input"),
        ("/v1/moderations", {"model": "m", "input": "alice"}, "/input", "input"),
    ],
)
def test_a_line_is_read_as_its_path_reads(url: str, body: object, where: str, field: str) -> None:
    read = line(batched(url, body))
    assert read.operation.path == url
    assert (read.model, read.models) == ("m", ())
    assert said(read)[f"/body{where}"] == (Field(field), "alice", False)
    assert said(read)["/custom_id"] == (Field.METADATA, "c-1", True)
    made = rewrite(read, [(leaf_at(read, f"/body{where}"), b"<<X:1>>")])
    assert made == read.body.replace(b"alice", b"<<X:1>>")
    assert made.endswith(b"\n")


@pytest.mark.parametrize(
    "value",
    [
        b"{}x\n",
        b"nope\n",
        b'{"url":"/v1/embeddings","url":"/v1/files"}',
        batched("/v1/files", {}),
        batched("/v1/messages", {"model": "m", "messages": []}),
        batched("/v1/images/generations", {}),
        batched("https://elsewhere/v1/embeddings", {}),
        batched("/v1/embeddings?x=1", {"model": "m", "input": "a"}),
        batched("/v1/embeddings", {"input": "a"}),
        batched("/v1/embeddings", [1]),
        batched("/v1/embeddings", {"model": "m", "input": "a"}, method="GET"),
        batched("/v1/embeddings", {"model": "m", "input": "a"}, URL="/v1/files"),
        {"url": "/v1/embeddings"},
        {"body": {}},
        {"Url": "/v1/embeddings", "BODY": {}},
        {"custom_id": 5},
    ],
)
def test_lines_that_are_none_of_a_batch_are_refused(value: object) -> None:
    with pytest.raises(RemoteProtocolError):
        line(value)


def test_other_lines_are_looked_at_as_part_of_the_file() -> None:
    read = line({"messages": [{"role": "user", "content": "alice"}], "weight": 1})
    assert read.operation.name == "openai.files.upload"
    assert said(read)["/messages/0/content"] == (Field.FILE, "alice", False)
    assert said(read)["/weight"] == (Field.FILE, "1", False)


def test_a_line_that_is_no_object_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="must be an object"):
        line(b'["alice"]\n')
