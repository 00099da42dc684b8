"""Each place of a Responses request: whose words it holds, what may be edited, what cannot be looked at."""

import orjson
import pytest

from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import rewrite
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import BASE64, ENCRYPTED, RESPONSES, call, leaf_at, responses, said

AT = "/input/0"


def item(given: object) -> dict[str, tuple[Field, str, bool]]:
    return said(responses([given]))


def test_input_as_a_text() -> None:
    assert said(responses("hello", instructions="be kind")) == {
        "/model": (Field.METADATA, "m", True),
        "/input": (Field.USER, "hello", False),
        "/instructions": (Field.SYSTEM, "be kind", False),
    }


@pytest.mark.parametrize(
    ("role", "field"),
    [
        ("system", Field.SYSTEM),
        ("developer", Field.SYSTEM),
        ("user", Field.USER),
        ("assistant", Field.ASSISTANT),
        ("x", Field.METADATA),
    ],
)
@pytest.mark.parametrize("type_", [{}, {"type": "message"}])
def test_the_role_decides_whose_words_they_are(role: str, field: Field, type_: dict[str, str]) -> None:
    assert item({"role": role, "content": "hello", **type_})[f"{AT}/content"] == (field, "hello", False)
    parts = [{"type": "input_text", "text": "a"}, {"type": "refusal", "refusal": "b"}, {"type": "new", "new": "c"}]
    read = item({"role": role, "content": parts, **type_})
    assert read[f"{AT}/content/0/text"] == (field, "a", False)
    assert read[f"{AT}/content/1/refusal"] == (field, "b", False)
    assert read[f"{AT}/content/2/new"] == (field, "c", False)


def test_function_calls_and_what_came_of_them() -> None:
    read = responses(
        [
            {"type": "function_call", "call_id": "c1", "name": "mail", "arguments": '{"to":"a@b.com"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "sent to a@b.com"},
            {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "t"}]},
            {"type": "custom_tool_call", "call_id": "c2", "name": "sh", "input": "ls"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": "o"},
        ]
    )
    assert leaf_at(read, "/input/0/arguments").inner is not None
    texts = said(read)
    assert texts["/input/0/call_id"] == (Field.METADATA, "c1", True)
    assert texts["/input/0/name"] == (Field.TOOL_ARGUMENTS, "mail", True)
    assert texts["/input/1/output"] == (Field.TOOL_RESULT, "sent to a@b.com", False)
    assert texts["/input/2/output/0/text"] == (Field.TOOL_RESULT, "t", False)
    assert texts["/input/3/input"] == (Field.TOOL_ARGUMENTS, "ls", False)
    assert texts["/input/4/output"] == (Field.TOOL_RESULT, "o", False)


def test_calls_of_the_providers_own_tools() -> None:
    read = said(
        responses(
            [
                {"type": "file_search_call", "id": "i", "queries": ["q"], "results": [{"text": "found", "score": 1.5}]},
                {"type": "local_shell_call", "call_id": "c", "action": {"command": ["cat"], "env": {"KEY": "v"}}},
                {"type": "mcp_call", "id": "i", "name": "n", "arguments": "{}", "output": "out", "error": "err"},
                {"type": "code_interpreter_call", "code": "c", "outputs": [{"type": "logs", "logs": "l"}]},
            ]
        )
    )
    assert read["/input/0/queries/0"] == (Field.TOOL_ARGUMENTS, "q", False)
    assert read["/input/0/results/0/text"] == (Field.TOOL_RESULT, "found", False)
    assert read["/input/1/action/env/KEY"] == (Field.TOOL_ARGUMENTS, "v", False)
    assert read["/input/2/output"] == (Field.TOOL_RESULT, "out", False)
    assert read["/input/2/error"] == (Field.TOOL_RESULT, "err", False)
    assert read["/input/3/outputs/0/logs"] == (Field.TOOL_RESULT, "l", False)


def test_reasoning_is_looked_at_and_never_edited() -> None:
    read = responses(
        [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "a@b.com"}],
                "content": [{"type": "reasoning_text", "text": "t"}],
                "encrypted_content": ENCRYPTED,
            },
            {"type": "compaction", "encrypted_content": ENCRYPTED},
            {"type": "compaction_trigger"},
            {"type": "item_reference", "id": "msg_1"},
        ]
    )
    assert said(read)[f"{AT}/summary/0/text"] == (Field.REASONING, "a@b.com", True)
    assert said(read)[f"{AT}/content/0/text"] == (Field.REASONING, "t", True)
    assert read.sealed == (f"{AT}/encrypted_content", "/input/1/encrypted_content")


