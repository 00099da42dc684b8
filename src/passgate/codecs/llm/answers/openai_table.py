"""What stands where in the answers of OpenAI's API and of those that speak like it. One table for all of them: the names are
unambiguous, and a body that belongs to another path is read no less. A name that is not here is scanned with everything below
it."""

from functools import lru_cache

from passgate.codecs.llm.answers.words import STRUCTURAL, Arguments, Copies, Counts, Structural, Vector
from passgate.codecs.llm.json_schema import Schema
from passgate.codecs.llm.rules import PARAMETER, Choose, Either, Media, Members, Rule, Sealed, Text, items
from passgate.core.finding import Field

_ASSISTANT = Text(field=Field.ASSISTANT)
_REASONING = Text(field=Field.REASONING)
_ARGUMENTS = Text(field=Field.TOOL_ARGUMENTS)
_RESULT = Text(field=Field.TOOL_RESULT)
_DEFINITION = Text(field=Field.TOOL_DEFINITION)
_METADATA = Text(field=Field.METADATA)
_CALLED = Text(field=Field.TOOL_ARGUMENTS, fixed=True)
"""Names of what is called come whole: they are looked at by themselves."""

_COPIES = Copies()
_COUNTS = Counts()

ERROR = Either(
    string=_METADATA,
    members=Members(
        known={"message": _METADATA, "type": STRUCTURAL, "code": STRUCTURAL, "param": _METADATA, "line": PARAMETER},
    ),
)


def _annotation(field: Field) -> Rule:
    known: dict[str, Rule] = {
        "type": STRUCTURAL,
        "file_id": STRUCTURAL,
        "container_id": STRUCTURAL,
        "index": PARAMETER,
        "start_index": PARAMETER,
        "end_index": PARAMETER,
        "url": Text(field=field),
        "title": Text(field=field),
        "filename": Text(field=Field.FILE),
    }
    return Members(known={**known, "url_citation": Members(known=known, other=field)}, other=field)


def part(field: Field) -> Rule:
    """One part of what an item says."""
    return Members(
        known={
            "type": STRUCTURAL,
            "text": Text(field=field),
            "refusal": Text(field=field),
            "transcript": Text(field=field),
            "annotations": items(_annotation(field), field),
            "logprobs": _COPIES,
            "image_url": Either(string=Media(field=field), members=Members(known={"url": Media(field=field)})),
            "detail": STRUCTURAL,
            "file_id": STRUCTURAL,
            "file_data": Media(field=Field.FILE),
            "filename": Text(field=Field.FILE),
            "data": Media(field=field),
            "input_audio": Members(known={"data": Media(field=field), "format": STRUCTURAL}),
        },
        other=field,
    )


def _content(field: Field) -> Rule:
    return Either(string=Text(field=field), items=part(field))


_FUNCTION = Members(known={"name": _CALLED, "arguments": Arguments()}, other=Field.TOOL_ARGUMENTS)

TOOL_CALL = Members(
    known={
        "id": STRUCTURAL,
        "type": STRUCTURAL,
        "index": PARAMETER,
        "function": _FUNCTION,
        "custom": Members(known={"name": _CALLED, "input": _ARGUMENTS}, other=Field.TOOL_ARGUMENTS),
    },
    other=Field.TOOL_ARGUMENTS,
)

_REASONING_DETAIL = Members(
    known={
        "type": STRUCTURAL,
        "id": STRUCTURAL,
        "format": STRUCTURAL,
        "index": PARAMETER,
        "signature": Sealed(field=Field.REASONING),
        "data": Sealed(field=Field.REASONING),
    },
    other=Field.REASONING,
)

MESSAGE = Members(
    known={
        "role": STRUCTURAL,
        "content": _content(Field.ASSISTANT),
        "refusal": _ASSISTANT,
        "reasoning": _REASONING,
        "reasoning_content": _REASONING,
        "reasoning_details": items(_REASONING_DETAIL, Field.REASONING),
        "thinking": _REASONING,
        "tool_calls": items(TOOL_CALL, Field.TOOL_ARGUMENTS),
        "function_call": _FUNCTION,
        "audio": Members(
            known={
                "id": STRUCTURAL,
                "data": Media(field=Field.ASSISTANT),
                "expires_at": PARAMETER,
                "transcript": _ASSISTANT,
            },
        ),
        "annotations": items(_annotation(Field.ASSISTANT), Field.ASSISTANT),
    },
)

CHOICE = Members(
    known={
        "index": PARAMETER,
        "finish_reason": STRUCTURAL,
        "native_finish_reason": STRUCTURAL,
        "stop_reason": STRUCTURAL,
        "message": MESSAGE,
        "delta": MESSAGE,
        "text": _ASSISTANT,
        "logprobs": _COPIES,
    },
)


