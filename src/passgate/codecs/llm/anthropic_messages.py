"""Messages, and the counting of their tokens."""

from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.json_schema import Schema
from passgate.codecs.llm.rules import (
    MARKER,
    MODEL,
    PARAMETER,
    Choose,
    Claim,
    Either,
    Limit,
    Media,
    Members,
    Nested,
    Offered,
    Rule,
    Sealed,
    Text,
    items,
)
from passgate.core.finding import Field

_DEFINED = Text(field=Field.TOOL_DEFINITION)
_DEFINED_NAME = Text(field=Field.TOOL_DEFINITION, fixed=True)
_RESULT = Text(field=Field.TOOL_RESULT)
_SEALED_RESULT = Sealed(field=Field.TOOL_RESULT)
_SEALED_REASONING = Sealed(field=Field.REASONING)
_CACHE = Members(known={"type": MARKER, "ttl": MARKER, "scope": MARKER})

_TOOL = Choose(
    by="type",
    among={
        "mcp_toolset": Offered(
            rule=Members(known={"type": MARKER, "mcp_server_name": _DEFINED_NAME}, other=Field.TOOL_DEFINITION),
            named_by=("mcp_server_name",),
            prefix="mcp/",
        )
    },
    otherwise=Offered(
        rule=Members(
            known={
                "type": MARKER,
                "name": _DEFINED_NAME,
                "model": MODEL,
                "description": _DEFINED,
                "input_schema": Schema(field=Field.TOOL_DEFINITION),
                "input_examples": _DEFINED,
                "cache_control": _CACHE,
                "strict": PARAMETER,
                "defer_loading": PARAMETER,
                "max_uses": PARAMETER,
                "max_tokens": Limit(),
                "display_width_px": PARAMETER,
                "display_height_px": PARAMETER,
                "display_number": PARAMETER,
                "max_characters": PARAMETER,
                "max_content_tokens": PARAMETER,
            },
            other=Field.TOOL_DEFINITION,
        )
    ),
)

_OF_A_SERVER = Offered(
    rule=Members(
        known={"type": MARKER, "server_name": _DEFINED_NAME, "name": _DEFINED_NAME}, other=Field.TOOL_DEFINITION
    ),
    named_by=("server_name",),
    prefix="mcp/",
)

_CHANGED = Choose(
    by="type",
    among={
        "tool_definition": Members(
            known={"type": MARKER, "definition": Nested(rule=_TOOL, field=Field.TOOL_DEFINITION)},
            other=Field.TOOL_DEFINITION,
        ),
        "mcp_tool_reference": _OF_A_SERVER,
        "mcp_toolset_reference": _OF_A_SERVER,
    },
    otherwise=_TOOL,
)
"""A tool that is offered from here on: by what it is, or by its name."""

_TOOL_CHANGE = Members(
    known={"type": MARKER, "tool": Nested(rule=_CHANGED, field=Field.TOOL_DEFINITION)}, other=Field.TOOL_DEFINITION
)


def _block_of(type_: dict[str, Rule], field: Field) -> Members:
    return Members(known={"type": MARKER, "cache_control": _CACHE, **type_}, other=field)


def _source(field: Field, content: Rule) -> Rule:
    """Where a picture or a document is."""
    text = Text(field=field)
    kind: dict[str, Rule] = {"type": MARKER, "media_type": MARKER}
    return Choose(
        by="type",
        among={
            "base64": Members(known={**kind, "data": Media(field=field)}, other=field),
            "url": Members(known={**kind, "url": Media(field=field)}, other=field),
            "text": Members(known={**kind, "data": text}, other=field),
            "file": Members(known={**kind, "file_id": MARKER}, other=field),
            "content": Members(known={**kind, "content": content}, other=field),
        },
        otherwise=text,
    )


