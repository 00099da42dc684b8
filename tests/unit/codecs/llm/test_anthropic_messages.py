"""Each place of a message: whose words it holds, what may be edited, what cannot be looked at."""

import pytest

from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import BASE64, MESSAGES, SIGNATURE, call, leaf_at, messages, said

AT = "/messages/0/content"


def block(content: object, role: str = "user", **members: object) -> dict[str, tuple[Field, str, bool]]:
    return said(messages({"role": role, "content": [content]}, **members))


@pytest.mark.parametrize(
    ("role", "field"),
    [("user", Field.USER), ("assistant", Field.ASSISTANT), ("system", Field.SYSTEM), ("x", Field.METADATA)],
)
def test_the_role_decides_whose_words_they_are(role: str, field: Field) -> None:
    assert said(messages({"content": "hello", "role": role}))[AT] == (field, "hello", False)
    assert block({"type": "text", "text": "hi"}, role)[f"{AT}/0/text"] == (field, "hi", False)


def test_the_system_prompt_in_both_forms() -> None:
    assert said(messages(system="be kind"))["/system"] == (Field.SYSTEM, "be kind", False)
    blocks = [{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    assert said(messages(system=blocks))["/system/0/text"] == (Field.SYSTEM, "be kind", False)
    assert not any("cache_control" in pointer for pointer in said(messages(system=blocks)))


def test_thoughts_are_looked_at_and_never_edited() -> None:
    read = messages(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "alice@example.com", "signature": SIGNATURE},
                {"type": "redacted_thinking", "data": SIGNATURE},
                {"type": "compaction", "content": "so far", "signature": SIGNATURE, "encrypted_content": SIGNATURE},
            ],
        }
    )
    assert said(read)[f"{AT}/0/thinking"] == (Field.REASONING, "alice@example.com", True)
    assert said(read)[f"{AT}/2/content"] == (Field.REASONING, "so far", True)
    assert read.sealed == (f"{AT}/0/signature", f"{AT}/1/data", f"{AT}/2/signature", f"{AT}/2/encrypted_content")
    assert read.opaque == ()


def test_a_signature_that_is_none_is_looked_at() -> None:
    read = block({"type": "thinking", "thinking": "", "signature": "my AKIAIOSFODNN7EXAMPLE"}, "assistant")
    assert read[f"{AT}/0/signature"] == (Field.REASONING, "my AKIAIOSFODNN7EXAMPLE", True)


@pytest.mark.parametrize("type_", ["tool_use", "server_tool_use", "mcp_tool_use"])
def test_tool_use_is_arguments(type_: str) -> None:
    read = block({"type": type_, "id": "toolu_1", "name": "mail", "input": {"to": ["a@b.com"], "n": 5}}, "assistant")
    assert read[f"{AT}/0/input/to/0"] == (Field.TOOL_ARGUMENTS, "a@b.com", False)
    assert read[f"{AT}/0/input/n"] == (Field.TOOL_ARGUMENTS, "5", False)
    assert read[f"#{AT}/0/input/to"] == (Field.TOOL_ARGUMENTS, "to", True)
    assert read[f"{AT}/0/name"] == (Field.TOOL_ARGUMENTS, "mail", True)
    assert read[f"{AT}/0/id"] == (Field.METADATA, "toolu_1", True)


