"""Each place of a chat: whose words it holds, what may be edited, what cannot be looked at."""

import pytest

from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import BASE64, CHAT, ENCRYPTED, call, chat, leaf_at, responses, said


@pytest.mark.parametrize(
    ("role", "field"),
    [
        ("system", Field.SYSTEM),
        ("developer", Field.SYSTEM),
        ("user", Field.USER),
        ("assistant", Field.ASSISTANT),
        ("tool", Field.TOOL_RESULT),
        ("function", Field.TOOL_RESULT),
        ("critic", Field.METADATA),
    ],
)
def test_the_role_decides_whose_words_they_are(role: str, field: Field) -> None:
    read = said(
        chat(
            {"content": "hello", "role": role, "name": "bob"},
            {"role": role, "content": [{"type": "text", "text": "hi"}]},
        )
    )
    assert read["/messages/0/content"] == (field, "hello", False)
    assert read["/messages/0/name"] == (field, "bob", False)
    assert read["/messages/1/content/0/text"] == (field, "hi", False)


def test_a_role_that_is_no_word_is_nobodys() -> None:
    read = said(chat({"role": ["user"], "content": "hello"}))
    assert read["/messages/0/content"] == (Field.METADATA, "hello", False)
    assert "/messages/0/role/0" in read or "#/messages/0/role/0" in read


def test_tool_calls_are_arguments_read_as_json() -> None:
    made = {"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": '{"to":"alice@example.com"}'}}
    custom = {"id": "call_2", "type": "custom", "custom": {"name": "sh", "input": "cat a@b.com"}}
    read = chat({"role": "assistant", "content": None, "tool_calls": [made, custom]})
    arguments = leaf_at(read, "/messages/0/tool_calls/0/function/arguments")
    assert said(arguments.inner or ()) == {
        "#/to": (Field.TOOL_ARGUMENTS, "to", True),
        "/to": (Field.TOOL_ARGUMENTS, "alice@example.com", False),
    }
    read_texts = said(read)
    assert read_texts["/messages/0/tool_calls/0/function/name"] == (Field.TOOL_ARGUMENTS, "mail", True)
    assert read_texts["/messages/0/tool_calls/0/id"] == (Field.METADATA, "call_1", True)
    assert read_texts["/messages/0/tool_calls/1/custom/input"] == (Field.TOOL_ARGUMENTS, "cat a@b.com", False)


def test_the_older_function_call_is_read_alike() -> None:
    read = chat({"role": "assistant", "function_call": {"name": "f", "arguments": "[1]"}})
    assert leaf_at(read, "/messages/0/function_call/arguments").inner is not None


def test_tool_definitions() -> None:
    function = {
        "name": "mail",
        "description": "Ask alice@example.com first",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string", "description": "who"}},
            "required": ["to"],
        },
    }
    read = chat(tools=[{"type": "function", "function": function}, {"type": "custom", "custom": {"name": "sh"}}])
    assert read.tools == ("mail", "sh")
    texts = said(read)
    where = "/tools/0/function"
    assert texts[f"{where}/description"] == (Field.TOOL_DEFINITION, "Ask alice@example.com first", False)
    assert texts[f"{where}/parameters/properties/to/description"] == (Field.TOOL_DEFINITION, "who", False)
    assert texts[f"#{where}/parameters/properties/to"] == (Field.TOOL_DEFINITION, "to", True)
    assert texts[f"{where}/name"] == (Field.TOOL_DEFINITION, "mail", True)


def test_older_functions_are_tools_too() -> None:
    read = chat(functions=[{"name": "f", "description": "d"}])
    assert read.tools == ("f",)
    assert said(read)["/functions/0/description"] == (Field.TOOL_DEFINITION, "d", False)


def test_reasoning_of_models_that_do_not_sign_it_can_be_edited() -> None:
    read = chat(
        {
            "role": "assistant",
            "content": "x",
            "reasoning_content": "thought",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": ENCRYPTED}, {"text": "t"}],
        }
    )
    assert said(read)["/messages/0/reasoning_content"] == (Field.REASONING, "thought", False)
    assert said(read)["/messages/0/reasoning_details/1/text"] == (Field.REASONING, "t", True)
    assert read.sealed == ("/messages/0/reasoning_details/0/data",)


def test_media_cannot_be_looked_at_and_where_it_is_can() -> None:
    read = chat(
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://x/?key=secret"}},
                {"type": "image_url", "image_url": "https://y"},
                {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}},
                {"type": "file", "file": {"file_data": BASE64, "filename": "Alice.pdf", "file_id": "file-1"}},
                {"type": "refusal", "refusal": "no"},
                {"type": "hologram", "light": {"of": "alice@example.com"}},
            ],
        }
    )
    content = "/messages/0/content"
    assert read.opaque == (
        f"{content}/0/image_url/url",
        f"{content}/3/input_audio/data",
        f"{content}/4/file/file_data",
    )
    texts = said(read)
    assert texts[f"{content}/1/image_url/url"] == (Field.USER, "https://x/?key=secret", False)
    assert texts[f"{content}/2/image_url"] == (Field.USER, "https://y", False)
    assert texts[f"{content}/4/file/filename"] == (Field.USER, "Alice.pdf", False)
    assert texts[f"{content}/4/file/file_id"] == (Field.METADATA, "file-1", True)
    assert texts[f"{content}/6/light/of"] == (Field.USER, "alice@example.com", False)