def test_media() -> None:
    read = responses(
        [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": f"data:image/png;base64,{BASE64}"},
                    {"type": "input_image", "image_url": "https://x/?k=s"},
                    {"type": "input_file", "file_data": BASE64, "filename": "Alice.pdf"},
                ],
            },
            {
                "type": "computer_call_output",
                "call_id": "c",
                "output": {"type": "computer_screenshot", "image_url": BASE64},
            },
            {"type": "image_generation_call", "id": "i", "result": BASE64},
        ]
    )
    assert read.opaque == (
        f"{AT}/content/0/image_url",
        f"{AT}/content/2/file_data",
        "/input/1/output/image_url",
        "/input/2/result",
    )
    assert said(read)[f"{AT}/content/1/image_url"] == (Field.USER, "https://x/?k=s", False)


def test_tools_in_every_place_that_offers_them() -> None:
    function = {"type": "function", "name": "f", "description": "d", "parameters": {"description": "p"}}
    read = responses(
        [{"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "late"}]}],
        tools=[
            function,
            {"type": "web_search"},
            {
                "type": "mcp",
                "server_label": "crm",
                "server_url": "https://c",
                "headers": {"X-Key": "k"},
                "authorization": "z",
            },
            {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "inner"}]},
            {"type": "image_generation", "model": "m9"},
        ],
    )
    assert set(read.tools) == {"late", "f", "web_search", "mcp/crm", "ns", "inner", "image_generation"}
    assert read.models == ("m9",)
    texts = said(read)
    assert texts["/tools/0/description"] == (Field.TOOL_DEFINITION, "d", False)
    assert texts["/tools/0/parameters/description"] == (Field.TOOL_DEFINITION, "p", False)
    assert texts["/tools/2/headers/X-Key"] == (Field.TOOL_DEFINITION, "k", False)
    assert leaf_at(read, "/tools/2/authorization").context == b"authorization"


def test_prompt_templates() -> None:
    read = said(responses(None, prompt={"id": "pmpt_1", "variables": {"who": "alice"}}))
    assert read["/prompt/variables/who"] == (Field.USER, "alice", False)
    assert read["/prompt/id"] == (Field.METADATA, "pmpt_1", True)


def test_what_policy_asks_for() -> None:
    read = responses([{"role": "user"}], stream=True, max_output_tokens=7)
    assert (read.model, read.stream, read.messages, read.max_tokens) == ("m", True, 1, 7)
    assert responses("x").messages == 1


def test_items_that_nobody_knows_are_looked_at() -> None:
    assert item({"type": "hologram", "light": ["alice"]})[f"{AT}/light/0"] == (Field.METADATA, "alice", False)
    assert item("alice")[AT] == (Field.METADATA, "alice", False)


@pytest.mark.parametrize("path", ["/v1/responses/compact", "/v1/responses/input_tokens"])
def test_the_other_paths_read_alike(path: str) -> None:
    body = {"model": "m", "instructions": "i", "input": [{"role": "user", "content": "alice"}]}
    assert said(call(path, body)) == said(call(RESPONSES, body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"input": "x"}, "/model is missing"),
        ({"model": "m", "input": {}}, "/input must be a string or an array"),
        ({"model": "m", "stream": "yes"}, "/stream must be a boolean"),
        ({"model": "m", "Input": "x"}, "case only"),
    ],
)
def test_what_policy_depends_on_has_its_shape(body: object, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        call(RESPONSES, body)


def _echoed(text: str, tokens: list[str]) -> Call:
    logged = [
        {"token": one, "logprob": -1, "bytes": list(one.encode()), "top_logprobs": [{"token": one}]} for one in tokens
    ]
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": logged}
    return responses([{"type": "message", "role": "assistant", "content": [part]}])


def test_tokens_of_an_earlier_answer_go_with_what_they_say() -> None:
    """An agent sends back what it was answered: no token of an address looks like one, all of them together do."""
    read = _echoed("to alice@example.com", ["to al", "ice@", "example", ".com"])
    text, logged = [leaf for leaf in read.leaves if b"alice@example.com" in leaf.text]
    assert logged.pointer == "/input/0/content/0/logprobs"
    assert not any(b"ice@" in leaf.text for leaf in read.leaves if leaf not in (text, logged))
    sent = orjson.loads(rewrite(read, [(text, b"to X"), (logged, b"whatever")]))
    assert sent["input"][0]["content"][0] == {"type": "output_text", "text": "to X", "annotations": [], "logprobs": []}
    assert rewrite(read, []) is read.body
    for odd in (None, [], "alice@example.com"):
        part = {"type": "output_text", "text": "", "logprobs": odd}
        found = said(responses([{"role": "assistant", "content": [part]}]))
        assert ("/input/0/content/0/logprobs" in found) is isinstance(odd, str)


def test_tokens_of_a_long_answer_are_not_too_many_texts() -> None:
    tokens = ["a"] * 4000
    others = [{"token": "b", "logprob": -1, "bytes": [98]}] * 5
    logged = [{"token": one, "logprob": -1, "bytes": [97], "top_logprobs": others} for one in tokens]
    part = {"type": "output_text", "text": "a" * 4000, "logprobs": logged}
    assert len(responses([{"role": "assistant", "content": [part]}]).leaves) < 10