@pytest.mark.parametrize("type_", ["tool_result", "mcp_tool_result"])
def test_tool_results_are_not_the_users_words(type_: str) -> None:
    assert block({"type": type_, "tool_use_id": "t", "content": "r"})[f"{AT}/0/content"] == (
        Field.TOOL_RESULT,
        "r",
        False,
    )
    nested = {
        "type": "document",
        "title": "T",
        "source": {"type": "content", "content": [{"type": "text", "text": "deep"}]},
    }
    read = messages(
        {
            "role": "user",
            "content": [
                {
                    "type": type_,
                    "tool_use_id": "t",
                    "is_error": False,
                    "content": [
                        {"type": "text", "text": "r"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
                        nested,
                    ],
                }
            ],
        }
    )
    texts = said(read)
    assert texts[f"{AT}/0/content/0/text"] == (Field.TOOL_RESULT, "r", False)
    assert texts[f"{AT}/0/content/2/title"] == (Field.TOOL_RESULT, "T", False)
    assert texts[f"{AT}/0/content/2/source/content/0/text"] == (Field.TOOL_RESULT, "deep", False)
    assert read.opaque == (f"{AT}/0/content/1/source/data",)


@pytest.mark.parametrize(
    ("source", "where", "text"),
    [
        ({"type": "url", "url": "https://x/?k=s"}, "url", "https://x/?k=s"),
        ({"type": "text", "media_type": "text/plain", "data": "A" * 64}, "data", "A" * 64),
        ({"type": "base64", "media_type": "image/png", "data": "alice@example.com"}, "data", "alice@example.com"),
        ({"type": "new", "data": "x"}, "data", "x"),
    ],
)
def test_sources_that_can_be_looked_at(source: object, where: str, text: str) -> None:
    assert block({"type": "document", "source": source})[f"{AT}/0/source/{where}"] == (Field.USER, text, False)


def test_documents_and_searches() -> None:
    read = block({"type": "document", "source": {"type": "file", "file_id": "f1"}, "title": "t", "context": "c"})
    assert read[f"{AT}/0/title"] == (Field.USER, "t", False)
    assert read[f"{AT}/0/context"] == (Field.USER, "c", False)
    assert read[f"{AT}/0/source/file_id"] == (Field.METADATA, "f1", True)
    found = block({"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]})
    assert found[f"{AT}/0/content/0/text"] == (Field.USER, "x", False)


def test_what_the_providers_own_tools_found() -> None:
    read = messages(
        {
            "role": "assistant",
            "content": [
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "s1",
                    "content": [
                        {"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": SIGNATURE}
                    ],
                },
                {
                    "type": "web_fetch_tool_result",
                    "tool_use_id": "s2",
                    "content": {
                        "type": "web_fetch_result",
                        "url": "u",
                        "content": {
                            "type": "document",
                            "source": {"type": "base64", "media_type": "p", "data": BASE64},
                        },
                    },
                },
                {
                    "type": "bash_code_execution_tool_result",
                    "tool_use_id": "s3",
                    "content": {"type": "bash_code_execution_result", "stdout": "out", "return_code": 0, "content": []},
                },
                {"type": "code_execution_tool_result", "tool_use_id": "s4", "content": "odd"},
            ],
        }
    )
    texts = said(read)
    assert texts[f"{AT}/0/content/0/title"] == (Field.TOOL_RESULT, "t", False)
    assert texts[f"{AT}/2/content/stdout"] == (Field.TOOL_RESULT, "out", False)
    assert texts[f"{AT}/3/content"] == (Field.TOOL_RESULT, "odd", False)
    assert read.sealed == (f"{AT}/0/content/0/encrypted_content",)
    assert read.opaque == (f"{AT}/1/content/content/source/data",)


def test_citations() -> None:
    cited = {"type": "web_search_result_location", "cited_text": "c", "url": "u", "encrypted_index": SIGNATURE}
    read = messages({"role": "assistant", "content": [{"type": "text", "text": "x", "citations": [cited]}]})
    assert said(read)[f"{AT}/0/citations/0/cited_text"] == (Field.ASSISTANT, "c", False)
    assert read.sealed == (f"{AT}/0/citations/0/encrypted_index",)


def test_blocks_that_nobody_knows_are_looked_at() -> None:
    assert block({"type": "hologram", "light": ["alice"]})[f"{AT}/0/light/0"] == (Field.USER, "alice", False)
    assert block("alice")[f"{AT}/0"] == (Field.USER, "alice", False)


def test_tools_in_every_place_that_offers_them() -> None:
    read = messages(
        {
            "role": "user",
            "content": [{"type": "tool_addition", "tool": {"type": "custom", "name": "late", "description": "d"}}],
        },
        tools=[
            {"name": "mail", "description": "d1", "input_schema": {"type": "object", "description": "d2"}},
            {"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["x.org"]},
            {"type": "mcp_toolset", "mcp_server_name": "crm"},
        ],
        mcp_servers=[{"type": "url", "name": "crm", "url": "https://c", "authorization_token": "hush"}],
    )
    assert set(read.tools) == {"late", "mail", "web_search", "mcp/crm"}
    texts = said(read)
    assert texts["/tools/0/description"] == (Field.TOOL_DEFINITION, "d1", False)
    assert texts["/tools/0/input_schema/description"] == (Field.TOOL_DEFINITION, "d2", False)
    assert texts["/mcp_servers/0/authorization_token"] == (Field.TOOL_DEFINITION, "hush", False)
    assert leaf_at(read, "/mcp_servers/0/authorization_token").context == b"authorization_token"


def test_a_tool_that_is_offered_later_is_offered() -> None:
    """By what it is, or by its name; in a message of its own, or in what a compaction left of them."""

    def added(tool: object) -> dict[str, object]:
        return {"type": "tool_addition", "tool": tool}

    def defined(definition: object) -> dict[str, object]:
        return added({"type": "tool_definition", "definition": definition})

    late = [
        defined({"type": "web_search_20250305", "name": "web_search", "max_uses": 3}),
        defined({"name": "mail", "description": "to alice", "input_schema": {"type": "object"}}),
        defined({"type": "advisor_20260301", "name": "advisor", "model": "m2", "max_tokens": 77}),
        defined({"type": "mcp_toolset", "mcp_server_name": "crm"}),
        added({"type": "mcp_tool_reference", "server_name": "files", "name": "read"}),
        added({"type": "mcp_toolset_reference", "server_name": "desk"}),
        added({"type": "tool_reference", "name": "lamp"}),
    ]
    compacted = {"type": "compaction", "content": "c", "tool_changes": late}
    for read in (
        messages({"role": "system", "content": late}),
        messages({"role": "assistant", "content": [compacted]}),
    ):
        assert set(read.tools) == {"web_search", "mail", "advisor", "mcp/crm", "mcp/files", "mcp/desk", "lamp"}
        assert (read.models, read.max_tokens) == (("m2",), 77)
        [described] = [text for pointer, text in said(read).items() if pointer.endswith("/definition/description")]
        assert described == (Field.TOOL_DEFINITION, "to alice", False)


@pytest.mark.parametrize("token", ["q7Zx" * 30, {"token": "q7Zx" * 30, "mode": "strict"}])
def test_what_came_to_be_sent_back_is_no_secret_because_of_its_name(token: object) -> None:
    """A detector takes what is called a token for one: it is not told the name."""
    [leaf] = [leaf for leaf in messages(fallback_credit_token=token).leaves if leaf.text == b"q7Zx" * 30]
    assert (leaf.context, leaf.fixed) == (b"", True)


def test_every_model_that_may_answer_is_named() -> None:
    read = messages(
        fallbacks=[{"model": "m2", "max_tokens": 99}, {"model": "m"}],
        tools=[{"type": "advisor_20260301", "name": "advisor", "model": "m3"}],
    )
    assert (read.model, set(read.models), read.max_tokens) == ("m", {"m2", "m3"}, 99)


def test_who_asks_is_a_claim_and_a_text() -> None:
    read = messages(metadata={"user_id": "alice@example.com", "x": "y"})
    assert said(read)["/metadata/user_id"] == (Field.METADATA, "alice@example.com", False)
    assert said(read)["/metadata/x"] == (Field.METADATA, "y", False)
    assert read.claims["metadata.user_id"].startswith("sha256:")


def test_what_policy_asks_for() -> None:
    read = messages({"role": "user", "content": "x"}, stream=True, temperature=1)
    assert (read.model, read.stream, read.messages, read.max_tokens) == ("m", True, 1, 9)


def test_counting_reads_as_asking_does() -> None:
    body = {"model": "m", "system": "s", "messages": [{"role": "user", "content": "alice"}]}
    assert said(call("/v1/messages/count_tokens", body)) == said(call(MESSAGES, body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": []}, "/model is missing"),
        ({"model": "m"}, "/messages is missing"),
        ({"model": "m", "messages": ["x"]}, "/messages/0 must be an object"),
        ({"model": "m", "messages": [], "system": 5}, "/system must be a string or an array"),
        ({"model": "m", "messages": [], "mcp_servers": {}}, "/mcp_servers must be an array"),
        ({"model": "m", "messages": [], "STREAM": True}, "case only"),
    ],
)
def test_what_policy_depends_on_has_its_shape(body: object, message: str) -> None:
    for path in (MESSAGES, "/v1/messages/count_tokens"):
        with pytest.raises(RemoteProtocolError, match=message):
            call(path, body)