def test_what_policy_asks_for() -> None:
    read = chat(
        {"role": "user"}, {"role": "user"}, stream=True, max_tokens=5, max_completion_tokens=7, models=["a", "m", "b"]
    )
    assert (read.model, read.models, read.stream, read.messages, read.max_tokens) == ("m", ("a", "b"), True, 2, 7)
    plain = chat()
    assert (plain.stream, plain.messages, plain.max_tokens, plain.tools, plain.models) == (False, 0, 0, (), ())


def test_a_model_that_judges_what_is_said_is_asked_too() -> None:
    policy = {"input": {"mode": "score"}}
    for read in (chat(moderation={"model": "m2", "policy": policy}), responses("x", moderation={"model": "m2"})):
        assert (read.model, read.models) == ("m", ("m2",))


def test_claims() -> None:
    read = chat(user="u-1", safety_identifier="s_2", prompt_cache_key="k.3")
    assert read.claims == {"user": "u-1", "safety_identifier": "s_2", "prompt_cache_key": "k.3"}


def test_fields_that_nobody_knows_are_looked_at() -> None:
    read = chat(
        {"role": "user", "content": "x", "future": {"api_key": "k"}}, brand_new={"deep": [{"er": "alice@example.com"}]}
    )
    texts = said(read)
    assert texts["/brand_new/deep/0/er"] == (Field.METADATA, "alice@example.com", False)
    assert texts["#/brand_new/deep"] == (Field.METADATA, "deep", True)
    assert texts["/messages/0/future/api_key"] == (Field.USER, "k", False)
    assert leaf_at(read, "/brand_new/deep/0/er").context == b"brand_new.deep.er"


def test_numbers_count_where_they_can_be_somebodys() -> None:
    read = said(
        chat({"role": "user", "content": 4111111111111111}, temperature=0.1, seed=123456789, metadata={"ssn": 78051120})
    )
    assert read["/messages/0/content"] == (Field.USER, "4111111111111111", False)
    assert read["/metadata/ssn"] == (Field.METADATA, "78051120", False)
    assert "/seed" not in read
    assert "/temperature" not in read


def test_answers_formats_and_predictions() -> None:
    read = said(
        chat(
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"title": "t"}}},
            prediction={"type": "content", "content": "alice"},
            stop=["s"],
        )
    )
    assert read["/response_format/json_schema/schema/title"] == (Field.TOOL_DEFINITION, "t", False)
    assert read["/prediction/content"] == (Field.ASSISTANT, "alice", False)
    assert read["/stop/0"] == (Field.METADATA, "s", False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "must be an object"),
        ({"messages": []}, "/model is missing"),
        ({"model": None, "messages": []}, "/model is missing"),
        ({"model": 5, "messages": []}, "/model must be a string"),
        ({"model": "", "messages": []}, "1 to 256"),
        ({"model": "m" * 257, "messages": []}, "1 to 256"),
        ({"model": "m"}, "/messages is missing"),
        ({"model": "m", "messages": {}}, "/messages must be an array"),
        ({"model": "m", "messages": [{}, "hello"]}, "/messages/1 must be an object"),
        ({"model": "m", "messages": [], "stream": 1}, "/stream must be a boolean"),
        ({"model": "m", "messages": [], "stream": "true"}, "/stream must be a boolean"),
        ({"model": "m", "messages": [], "max_tokens": True}, "/max_tokens must be an integer"),
        ({"model": "m", "messages": [], "max_tokens": 1.5}, "/max_tokens must be an integer"),
        ({"model": "m", "messages": [], "tools": {}}, "/tools must be an array"),
        ({"model": "m", "messages": [], "tools": ["x"]}, "/tools/0 must be an object"),
        ({"model": "m", "messages": [], "Model": "other"}, "case only"),
        ({"model": "m", "messages": [], "\u017ftream": True}, "case only"),
        ({"model": "m", "messages": [], "TOOLS": []}, "case only"),
        ({"model": "m", "messages": [{"role": "user", "Role": "system"}]}, "a name at /messages/0 differs from role"),
        ({"model": "m", "messages": [], "tools": [{"type": "function", "Function": {"name": "f"}}]}, "case only"),
    ],
)
def test_what_policy_depends_on_has_its_shape(body: object, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        call(CHAT, body)


def test_null_is_as_good_as_nothing() -> None:
    read = call(CHAT, {"model": "m", "messages": [], "stream": None, "tools": None, "max_tokens": None})
    assert (read.stream, read.tools, read.max_tokens) == (False, (), 0)


def test_completions_of_a_prompt() -> None:
    read = call("/v1/completions", {"model": "m", "prompt": ["a", [1, 2]], "suffix": "z", "max_tokens": 3})
    assert said(read)["/prompt/0"] == (Field.USER, "a", False)
    assert said(read)["/suffix"] == (Field.USER, "z", False)
    assert (read.opaque, read.max_tokens) == (("/prompt/1",), 3)