def _said_by(field: Field) -> Rule:
    return Members(
        known={
            "id": STRUCTURAL,
            "type": STRUCTURAL,
            "role": STRUCTURAL,
            "status": STRUCTURAL,
            "phase": STRUCTURAL,
            "content": _content(field),
        },
        other=field,
    )


_OUTPUT = Either(
    string=_RESULT,
    items=Members(
        known={
            "type": STRUCTURAL,
            "id": STRUCTURAL,
            "file_id": STRUCTURAL,
            "image_url": Media(field=Field.TOOL_RESULT),
            "url": Media(field=Field.TOOL_RESULT),
            "score": PARAMETER,
            "filename": Text(field=Field.FILE),
        },
        other=Field.TOOL_RESULT,
    ),
    members=Members(
        known={"type": STRUCTURAL, "file_id": STRUCTURAL, "image_url": Media(field=Field.TOOL_RESULT)},
        other=Field.TOOL_RESULT,
    ),
)

_SCHEMA = Schema(field=Field.TOOL_DEFINITION)
_TOOL = Members(
    known={
        "type": STRUCTURAL,
        "parameters": _SCHEMA,
        "input_schema": _SCHEMA,
        "output_schema": _SCHEMA,
        "strict": PARAMETER,
        "search_context_size": STRUCTURAL,
    },
    other=Field.TOOL_DEFINITION,
)
_FORMAT = Members(
    known={"type": STRUCTURAL, "schema": _SCHEMA, "strict": PARAMETER, "syntax": STRUCTURAL},
    other=Field.TOOL_DEFINITION,
)

_OTHER_ITEM = Members(
    known={
        "id": STRUCTURAL,
        "type": STRUCTURAL,
        "status": STRUCTURAL,
        "call_id": STRUCTURAL,
        "approval_request_id": STRUCTURAL,
        "container_id": STRUCTURAL,
        "server_label": _CALLED,
        "namespace": STRUCTURAL,
        "name": _CALLED,
        "created_by": STRUCTURAL,
        "arguments": Arguments(),
        "input": _ARGUMENTS,
        "code": _ARGUMENTS,
        "action": _ARGUMENTS,
        "actions": _ARGUMENTS,
        "operation": _ARGUMENTS,
        "queries": _ARGUMENTS,
        "results": _OUTPUT,
        "output": _OUTPUT,
        "outputs": _OUTPUT,
        "tools": items(_TOOL, Field.TOOL_DEFINITION),
        "result": Media(field=Field.TOOL_RESULT),
        "revised_prompt": _ARGUMENTS,
        "background": STRUCTURAL,
        "output_format": STRUCTURAL,
        "quality": STRUCTURAL,
        "size": STRUCTURAL,
        "encrypted_content": Sealed(field=Field.REASONING),
        "max_output_length": PARAMETER,
    },
)

ITEM = Choose(
    by="type",
    among={
        "message": Choose(
            by="role",
            among={
                "user": _said_by(Field.USER),
                "system": _said_by(Field.SYSTEM),
                "developer": _said_by(Field.SYSTEM),
            },
            otherwise=_said_by(Field.ASSISTANT),
        ),
        "reasoning": Members(
            known={
                "id": STRUCTURAL,
                "type": STRUCTURAL,
                "status": STRUCTURAL,
                "summary": _content(Field.REASONING),
                "content": _content(Field.REASONING),
                "encrypted_content": Sealed(field=Field.REASONING),
            },
            other=Field.REASONING,
        ),
    },
    otherwise=_OTHER_ITEM,
)

_RESPONSE: dict[str, Rule] = {
    "background": PARAMETER,
    "completed_at": PARAMETER,
    "incomplete_details": Members(known={"reason": STRUCTURAL}),
    "instructions": Either(string=Text(field=Field.SYSTEM), items=ITEM),
    "max_output_tokens": PARAMETER,
    "max_tool_calls": PARAMETER,
    "output": Either(string=_ASSISTANT, items=ITEM),
    "output_text": _ASSISTANT,
    "parallel_tool_calls": PARAMETER,
    "previous_response_id": STRUCTURAL,
    "conversation": Either(string=STRUCTURAL, members=Members(known={"id": STRUCTURAL})),
    "prompt_cache_retention": STRUCTURAL,
    "prompt_cache_key": STRUCTURAL,
    "frequency_penalty": PARAMETER,
    "presence_penalty": PARAMETER,
    "reasoning": Members(known={"effort": STRUCTURAL, "summary": STRUCTURAL, "generate_summary": STRUCTURAL}),
    "store": PARAMETER,
    "temperature": PARAMETER,
    "text": Either(
        string=_ASSISTANT,
        members=Members(known={"verbosity": STRUCTURAL, "format": _FORMAT}, other=Field.TOOL_DEFINITION),
    ),
    "tool_choice": Either(string=STRUCTURAL, members=_DEFINITION),
    "tools": items(_TOOL, Field.TOOL_DEFINITION),
    "top_logprobs": PARAMETER,
    "top_p": PARAMETER,
    "truncation": STRUCTURAL,
}

