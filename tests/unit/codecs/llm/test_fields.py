"""Bytes to texts and back: nothing but what is edited changes, and nothing is left out."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.codecs.llm import fields
from passgate.codecs.llm.call import BESIDE, Call, Leaf, looked_at
from passgate.codecs.llm.fields import field_table, read_call, rewrite
from passgate.codecs.llm.json_text import Json, parse
from passgate.codecs.llm.operations import OPERATIONS, find_operation
from passgate.core.errors import LocalProtocolError, RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import CHAT, MESSAGES, call, chat, leaf_at, said
from tests.unit.codecs.llm.test_json_text import TREES

ARGUMENTS = '{ "to" : "alice@example.com", "n":4111111111111111, "note":"a\\u00e9\\n\\"q\\"" }'
BODY = (
    '{ "model":"m",\n "temperature": 1.0, "messages" : [ {"content":"caf\\u00e9 \\/ alice@example.com","role":"user"} ,\t'
    '{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":'
    + json.dumps(ARGUMENTS)
    + '}}]}], "later":{"x":[1e5, "ü"]}}'
).encode()
AT = "/messages/1/tool_calls/0/function/arguments"


def inner(read: Call, pointer: str) -> Leaf:
    (leaf,) = (leaf for leaf in leaf_at(read, AT).inner or () if leaf.pointer == pointer and not leaf.fixed)
    return leaf


def test_without_edits_the_body_is_the_same_object() -> None:
    read = call(CHAT, BODY)
    assert rewrite(read, []) is read.body


def test_an_edit_changes_its_token_only() -> None:
    read = call(CHAT, BODY)
    made = rewrite(read, [(leaf_at(read, "/messages/0/content"), 'caf\u00e9 <<EMAIL:"x"\\>>'.encode())])
    before, after = BODY.split(b'"caf\\u00e9 \\/ alice@example.com"')
    assert made == before + '"caf\u00e9 <<EMAIL:\\"x\\"\\\\>>"'.encode() + after


def test_an_edit_inside_of_arguments_is_escaped_twice() -> None:
    read = call(CHAT, BODY)
    made = rewrite(
        read,
        [
            (inner(read, "/to"), b'<<EMAIL:"k"\n>>'),
            (inner(read, "/n"), b"<<CARD:z>>"),
            (leaf_at(read, "/later/x/0"), b"<<N:1>>"),
        ],
    )
    tree = json.loads(made)
    arguments = tree["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert arguments == ARGUMENTS.replace('"alice@example.com"', '"<<EMAIL:\\"k\\"\\n>>"').replace(
        "4111111111111111", '"<<CARD:z>>"'
    )
    assert tree["later"]["x"][0] == "<<N:1>>"
    assert b'"temperature": 1.0' in made


@pytest.mark.parametrize(
    "edits",
    [
        lambda read: [(next(leaf for leaf in read.leaves if leaf.fixed), b"x")],
        lambda read: [(leaf_at(read, "/messages/0/content"), b"x")] * 2,
        lambda read: [(leaf_at(read, AT), b"x")],
        lambda read: [(leaf_at(chat({"role": "user", "content": "x"}), "/messages/0/content"), b"x")],
    ],
    ids=["fixed", "twice", "whole arguments", "another call's"],
)
def test_what_may_not_be_edited_is_not(edits: Any) -> None:
    read = call(CHAT, BODY)
    with pytest.raises(LocalProtocolError):
        rewrite(read, edits(read))


@settings(max_examples=60)
@given(TREES, TREES, st.data())
def test_edits_are_what_the_tree_says_afterwards(content: Json, arguments: Json, data: st.DataObject) -> None:
    """Whatever is edited: the tree differs at those leaves and nowhere else."""
    call_ = {"id": "c", "type": "function", "function": {"name": "f", "arguments": orjson.dumps(arguments).decode()}}
    body = {"model": "m", "messages": [{"role": "user", "content": content, "tool_calls": [call_]}]}
    read = call(CHAT, body)
    for leaf in looked_at(read.leaves):
        assert leaf.quoted or parse(leaf.text).tree is not None
    editable = [leaf for leaf in looked_at(read.leaves) if not leaf.fixed]
    chosen = [leaf for leaf in editable if data.draw(st.booleans())]
    edits = [(leaf, f"<{number}>".encode()) for number, leaf in enumerate(chosen)]
    made = json.loads(rewrite(read, edits))
    again = call(CHAT, orjson.dumps(made))
    said_now = {id(leaf): text for leaf, text in edits}
    expected = [said_now.get(id(leaf), leaf.text) for leaf in looked_at(read.leaves)]
    assert [leaf.text for leaf in looked_at(again.leaves)] == expected
    assert [leaf.pointer for leaf in again.leaves] == [leaf.pointer for leaf in read.leaves]


JSON_PATHS = sorted({operation.path for operation in OPERATIONS if operation.name in fields.BODIES})


@pytest.mark.parametrize("path", JSON_PATHS)
def test_every_unknown_field_of_every_path_is_looked_at(path: str) -> None:
    minimal = {
        "/v1/embeddings": {"model": "m", "input": "x"},
        "/v1/moderations": {"input": "x"},
        "/v1/batches": {"input_file_id": "f", "endpoint": "/v1/embeddings"},
        "/v1/messages/batches": {"requests": []},
    }.get(path, {"model": "m", "messages": []})
    read = said(call(path, {**minimal, "brand_new": {"secret": ["alice@example.com", 5]}}))
    assert read["/brand_new/secret/0"] == (Field.METADATA, "alice@example.com", False)
    assert read["/brand_new/secret/1"] == (Field.METADATA, "5", False)
    assert read["#/brand_new/secret"] == (Field.METADATA, "secret", True)


@pytest.mark.parametrize("body", [b"", b"nope", b'{"model":"m","model":"n","messages":[]}', b"[" * 99])
def test_what_is_no_body_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        call(CHAT, body)


def test_headers_and_query_are_looked_at() -> None:
    operation = find_operation("POST", MESSAGES)
    assert operation is not None
    body = b'{"model":"m","messages":[]}'
    headers = {"Authorization": "Bearer hush", "X-Custom": "alice@example.com", "Host": "h"}
    read = read_call(operation, body, headers, "beta=true&who=bob%40example.com")
    leaf = read.leaves[-1]
    assert (leaf.pointer, leaf.fixed, leaf.field) == (BESIDE, True, Field.METADATA)
    assert leaf.text == b"x-custom: alice@example.com\nbeta=true\nwho=bob@example.com\n"
    assert rewrite(read, []) is body


def test_claims_of_headers_are_kept() -> None:
    headers = {"X-Claude-Code-Session-Id": "s-1", "session_id": "a b", "thread-id": "t"}
    read = call(CHAT, {"model": "m", "messages": []}, headers)
    assert read.claims["x-claude-code-session-id"] == "s-1"
    assert read.claims["thread-id"] == "t"
    assert read.claims["session_id"].startswith("sha256:")


def test_paths_without_a_body_have_none() -> None:
    operation = find_operation("GET", "/v1/files")
    assert operation is not None
    assert read_call(operation, b"", {}).leaves == ()
    with pytest.raises(RemoteProtocolError, match="has no body"):
        read_call(operation, b"{}", {})


def test_a_body_that_nobody_needs_is_looked_at() -> None:
    operation = find_operation("POST", "/v1/batches/b1/cancel")
    assert operation is not None
    assert read_call(operation, b"", {}).leaves == ()
    assert said(read_call(operation, b'{"x":"alice"}', {}))["/x"] == (Field.METADATA, "alice", False)
    with pytest.raises(RemoteProtocolError):
        read_call(operation, b"alice", {})


def test_the_table_tells_of_every_path() -> None:
    rows = list(field_table())
    assert {(row.method, row.path) for row in rows} == {(operation.method, operation.path) for operation in OPERATIONS}
    assert len(rows) < 4000
    verdicts = {(row.path, row.where): row.verdict for row in rows}
    assert verdicts[(CHAT, "/messages/*[role=user]/content")] == "scanned"
    assert verdicts[(CHAT, "/messages/*[role=user]/tool_call_id")] == "scanned, fixed"
    assert verdicts[("/v1/messages/count_tokens", "/**")] == "as POST /v1/messages"
    assert verdicts[("/v1/files/{id}", "(a body)")] == "refused"
    assert any(row.verdict.startswith("not scannable") for row in rows)


def test_every_json_path_has_a_table_or_needs_no_body() -> None:
    without = {
        operation.name
        for operation in OPERATIONS
        if operation.request == "json" and operation.name not in fields.BODIES
    }
    assert without == {"openai.responses.cancel", "openai.batches.cancel", "anthropic.batches.cancel"}