def _citations(field: Field) -> Rule:
    text = Text(field=field)
    citation = Members(
        known={
            "type": MARKER,
            "cited_text": text,
            "encrypted_index": Sealed(field=field),
            "file_id": MARKER,
            "document_index": PARAMETER,
            "start_char_index": PARAMETER,
            "end_char_index": PARAMETER,
            "start_page_number": PARAMETER,
            "end_page_number": PARAMETER,
            "start_block_index": PARAMETER,
            "end_block_index": PARAMETER,
            "search_result_index": PARAMETER,
        },
        other=field,
    )
    return Either(string=text, items=citation, members=Members(known={"enabled": PARAMETER}, other=field))


def _shown_blocks(field: Field, nested: Rule) -> dict[str, Rule]:
    """What may be shown to a model, by whoever."""
    text, citations = Text(field=field), _citations(field)
    return {
        "text": _block_of({"text": text, "citations": citations}, field),
        "image": _block_of({"source": _source(field, nested)}, field),
        "document": _block_of(
            {"source": _source(field, nested), "title": text, "context": text, "citations": citations}, field
        ),
        "search_result": _block_of({"source": text, "title": text, "content": nested, "citations": citations}, field),
        "tool_reference": _block_of({"tool_name": Text(field=field, fixed=True)}, field),
    }


def _blocks(field: Field) -> Rule:
    """Content that holds no further content but text and pictures."""
    innermost = Text(field=field)
    plain = Either(
        string=innermost, items=Choose(by="type", among=_shown_blocks(field, innermost), otherwise=innermost)
    )
    nested = Nested(rule=plain, field=field)
    return Either(string=innermost, items=Choose(by="type", among=_shown_blocks(field, nested), otherwise=innermost))


_RESULT_CONTENT = _blocks(Field.TOOL_RESULT)
_RESULT_NESTED = Nested(rule=_RESULT_CONTENT, field=Field.TOOL_RESULT)

_FOUND = Members(
    known={
        "type": MARKER,
        "encrypted_content": _SEALED_RESULT,
        "encrypted_stdout": _SEALED_RESULT,
        "file_id": MARKER,
        "content": Either(
            string=_RESULT,
            items=Members(known={"type": MARKER, "file_id": MARKER}, other=Field.TOOL_RESULT),
            members=Choose(by="type", among=_shown_blocks(Field.TOOL_RESULT, _RESULT_NESTED), otherwise=_RESULT),
        ),
        "return_code": PARAMETER,
    },
    other=Field.TOOL_RESULT,
)
"""What a tool of the provider's own has found: results of searches, fetches, executions, advice."""

_TOOL_USE = _block_of(
    {
        "id": MARKER,
        "name": Text(field=Field.TOOL_ARGUMENTS, fixed=True),
        "server_name": Text(field=Field.TOOL_ARGUMENTS, fixed=True),
        "input": Text(field=Field.TOOL_ARGUMENTS),
        "caller": MARKER,
        "signature": _SEALED_REASONING,
    },
    Field.TOOL_ARGUMENTS,
)

_TOOL_RESULT = _block_of({"tool_use_id": MARKER, "is_error": PARAMETER, "content": _RESULT_NESTED}, Field.TOOL_RESULT)

_SERVER_RESULT = _block_of(
    {
        "tool_use_id": MARKER,
        "caller": MARKER,
        "content": Nested(rule=Either(string=_RESULT, items=_FOUND, members=_FOUND), field=Field.TOOL_RESULT),
    },
    Field.TOOL_RESULT,
)

_SPECIAL: dict[str, Rule] = {
    "thinking": _block_of(
        {"thinking": Text(field=Field.REASONING, fixed=True), "signature": _SEALED_REASONING}, Field.REASONING
    ),
    "redacted_thinking": _block_of({"data": _SEALED_REASONING}, Field.REASONING),
    "compaction": _block_of(
        {
            "content": Text(field=Field.REASONING, fixed=True),
            "encrypted_content": _SEALED_REASONING,
            "signature": _SEALED_REASONING,
            "tool_changes": items(_TOOL_CHANGE, Field.TOOL_DEFINITION),
        },
        Field.REASONING,
    ),
    "tool_use": _TOOL_USE,
    "server_tool_use": _TOOL_USE,
    "mcp_tool_use": _TOOL_USE,
    "tool_result": _TOOL_RESULT,
    "mcp_tool_result": _TOOL_RESULT,
    "container_upload": _block_of({"file_id": MARKER}, Field.METADATA),
    "tool_addition": _TOOL_CHANGE,
    "tool_removal": _block_of({"tool": _DEFINED_NAME}, Field.TOOL_DEFINITION),
}
for _name in ("advisor", "bash_code_execution", "code_execution", "text_editor_code_execution"):
    _SPECIAL[f"{_name}_tool_result"] = _SERVER_RESULT