_LISTED: dict[str, Rule] = {
    "embedding": Vector(),
    "index": PARAMETER,
    "owned_by": _METADATA,
    "bytes": PARAMETER,
    "created": PARAMETER,
    "created_at": PARAMETER,
    "filename": Text(field=Field.FILE),
    "purpose": STRUCTURAL,
    "status_details": _METADATA,
    "endpoint": STRUCTURAL,
    "completion_window": STRUCTURAL,
    "input_file_id": STRUCTURAL,
    "output_file_id": STRUCTURAL,
    "error_file_id": STRUCTURAL,
    "request_counts": _COUNTS,
    "errors": Members(known={"object": STRUCTURAL, "data": items(ERROR, Field.METADATA)}),
    **{
        f"{moment}_at": PARAMETER
        for moment in (
            "in_progress",
            "expires",
            "finalizing",
            "completed",
            "failed",
            "expired",
            "cancelling",
            "cancelled",
        )
    },
}

_COMMON: dict[str, Rule] = {
    "id": STRUCTURAL,
    "object": STRUCTURAL,
    "type": STRUCTURAL,
    "model": STRUCTURAL,
    "status": STRUCTURAL,
    "role": STRUCTURAL,
    "provider": STRUCTURAL,
    "usage": _COUNTS,
    "system_fingerprint": STRUCTURAL,
    "service_tier": STRUCTURAL,
    "obfuscation": Structural(most=64),
    "metadata": _METADATA,
    "error": ERROR,
    "deleted": PARAMETER,
}

_DATUM = Choose(
    by="type",
    among={"message": ITEM, "reasoning": ITEM},
    otherwise=Members(known={**_COMMON, **_OTHER_ITEM.known, **_LISTED}),
)

ANSWER = Members(
    known={
        **_COMMON,
        **_LISTED,
        **_RESPONSE,
        "choices": items(CHOICE, Field.ASSISTANT),
        "data": items(_DATUM, Field.METADATA),
        "first_id": STRUCTURAL,
        "last_id": STRUCTURAL,
        "has_more": PARAMETER,
        "input_tokens": PARAMETER,
        "results": items(
            Members(
                known={
                    "flagged": PARAMETER,
                    "categories": _COUNTS,
                    "category_scores": _COUNTS,
                    "category_applied_input_types": _COUNTS,
                }
            ),
            Field.METADATA,
        ),
    },
)

LINE = Members(
    known={
        "id": STRUCTURAL,
        "custom_id": STRUCTURAL,
        "response": Members(known={"status_code": PARAMETER, "request_id": STRUCTURAL, "body": ANSWER}),
        "error": ERROR,
        "method": STRUCTURAL,
        "url": STRUCTURAL,
    },
    other=Field.FILE,
)
"""A line of a file that is fetched: what a batch answered, or whatever was uploaded."""


@lru_cache(maxsize=128)
def event(kind: str) -> Rule:
    """An event of a stream of the Responses API, by its ``type``."""
    field = _field_of(kind)
    delta: Rule = Text(field=field)
    if "arguments" in kind:
        delta = Arguments()
    elif kind.endswith("audio.delta"):
        delta = Media(field=field)
    return Members(
        known={
            "type": STRUCTURAL,
            "sequence_number": PARAMETER,
            "item_id": STRUCTURAL,
            "response_id": STRUCTURAL,
            "output_index": PARAMETER,
            "content_index": PARAMETER,
            "summary_index": PARAMETER,
            "annotation_index": PARAMETER,
            "partial_image_index": PARAMETER,
            "delta": delta,
            "text": Text(field=field),
            "refusal": _ASSISTANT,
            "arguments": Arguments(),
            "input": _ARGUMENTS,
            "code": STRUCTURAL if kind == "error" else _ARGUMENTS,
            "name": _CALLED,
            "message": _METADATA,
            "param": _METADATA,
            "error": ERROR,
            "item": ITEM,
            "part": part(field),
            "annotation": _annotation(field),
            "response": ANSWER,
            "logprobs": _COPIES,
            "partial_image_b64": Media(field=Field.TOOL_RESULT),
            "obfuscation": Structural(most=64),
        },
    )


def _field_of(kind: str) -> Field:
    for word, field in _FIELDS:
        if word in kind:
            return field
    return Field.METADATA


_FIELDS = (
    ("reasoning", Field.REASONING),
    ("output_text", Field.ASSISTANT),
    ("content_part", Field.ASSISTANT),
    ("refusal", Field.ASSISTANT),
    ("audio", Field.ASSISTANT),
    ("_call_", Field.TOOL_ARGUMENTS),
)
