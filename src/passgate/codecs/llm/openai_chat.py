"""Chat completions, and the older completions of a bare prompt, as OpenAI and whoever is compatible reads them."""

from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.json_schema import Schema
from passgate.codecs.llm.rules import (
    MARKER,
    MODEL,
    PARAMETER,
    Choose,
    Claim,
    Either,
    JsonText,
    Limit,
    Media,
    Members,
    Offered,
    Rule,
    Sealed,
    Text,
    Tokens,
    items,
)
from passgate.core.finding import Field

_DEFINED = Text(field=Field.TOOL_DEFINITION)
_DEFINED_NAME = Text(field=Field.TOOL_DEFINITION, fixed=True)
_CALLED_NAME = Text(field=Field.TOOL_ARGUMENTS, fixed=True)
_REASONED = Text(field=Field.REASONING)


def _part(field: Field) -> Rule:
    """One part of a message's content."""
    text, media = Text(field=field), Media(field=field)

    def of_type(name: str, rule: Rule) -> Members:
        return Members(known={"type": MARKER, name: rule}, other=field)

    return Choose(
        by="type",
        among={
            "text": of_type("text", text),
            "refusal": of_type("refusal", text),
            "image_url": of_type(
                "image_url",
                Either(string=media, members=Members(known={"url": media, "detail": MARKER}, other=field)),
            ),
            "video_url": of_type("video_url", Either(string=media, members=Members(known={"url": media}, other=field))),
            "input_audio": of_type("input_audio", Members(known={"data": media, "format": MARKER}, other=field)),
            "file": of_type(
                "file", Members(known={"file_data": media, "filename": text, "file_id": MARKER}, other=field)
            ),
        },
        otherwise=text,
    )


def _content(field: Field) -> Rule:
    return Either(string=Text(field=field), items=_part(field))


_FUNCTION_CALL = Members(
    known={"name": _CALLED_NAME, "arguments": JsonText(field=Field.TOOL_ARGUMENTS)}, other=Field.TOOL_ARGUMENTS
)

_TOOL_CALL = Members(
    known={
        "id": MARKER,
        "type": MARKER,
        "index": PARAMETER,
        "function": _FUNCTION_CALL,
        "custom": Members(
            known={"name": _CALLED_NAME, "input": JsonText(field=Field.TOOL_ARGUMENTS)}, other=Field.TOOL_ARGUMENTS
        ),
    },
    other=Field.TOOL_ARGUMENTS,
)

_REASONING_DETAIL = Members(
    known={
        "type": MARKER,
        "id": MARKER,
        "format": MARKER,
        "index": PARAMETER,
        "text": Text(field=Field.REASONING, fixed=True),
        "summary": Text(field=Field.REASONING, fixed=True),
        "signature": Sealed(field=Field.REASONING),
        "data": Sealed(field=Field.REASONING),
    },
    other=Field.REASONING,
)


def _message(field: Field) -> Members:
    return Members(
        known={
            "role": MARKER,
            "name": Text(field=field),
            "content": _content(field),
            "refusal": Text(field=field),
            "tool_call_id": MARKER,
            "tool_calls": items(_TOOL_CALL, Field.TOOL_ARGUMENTS),
            "function_call": _FUNCTION_CALL,
            "audio": Members(known={"id": MARKER}, other=field),
            "reasoning": _REASONED,
            "reasoning_content": _REASONED,
            "reasoning_details": items(_REASONING_DETAIL, Field.REASONING),
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
        "function": _message(Field.TOOL_RESULT),
    },
    otherwise=_message(Field.METADATA),
)

_FUNCTION = Members(
    known={
        "name": _DEFINED_NAME,
        "description": _DEFINED,
        "parameters": Schema(field=Field.TOOL_DEFINITION),
        "strict": PARAMETER,
    },
    other=Field.TOOL_DEFINITION,
)

_CUSTOM = Members(
    known={"name": _DEFINED_NAME, "description": _DEFINED, "format": _DEFINED}, other=Field.TOOL_DEFINITION
)

