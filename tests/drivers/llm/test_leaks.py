"""Forty kinds of secrets and personal data in every field of every path, and in every answer: none of them comes out anywhere.

Looked for in whatever form it could have: as it is, escaped as JSON once or several times, cut into pieces of a stream.
"""

import json
import re
from collections.abc import Iterator
from itertools import groupby

import pytest

from passgate.codecs.llm.fields import FieldRow, field_table
from passgate.testing.llm_provider import (
    Cut,
    Failure,
    Fault,
    Provider,
    RunningProvider,
    Script,
    Text,
    Thinking,
    ToolCall,
    Writing,
)
from passgate.testing.llm_provider.script import Refusal
from tests.drivers.llm import planting
from tests.drivers.llm.leaky import Leaky, leaky_gate
from tests.drivers.llm.plants import all_in_one, found, make

ASKED, ANSWERED = make(1), make(2)
"""What the caller plants, and what the provider does: no value is in both."""
ROWS = [row for row in planting.spelled_out(field_table()) if row.where[:1] == "/" and row.path in planting.BASES]
PATHS = sorted({row.path for row in ROWS})


@pytest.fixture(scope="module")
def leaky(running_provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaky]:
    """What the gate keeps is looked at when all is over, whatever the order of the tests was."""
    with leaky_gate(running_provider, tmp_path_factory.mktemp("leaky")) as leaky:
        yield leaky
        leaky.assert_nothing_is_kept(ASKED + ANSWERED)


def test_the_search_finds_what_is_there() -> None:
    """A search that finds nothing proves nothing: every kind is found in the clear, escaped, twice escaped, and in pieces."""
    every = sorted(plant.kind for plant in ASKED)
    assert len(every) == 40
    text = all_in_one(ASKED)
    escaped = "".join(f"\\u{ord(c):04x}" if c.isascii() else json.dumps(c)[1:-1] for c in text)
    assert found(ASKED, text.encode()) == every
    assert found(ASKED, f'{{"a": "{escaped}"}}'.encode()) == every
    assert found(ASKED, json.dumps({"a": f'{{"b": "{escaped}"}}'}).encode()) == every
    chunks = ({"choices": [{"index": 0, "delta": {"content": c}}]} for c in text)
    assert found(ASKED, b"".join(b"data: " + json.dumps(c).encode() + b"\n\n" for c in chunks)) == every
    deltas = (
        {"type": "content_block_delta", "index": 1, "delta": {"partial_json": c}} for c in json.dumps({"x": text})
    )
    assert found(ASKED, b"".join(b"data: " + json.dumps(d).encode() + b"\n\n" for d in deltas)) == every
    assert found(ANSWERED, text.encode()) == []


def scanned(row: FieldRow) -> bool:
    return row.verdict == "scanned"


@pytest.mark.parametrize("path", PATHS)
def test_every_place_of_every_request(leaky: Leaky, provider: Provider, path: str) -> None:
    rows = [row for row in ROWS if row.path == path and scanned(row)]
    text = all_in_one(ASKED)
    marked = [(row, f"place {number} begins: {text} :ends") for number, row in enumerate(rows)]
    arrived: set[int] = set()
    with leaky.caller() as caller:
        for request in planting.packed(path, marked, most=40):
            if caller.ask("POST", path, request.body).status != 200 and len(request.rows) > 1:
                for row, value in request.rows:
                    caller.ask("POST", path, planting.alone(path, row, value).body)
        arrived |= {int(number) for number in re.findall(rb"place (\d+) begins: ", leaky.upstream())}
        leaky.assert_nothing_shows(caller, ASKED)
    missing = [rows[number].where for number in range(len(rows)) if number not in arrived]
    assert len(missing) <= len(rows) // 10 + 2, (
        f"these places never got to the provider, so nothing was shown of them: {missing}"
    )


def one_of_each(rows: list[FieldRow]) -> list[FieldRow]:
    """One row for each ending of a place: the last two names of it say what it is."""

    def ending(row: FieldRow) -> tuple[str, str, str]:
        return (row.path, row.verdict, "/".join(row.where.split("/")[-2:]))

    return [next(iter(group)) for _, group in groupby(sorted(rows, key=ending), key=ending)]


def test_places_that_may_not_be_edited(leaky: Leaky, provider: Provider) -> None:
    """Ids, markers, signatures, numbers: what is found there refuses the call, or is masked, and never passes."""
    rows = one_of_each([row for row in ROWS if not scanned(row) and "numbers of tokens" not in row.verdict])
    plants = [plant for plant in ASKED if "\n" not in plant.text]
    with leaky.caller() as caller:
        for number, row in enumerate(rows):
            plant = plants[number % len(plants)]
            caller.ask("POST", row.path, planting.alone(row.path, row, plant.text).body)
        refused = sum(heard.status in {400, 403} for heard in caller.heard)
        leaky.assert_nothing_shows(caller, ASKED)
    assert refused > len(rows) // 4


