"""Responses, their compaction and the counting of their tokens."""

from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.json_schema import Schema
from passgate.codecs.llm.openai_chat import STEERING
from passgate.codecs.llm.rules import (
    MARKER,
    MODEL,
    PARAMETER,
    Choose,
    Either,
    JsonText,
    Limit,
    Logged,
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
_CALLED = Text(field=Field.TOOL_ARGUMENTS)
_CALLED_NAME = Text(field=Field.TOOL_ARGUMENTS, fixed=True)
_ARGUMENTS = JsonText(field=Field.TOOL_ARGUMENTS)
_RESULT = Text(field=Field.TOOL_RESULT)
_THOUGHT = Text(field=Field.REASONING, fixed=True)
_SEALED = Sealed(field=Field.REASONING)


def _part(field: Field) -> Rule:
    """One part of a message's or a tool result's content."""
    text, media = Text(field=field), Media(field=field)
    annotation = Members(
        known={
            "type": MARKER,
            "file_id": MARKER,
            "container_id": MARKER,
            "index": PARAMETER,
            "start_index": PARAMETER,
            "end_index": PARAMETER,
            "url": text,
            "title": text,
            "filename": text,
        },
        other=field,
    )
    known: dict[str, Rule] = {
        "type": MARKER,
        "text": text,
        "refusal": text,
        "image_url": media,
        "file_url": text,
        "file_data": media,
        "filename": text,
        "file_id": MARKER,
        "detail": MARKER,
        "annotations": items(annotation, field),
        "logprobs": Logged(field=field),
        "input_audio": Members(known={"data": media, "format": MARKER}, other=field),
    }
    return Members(known=known, other=field)


def _content(field: Field) -> Rule:
    return Either(string=Text(field=field), items=_part(field))


def _message(field: Field) -> Members:
    return Members(
        known={
            "type": MARKER,
            "role": MARKER,
            "id": MARKER,
            "status": MARKER,
            "phase": MARKER,
            "content": _content(field),
        },
        other=field,
    )


_MESSAGE = Choose(
    by="role",
    among={
        "system": _message(Field.SYSTEM),
        "developer": _message(Field.SYSTEM),
        "user": _message(Field.USER),
        "assistant": _message(Field.ASSISTANT),
        "tool": _message(Field.TOOL_RESULT),
    },
    otherwise=_message(Field.METADATA),
)

_FUNCTION: dict[str, Rule] = {
    "type": MARKER,
    "name": _DEFINED_NAME,
    "description": _DEFINED,
    "parameters": Schema(field=Field.TOOL_DEFINITION),
    "output_schema": Schema(field=Field.TOOL_DEFINITION),
    "strict": PARAMETER,
    "defer_loading": PARAMETER,
    "allowed_callers": MARKER,
}


def _offered(known: dict[str, Rule], *, named_by: tuple[str, ...] = ("name",), prefix: str = "") -> Offered:
    rule = Members(known={"type": MARKER, **known}, other=Field.TOOL_DEFINITION)
    return Offered(rule=rule, named_by=named_by, prefix=prefix)


_MCP = _offered(
    {
        "server_label": _DEFINED_NAME,
        "server_url": _DEFINED,
        "server_description": _DEFINED,
        "connector_id": _DEFINED_NAME,
        "authorization": Text(field=Field.TOOL_DEFINITION, names="authorization"),
        "headers": Text(field=Field.TOOL_DEFINITION, names="headers"),
        "allowed_tools": _DEFINED_NAME,
        "require_approval": _DEFINED_NAME,
    },
    named_by=("server_label",),
    prefix="mcp/",
)

_IMAGE_GENERATION = _offered(
    {
        "model": MODEL,
        "svg": Members(known={"model": MODEL}, other=Field.TOOL_DEFINITION),
        "input_image_mask": Members(
            known={"image_url": Media(field=Field.TOOL_DEFINITION), "file_id": MARKER}, other=Field.TOOL_DEFINITION
        ),
        "partial_images": PARAMETER,
        "output_compression": PARAMETER,
    }
)

_PLAIN_TOOL = Choose(
    by="type",
    among={"mcp": _MCP, "image_generation": _IMAGE_GENERATION},
    otherwise=_offered(_FUNCTION),
)

_TOOL = Choose(
    by="type",
    among={
        "mcp": _MCP,
        "image_generation": _IMAGE_GENERATION,
        "namespace": _offered(
            {
                "name": _DEFINED_NAME,
                "description": _DEFINED,
                "tools": Nested(rule=items(_PLAIN_TOOL, Field.TOOL_DEFINITION), field=Field.TOOL_DEFINITION),
            }
        ),
    },
    otherwise=_offered(_FUNCTION),
)

_TOOLS = items(_TOOL, Field.TOOL_DEFINITION)
_MORE_TOOLS = Nested(rule=_TOOLS, field=Field.TOOL_DEFINITION)


def _item(known: dict[str, Rule], field: Field) -> Members:
    return Members(
        known={"type": MARKER, "id": MARKER, "call_id": MARKER, "status": MARKER, "caller": MARKER, **known},
        other=field,
    )


_CALL = _item(
    {
        "name": _CALLED_NAME,
        "namespace": _CALLED_NAME,
        "server_label": _CALLED_NAME,
        "approval_request_id": MARKER,
        "container_id": MARKER,
        "arguments": _ARGUMENTS,
        "input": _ARGUMENTS,
        "action": _CALLED,
        "operation": _CALLED,
        "queries": _CALLED,
        "code": _CALLED,
        "fingerprint": MARKER,
        "output": Text(field=Field.TOOL_RESULT),
        "error": Text(field=Field.TOOL_RESULT),
        "results": Text(field=Field.TOOL_RESULT),
        "outputs": items(
            Members(known={"type": MARKER, "url": Media(field=Field.TOOL_RESULT)}, other=Field.TOOL_RESULT),
            Field.TOOL_RESULT,
        ),
    },
    Field.TOOL_ARGUMENTS,
)

_OUTPUT = _item(
    {
        "output": Either(string=_RESULT, items=_part(Field.TOOL_RESULT), members=_part(Field.TOOL_RESULT)),
        "result": _RESULT,
    },
    Field.TOOL_RESULT,
)

_SUMMARY = Members(known={"type": MARKER, "text": _THOUGHT}, other=Field.REASONING)

_ITEM = Choose(
    by="type",
    among={
        **dict.fromkeys(
            (
                *("function_call", "custom_tool_call", "file_search_call", "web_search_call", "computer_call"),
                *("code_interpreter_call", "local_shell_call", "shell_call", "apply_patch_call", "mcp_call"),
                *("mcp_approval_request", "tool_search_call", "program"),
            ),
            _CALL,
        ),
        **dict.fromkeys(
            (
                *("function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output"),
                *("shell_call_output", "apply_patch_call_output", "program_output"),
            ),
            _OUTPUT,
        ),
        "reasoning": _item(
            {
                "summary": Either(string=_THOUGHT, items=_SUMMARY),
                "content": Either(string=_THOUGHT, items=_SUMMARY),
                "encrypted_content": _SEALED,
            },
            Field.REASONING,
        ),
        "compaction": _item({"encrypted_content": _SEALED}, Field.REASONING),
        "compaction_trigger": _item({}, Field.METADATA),
        "item_reference": _item({}, Field.METADATA),
        "image_generation_call": _item({"result": Media(field=Field.TOOL_RESULT)}, Field.TOOL_RESULT),
        "mcp_list_tools": _item({"server_label": _DEFINED_NAME, "tools": _MORE_TOOLS}, Field.TOOL_DEFINITION),
        "tool_search_output": _item({"tools": _MORE_TOOLS}, Field.TOOL_DEFINITION),
        "additional_tools": _item({"role": MARKER, "tools": _MORE_TOOLS}, Field.TOOL_DEFINITION),
        "mcp_approval_response": _item(
            {"approval_request_id": MARKER, "approve": PARAMETER, "reason": Text(field=Field.USER)}, Field.USER
        ),
    },
    otherwise=_MESSAGE,
)

_PROMPT = Members(
    known={
        "id": MARKER,
        "version": MARKER,
        "variables": Text(field=Field.USER),
    }
)

_FORMAT = Members(
    known={
        "type": MARKER,
        "name": _DEFINED_NAME,
        "description": _DEFINED,
        "schema": Schema(field=Field.TOOL_DEFINITION),
        "strict": PARAMETER,
    },
    other=Field.TOOL_DEFINITION,
)

_KNOWN: dict[str, Rule] = {
    **STEERING,
    "input": Either(string=Text(field=Field.USER), items=_ITEM),
    "instructions": Either(string=Text(field=Field.SYSTEM), items=Nested(rule=_ITEM, field=Field.SYSTEM)),
    "tools": _TOOLS,
    "tool_choice": _DEFINED_NAME,
    "text": Members(known={"verbosity": MARKER, "format": _FORMAT}),
    "reasoning": Members(known={"effort": MARKER, "summary": MARKER, "generate_summary": MARKER}),
    "prompt": _PROMPT,
    "previous_response_id": MARKER,
    "conversation": MARKER,
    "include": MARKER,
    "truncation": MARKER,
    "background": PARAMETER,
    "max_output_tokens": Limit(),
    "max_tool_calls": PARAMETER,
}

_MODEL_MEMBER = Member(name="model", kind="a string", required=True)
_INPUT = Member(name="input", kind="a string or an array")

RESPONSES = Body(
    root=Members(known=_KNOWN),
    members=(
        _MODEL_MEMBER,
        _INPUT,
        Member(name="stream", kind="a boolean"),
        Member(name="tools", kind="an array", of="an object"),
        Member(name="max_output_tokens", kind="an integer"),
    ),
    messages="input",
)

COMPACT = Body(root=Members(known=_KNOWN), members=(_MODEL_MEMBER, _INPUT), messages="input")
INPUT_TOKENS = COMPACT
