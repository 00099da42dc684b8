"""What is fuzzed of the codec of models' APIs: each target takes any bytes and says what came of them.

A target may raise RemoteProtocolError inside, and nothing else may leave it. Beyond that each holds its part to what it
promises: the bytes of a body stay but for the tokens that are edited, an upload is all there however it is cut.
"""

import json
from collections.abc import Callable, Iterator

import orjson

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.call import Call, Leaf, looked_at
from passgate.codecs.llm.fields import BODIES, read_call, rewrite
from passgate.codecs.llm.files.lines import read_line
from passgate.codecs.llm.files.upload import Forward, UploadReader
from passgate.codecs.llm.headers import text_of
from passgate.codecs.llm.json_text import parse
from passgate.codecs.llm.operation import Operation
from passgate.codecs.llm.operations import OPERATIONS, find_operation
from passgate.core.errors import RemoteProtocolError
from tests.fuzz.codec_targets import REFUSED, FuzzTarget, Outcome, Pieces

_SIGNATURE = "EuYBCkQYAiJA" * 8
_SCHEMA = {
    "type": "object",
    "properties": {"to": {"type": "string", "enum": ["a"], "minLength": 1}},
    "required": ["to"],
}
_CALL = {
    "id": "c",
    "type": "function",
    "function": {"name": "f", "arguments": '{"to":"a@b.com","n":[1,{"k":"\\u0041"}]}'},
}
_CHAT = {
    "model": "m",
    "stream": True,
    "max_tokens": 5,
    "messages": [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUJD" * 20}}],
        },
        {"role": "assistant", "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "c", "content": 'é\n"\\'},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": _SCHEMA}}],
    "future": {"x": [1e5, None]},
}
_MESSAGES = {
    "model": "m",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": _SIGNATURE}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "r"}]}],
        },
    ],
    "tools": [{"name": "f", "input_schema": _SCHEMA}],
    "metadata": {"user_id": "u"},
}
_RESPONSES = {
    "model": "m",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "gAAAA" + "Ab_-" * 20},
    ],
    "tools": [{"type": "mcp", "server_label": "l", "headers": {"k": "v"}}],
}
_EMBEDDINGS = {"model": "m", "input": ["a", [1, 2]]}
_BODIES = tuple(
    written
    for body in (_CHAT, _MESSAGES, _RESPONSES, _EMBEDDINGS, {"requests": [{"custom_id": "a", "params": _MESSAGES}]})
    for written in (orjson.dumps(body), json.dumps(body, indent=1).encode())
)
_LINE = orjson.dumps({"custom_id": "c", "method": "POST", "url": "/v1/embeddings", "body": _EMBEDDINGS}) + b"\n"
_FORM = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\nContent-Type: text/plain\r\n\r\n'
    + _LINE
    + b"\r\n--b--\r\n"
)
_READ = tuple(operation for operation in OPERATIONS if operation.name in BODIES)
_UPLOAD = next(operation for operation in OPERATIONS if operation.name == "openai.files.upload")


def _refusable(read: Callable[[bytes], Outcome]) -> Callable[[Pieces], Outcome]:
    def run(pieces: Pieces) -> Outcome:
        try:
            return read(b"".join(pieces))
        except RemoteProtocolError:
            return [REFUSED]

    return run


def _unchanged(text: bytes, leaves: tuple[Leaf, ...], made: bytes, mask: bytes) -> None:
    """All that is between the tokens that were edited is as it was."""
    at = 0
    for leaf in leaves:
        if leaf.fixed and leaf.inner is None:
            continue
        between = text[at : leaf.start]
        assert made.startswith(between), "a byte between the tokens has changed"
        made = made[len(between) :]
        if leaf.inner is None:
            token = mask if leaf.raw else b'"' + mask + b'"'
            assert made.startswith(token), "a token is not what it should be"
            made = made[len(token) :]
        else:
            _, end = json.JSONDecoder().raw_decode(made.decode())
            _unchanged(leaf.text, leaf.inner, json.loads(made.decode()[:end]).encode(), mask)
            made = made.decode()[end:].encode()
        at = leaf.end
    assert made == text[at:], "the rest has changed"


def _rewritten(call: Call) -> bytes:
    mask = b"<<X:1>>"
    edits = [(leaf, mask) for leaf in looked_at(call.leaves) if not leaf.fixed]
    made = rewrite(call, edits)
    in_body = tuple(leaf for leaf in call.leaves if leaf.end)
    _unchanged(call.body, tuple(leaf for leaf in in_body if leaf.inner is None or _editable(leaf)), made, mask)
    assert rewrite(call, []) is call.body
    return made


def _editable(leaf: Leaf) -> bool:
    return any(not inner.fixed for inner in leaf.inner or ())


def _calls(data: bytes) -> Iterator[Call]:
    for operation in _READ:
        try:
            yield read_call(operation, data, {"x-a": "b"}, "q=%41")
        except RemoteProtocolError:
            continue


def _bodies(data: bytes) -> Outcome:
    made: Outcome = [
        (call.operation.name, _rewritten(call), action_of(call, [], provider="p").gaps) for call in _calls(data)
    ]
    return made or [REFUSED]


def _json(data: bytes) -> Outcome:
    document = parse(data)
    assert json.loads(data) == document.tree or b"e" in data.lower(), "another reader reads something else"
    return [json.loads(data[slice(*document.places.span(at))]) for at in range(document.scalars)]


def _line(data: bytes) -> Outcome:
    return [_rewritten(read_line(data, _UPLOAD))]


def _upload(pieces: Pieces) -> Outcome:
    """What has been read before a refusal depends on the cutting, so only the refusal counts."""
    reader = UploadReader(_UPLOAD, "multipart/form-data; boundary=b")
    came, out, calls = bytearray(), bytearray(), 0
    try:
        for data in pieces:
            came += data
            for piece in reader.feed(data):
                calls += not isinstance(piece, Forward)
                out += piece.data if isinstance(piece, Forward) else rewrite(piece.call, [])
        reader.finish()
    except RemoteProtocolError:
        return [REFUSED]
    assert came.startswith(out), "bytes have changed"
    assert came[len(out) :] in (b"", b"\r\n"), "bytes are missing"
    return [bytes(out), calls]


def _route(data: bytes) -> Outcome:
    path = data.decode("latin-1")
    found: list[Operation | None] = [find_operation(method, path) for method in ("GET", "POST", "DELETE")]
    assert not any(found) or "%" not in path
    assert all(operation is None or path.count("/") == operation.path.count("/") for operation in found)
    leaf = text_of([("x", path)], path)
    return [None if operation is None else operation.name for operation in found] + [leaf is not None and leaf.fixed]


TARGETS = (
    FuzzTarget(name="json", seeds=_BODIES, run=_refusable(_json), chunked=False),
    FuzzTarget(name="bodies", seeds=_BODIES, run=_refusable(_bodies), chunked=False),
    FuzzTarget(name="line", seeds=(_LINE, b'{"messages":[{"content":"x"}]}\n'), run=_refusable(_line), chunked=False),
    FuzzTarget(
        name="upload", seeds=(_FORM, _FORM.replace(b"jsonl", b"txt").replace(b"batch", b"user_data")), run=_upload
    ),
    FuzzTarget(
        name="route",
        seeds=tuple(operation.path.replace("{id}", "a_1").encode() for operation in OPERATIONS),
        run=_refusable(_route),
        chunked=False,
    ),
)