def test_names_of_members(leaky: Leaky, provider: Provider) -> None:
    plants = [plant for plant in ASKED if "\n" not in plant.text]
    with leaky.caller() as caller:
        for plant in plants:
            document = {**planting.BASES["/v1/chat/completions"], plant.text: 1, "metadata": {plant.text: "x"}}
            assert caller.post("/v1/chat/completions", document).status in {400, 403}
            tool = {"name": "t", "input_schema": {"type": "object", "properties": {plant.text: {"type": "string"}}}}
            document = {**planting.BASES["/v1/messages"], "tools": [tool]}
            assert caller.post("/v1/messages", document).status in {400, 403}
        leaky.assert_nothing_shows(caller, ASKED)
    assert provider.received == ()


def test_headers_and_the_query(leaky: Leaky, provider: Provider) -> None:
    plants = [plant for plant in ASKED if "\n" not in plant.text and plant.text.isascii()]
    chat = planting.BASES["/v1/chat/completions"]
    with leaky.caller() as caller:
        for plant in plants:
            caller.post("/v1/chat/completions", chat, **{"openai-brand-new": plant.text})
            caller.post("/v1/chat/completions", chat, **{"x-claude-code-session-id": plant.text})
            escaped = "".join(f"%{byte:02x}" for byte in plant.text.encode())
            caller.post(f"/v1/chat/completions?note={escaped}", chat)
        leaky.assert_nothing_shows(caller, ASKED)


def batch_line(custom_id: str, text: str) -> str:
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": text}], "metadata": {"note": text}}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})


def form(filename: str, purpose: str, data: bytes) -> tuple[bytes, str]:
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: application/jsonl'
    parts = (
        f'--limit\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'.encode(),
        f"--limit\r\n{head}\r\n\r\n".encode() + data + b"\r\n--limit--\r\n",
    )
    return b"".join(parts), "multipart/form-data; boundary=limit"


def test_lines_of_files(leaky: Leaky, provider: Provider) -> None:
    lines = "".join(batch_line(f"r{n}", f"line {n}: {all_in_one(ASKED)}") + "\n" for n in range(5))
    with leaky.caller() as caller:
        for purpose, data in (("batch", lines), ("user_data", all_in_one(ASKED)), ("fine-tune", lines)):
            body, content_type = form("requests.jsonl", purpose, data.encode())
            caller.ask("POST", "/v1/files", body, **{"content-type": content_type})
        for plant in ASKED:
            if "\n" not in plant.text and '"' not in plant.text:
                body, content_type = form(f"{plant.text}.jsonl", "batch", batch_line("a", "hello").encode())
                caller.ask("POST", "/v1/files", body, **{"content-type": content_type})
        leaky.assert_nothing_shows(caller, ASKED)
        arrived = leaky.upstream()
    assert all(f"line {n}: ".encode() in arrived for n in range(5)), "nothing was shown of files"