for _name in ("tool_search", "web_fetch", "web_search"):
    _SPECIAL[f"{_name}_tool_result"] = _SERVER_RESULT


def _content(field: Field) -> Rule:
    text = Text(field=field)
    among = {**_shown_blocks(field, Nested(rule=_blocks(field), field=field)), **_SPECIAL}
    return Either(string=text, items=Choose(by="type", among=among, otherwise=text))


def _message(field: Field) -> Members:
    return Members(known={"role": MARKER, "content": _content(field)}, other=field)


_MESSAGE = Choose(
    by="role",
    among={
        "user": _message(Field.USER),
        "assistant": _message(Field.ASSISTANT),
        "system": _message(Field.SYSTEM),
    },
    otherwise=_message(Field.METADATA),
)

_MCP_SERVER = Offered(
    rule=Members(
        known={
            "type": MARKER,
            "name": _DEFINED_NAME,
            "url": _DEFINED,
            "authorization_token": Text(field=Field.TOOL_DEFINITION, names="authorization_token"),
            "tool_configuration": _DEFINED_NAME,
        },
        other=Field.TOOL_DEFINITION,
    ),
    prefix="mcp/",
)

_OUTPUT_FORMAT = Members(
    known={"type": MARKER, "schema": Schema(field=Field.TOOL_DEFINITION)}, other=Field.TOOL_DEFINITION
)

_FALLBACK = Members(known={"model": MODEL, "max_tokens": Limit(), "speed": MARKER})

_KNOWN: dict[str, Rule] = {
    "model": MODEL,
    "fallbacks": Either(string=MARKER, items=_FALLBACK),
    "messages": items(_MESSAGE, Field.USER),
    "system": _content(Field.SYSTEM),
    "tools": items(_TOOL, Field.TOOL_DEFINITION),
    "tool_choice": _DEFINED_NAME,
    "mcp_servers": items(_MCP_SERVER, Field.TOOL_DEFINITION),
    "max_tokens": Limit(),
    "temperature": PARAMETER,
    "top_k": PARAMETER,
    "top_p": PARAMETER,
    "stream": PARAMETER,
    "stop_sequences": Text(field=Field.METADATA),
    "thinking": Members(known={"type": MARKER, "budget_tokens": PARAMETER, "display": MARKER}),
    "output_config": Members(known={"effort": MARKER, "format": _OUTPUT_FORMAT}),
    "output_format": _OUTPUT_FORMAT,
    "metadata": Members(known={"user_id": Claim(name="metadata.user_id")}),
    "cache_control": _CACHE,
    "service_tier": MARKER,
    "speed": MARKER,
    "inference_geo": MARKER,
    "container": MARKER,
    "fallback_credit_token": Either(string=MARKER, members=Members(known={"token": MARKER, "mode": MARKER})),
}

_MEMBERS = (
    Member(name="model", kind="a string", required=True),
    Member(name="messages", kind="an array", required=True, of="an object"),
    Member(name="system", kind="a string or an array"),
    Member(name="stream", kind="a boolean"),
    Member(name="max_tokens", kind="an integer"),
    Member(name="tools", kind="an array", of="an object"),
    Member(name="mcp_servers", kind="an array", of="an object"),
)

MESSAGES = Body(root=Members(known=_KNOWN), members=_MEMBERS, messages="messages")
COUNT_TOKENS = Body(root=Members(known=_KNOWN), members=_MEMBERS, messages="messages")