_TOOL = Choose(
    by="type",
    among={
        "custom": Offered(
            rule=Members(known={"type": MARKER, "custom": _CUSTOM}, other=Field.TOOL_DEFINITION),
            named_by=("custom", "name"),
        )
    },
    otherwise=Offered(
        rule=Members(known={"type": MARKER, "function": _FUNCTION}, other=Field.TOOL_DEFINITION),
        named_by=("function", "name"),
    ),
)

_RESPONSE_FORMAT = Members(
    known={
        "type": MARKER,
        "json_schema": Members(
            known={
                "name": _DEFINED_NAME,
                "description": _DEFINED,
                "schema": Schema(field=Field.TOOL_DEFINITION),
                "strict": PARAMETER,
            },
            other=Field.TOOL_DEFINITION,
        ),
        "schema": Schema(field=Field.TOOL_DEFINITION),
    },
    other=Field.TOOL_DEFINITION,
)

STEERING: dict[str, Rule] = {
    "model": MODEL,
    "models": Either(string=MODEL, items=MODEL),
    "stream": PARAMETER,
    "stream_options": Members(known={"include_usage": PARAMETER, "include_obfuscation": PARAMETER}),
    "temperature": PARAMETER,
    "top_p": PARAMETER,
    "n": PARAMETER,
    "seed": PARAMETER,
    "max_tokens": Limit(),
    "max_completion_tokens": Limit(),
    "frequency_penalty": PARAMETER,
    "presence_penalty": PARAMETER,
    "logprobs": PARAMETER,
    "top_logprobs": PARAMETER,
    "parallel_tool_calls": PARAMETER,
    "store": PARAMETER,
    "service_tier": MARKER,
    "reasoning_effort": MARKER,
    "verbosity": MARKER,
    "prompt_cache_retention": MARKER,
    "metadata": Text(field=Field.METADATA),
    "moderation": Members(known={"model": MODEL}),
    "user": Claim(name="user"),
    "safety_identifier": Claim(name="safety_identifier"),
    "prompt_cache_key": Claim(name="prompt_cache_key"),
}
"""What chat, completions and responses share, or would not mind."""

_STREAM = Member(name="stream", kind="a boolean")
_MODEL = Member(name="model", kind="a string", required=True)

CHAT = Body(
    root=Members(
        known={
            **STEERING,
            "messages": items(_MESSAGE, Field.USER),
            "tools": items(_TOOL, Field.TOOL_DEFINITION),
            "functions": items(Offered(rule=_FUNCTION), Field.TOOL_DEFINITION),
            "tool_choice": _DEFINED_NAME,
            "function_call": _DEFINED_NAME,
            "response_format": _RESPONSE_FORMAT,
            "prediction": Members(known={"type": MARKER, "content": _content(Field.ASSISTANT)}, other=Field.ASSISTANT),
            "modalities": MARKER,
            "audio": Members(known={"voice": MARKER, "format": MARKER}),
            "stop": Text(field=Field.METADATA),
        }
    ),
    members=(
        _MODEL,
        _STREAM,
        Member(name="messages", kind="an array", required=True, of="an object"),
        Member(name="tools", kind="an array", of="an object"),
        Member(name="functions", kind="an array", of="an object"),
        Member(name="max_tokens", kind="an integer"),
        Member(name="max_completion_tokens", kind="an integer"),
    ),
    messages="messages",
)

COMPLETIONS = Body(
    root=Members(
        known={
            **STEERING,
            "prompt": Tokens(field=Field.USER),
            "suffix": Text(field=Field.USER),
            "best_of": PARAMETER,
            "echo": PARAMETER,
            "stop": Text(field=Field.METADATA),
        }
    ),
    members=(
        _MODEL,
        _STREAM,
        Member(name="prompt", kind="a string or an array"),
        Member(name="max_tokens", kind="an integer"),
    ),
)