def test_what_the_providers_files_and_batches_hold(
    leaky: Leaky, provider: Provider, running_provider: RunningProvider
) -> None:
    """Somebody else has put it there, or the model has: it comes back like any answer."""
    lines = "".join(batch_line(f"r{n}", all_in_one(ANSWERED)) + "\n" for n in range(3)).encode()
    body, content_type = form("requests.jsonl", "batch", lines)
    other = {"authorization": f"Bearer {provider.key}"}
    stored = ask_directly(running_provider, "/v1/files", body, {**other, "content-type": content_type})
    made = ask_directly(
        running_provider,
        "/v1/batches",
        json.dumps(
            {"input_file_id": stored["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h",
             "metadata": {"note": all_in_one(ANSWERED)}}
        ).encode(),
        other,
    )  # fmt: skip
    params = {**planting.BASES["/v1/messages"], "messages": [{"role": "user", "content": all_in_one(ANSWERED)}]}
    requests = {"requests": [{"custom_id": "a", "params": params}]}
    messages = ask_directly(running_provider, "/v1/messages/batches", json.dumps(requests).encode(), other)
    provider.exchanges.clear()
    with leaky.caller() as caller:
        batch = json.loads(caller.ask("GET", f"/v1/batches/{made['id']}").body)
        results = caller.ask("GET", f"/v1/files/{batch['output_file_id']}/content")
        assert results.status == 200
        assert results.body.count(b'"custom_id"') == 3
        for path in ("/v1/files", "/v1/batches", f"/v1/files/{stored['id']}", f"/v1/files/{stored['id']}/content"):
            assert caller.ask("GET", path).status == 200
        results = caller.ask("GET", f"/v1/messages/batches/{messages['id']}/results")
        assert results.status == 200
        assert b'"custom_id"' in results.body
        leaky.assert_nothing_shows(caller, ANSWERED)


def ask_directly(running: RunningProvider, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())
    finally:
        connection.close()


def arguments() -> str:
    """Tool arguments with everything in them twice, once with escapes that a plain search does not see."""
    text = all_in_one(ANSWERED)
    hidden = "".join(
        f"\\u{ord(c):04x}" if n % 3 == 0 and c.isalnum() else json.dumps(c)[1:-1] for n, c in enumerate(text)
    )
    return f'{{"plain": {json.dumps(text, ensure_ascii=False)}, "deep": [{{"hidden": "{hidden}"}}]}}'


TEXT = all_in_one(ANSWERED)
PARTS = (
    Thinking(text=TEXT),
    Text(text=TEXT, citations=(TEXT,)),
    ToolCall(name="tool", arguments=arguments()),
    Refusal(text=TEXT),
)
EXTRA = {"brand_new": {"note": TEXT, "list": [TEXT]}}
CUTS = {
    "in one piece": Script(parts=PARTS, delta=Cut(), extra=EXTRA),
    "characters": Script(parts=PARTS, delta=Cut(size=1)),
    "three characters": Script(parts=PARTS, delta=Cut(size=3), writing=Writing.ASCII),
    "random": Script(parts=PARTS, delta=Cut(size=40, seed=7), frame=Cut(size=1000, seed=8)),
    "escaped": Script(parts=PARTS, delta=Cut(size=5), writing=Writing.ESCAPED),
    "bytes on the wire": Script(parts=PARTS[1:2], delta=Cut(size=400), frame=Cut(size=1)),
    "three bytes on the wire": Script(parts=PARTS[2:3], delta=Cut(size=400), frame=Cut(size=3), writing=Writing.ASCII),
    "tokens of the log": Script(parts=PARTS[1:2], delta=Cut(size=11), logprobs=True),
    "broken off": Script(parts=PARTS, delta=Cut(size=50), fault=Fault.CUT, faultless=40),
}


def requests(script: Script, *, stream: bool) -> Iterator[tuple[str, dict[str, object]]]:
    more: dict[str, object] = {"stream": True} if stream else {}
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/messages"):
        yield path, {**planting.BASES[path], **more}
    if script.logprobs or script.delta.seed:
        yield "/v1/chat/completions", {**planting.BASES["/v1/chat/completions"], **more, "n": 2, "logprobs": True}
    if any(isinstance(part, Text) for part in script.parts):
        yield "/v1/completions", {**planting.BASES["/v1/completions"], **more}


KINDS = [
    (name, stream) for name, script in CUTS.items() for stream in (True, False) if stream or script.fault is Fault.NONE
]
"""A whole answer is there or it is not: it is not broken off."""


@pytest.mark.parametrize(("name", "stream"), KINDS, ids=[f"{name}{'' if s else ', whole'}" for name, s in KINDS])
def test_answers(leaky: Leaky, provider: Provider, name: str, stream: bool) -> None:
    script = CUTS[name]
    with leaky.caller() as caller:
        for path, document in requests(script, stream=stream):
            provider.then(script)
            heard = caller.post(path, document)
            caller.close()
            assert heard.status == 200
            assert b"REDACTED" in heard.body, f"{path} said nothing, so nothing was shown of it"
        leaky.assert_nothing_shows(caller, ANSWERED)


def test_errors(leaky: Leaky, provider: Provider) -> None:
    """Providers repeat what they did not like, and sometimes whose key it was."""
    bodies = (
        json.dumps({"error": {"message": TEXT, "type": "invalid_request_error", "param": TEXT, "code": None}}).encode(),
        json.dumps({"type": "error", "error": {"type": "api_error", "message": f"{TEXT} key {provider.key}"}}).encode(),
        f"<html>{TEXT} {provider.key}</html>".encode(),
        TEXT.encode(),
    )
    with leaky.caller() as caller:
        for path in ("/v1/chat/completions", "/v1/messages"):
            for body in bodies:
                kind = "application/json" if body.startswith(b"{") else "text/html"
                provider.then(Script(failure=Failure(status=400, body=body, content_type=kind)))
                heard = caller.post(path, planting.BASES[path])
                assert heard.status in {400, 502}
                assert provider.key.encode() not in heard.body
        leaky.assert_nothing_shows(caller, ANSWERED)


def test_headers_of_answers(leaky: Leaky, provider: Provider) -> None:
    """They are the provider's own words and pass unread (ids, rate limits, what is new); its cookies and our key do not."""
    with leaky.caller() as caller:
        for path in ("/v1/chat/completions", "/v1/messages"):
            provider.then(Script(headers={"set-cookie": "a=b", "x-key": provider.key, "x-new": f"is {provider.key}."}))
            heard = caller.post(path, planting.BASES[path])
            assert heard.status == 200
            assert b"set-cookie" not in heard.head.lower()
            assert provider.key.encode() not in heard.head


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/moderations", "/v1/models", "/v1/messages/count_tokens"])
def test_answers_that_are_no_conversation(leaky: Leaky, provider: Provider, path: str) -> None:
    provider.default = Script(extra=EXTRA)
    with leaky.caller() as caller:
        base = planting.BASES.get(path)
        heard = caller.ask("GET", path) if base is None else caller.post(path, base)
        assert heard.status == 200
        leaky.assert_nothing_shows(caller, ANSWERED)
