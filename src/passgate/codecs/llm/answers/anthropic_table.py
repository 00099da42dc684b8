"""What stands where in the answers of Anthropic's API. A name that is not here is scanned with everything below it."""

from passgate.codecs.llm.answers.words import STRUCTURAL, Arguments, Counts
from passgate.codecs.llm.rules import PARAMETER, Choose, Either, Media, Members, Rule, Sealed, Text, items
from passgate.core.finding import Field

_ASSISTANT = Text(field=Field.ASSISTANT)
_REASONING = Text(field=Field.REASONING)
_RESULT = Text(field=Field.TOOL_RESULT)
_METADATA = Text(field=Field.METADATA)
_CALLED = Text(field=Field.TOOL_ARGUMENTS, fixed=True)
_COUNTS = Counts()

ERROR = Members(known={"type": STRUCTURAL, "message": _METADATA})

_CITATION = Members(
    known={
        "type": STRUCTURAL,
        "file_id": STRUCTURAL,
        "document_index": PARAMETER,
        "search_result_index": PARAMETER,
        "start_char_index": PARAMETER,
        "end_char_index": PARAMETER,
        "start_page_number": PARAMETER,
        "end_page_number": PARAMETER,
        "start_block_index": PARAMETER,
        "end_block_index": PARAMETER,
        "encrypted_index": Sealed(field=Field.TOOL_RESULT),
    },
    other=Field.TOOL_RESULT,
)

_SOURCE = Members(
    known={
        "type": STRUCTURAL,
        "media_type": STRUCTURAL,
        "file_id": STRUCTURAL,
        "data": Media(field=Field.TOOL_RESULT),
    },
    other=Field.TOOL_RESULT,
)

_RESULT_PART: dict[str, Rule] = {
    "type": STRUCTURAL,
    "file_id": STRUCTURAL,
    "error_code": STRUCTURAL,
    "return_code": PARAMETER,
    "encrypted_content": Sealed(field=Field.TOOL_RESULT),
    "encrypted_stdout": Sealed(field=Field.TOOL_RESULT),
    "source": _SOURCE,
    "citations": Either(string=_RESULT, items=_CITATION),
}

_RESULT_CONTENT = Members(
    known={
        **_RESULT_PART,
        "content": Either(
            string=_RESULT,
            items=Members(known=_RESULT_PART, other=Field.TOOL_RESULT),
            members=Members(known=_RESULT_PART, other=Field.TOOL_RESULT),
        ),
    },
    other=Field.TOOL_RESULT,
)

_OTHER_BLOCK = Members(
    known={
        "type": STRUCTURAL,
        "id": STRUCTURAL,
        "tool_use_id": STRUCTURAL,
        "name": _CALLED,
        "server_name": _CALLED,
        "input": Text(field=Field.TOOL_ARGUMENTS),
        "caller": Members(known={"type": STRUCTURAL, "tool_id": STRUCTURAL}),
        "is_error": PARAMETER,
        "content": Either(string=_RESULT, items=_RESULT_CONTENT, members=_RESULT_CONTENT),
        "file_id": STRUCTURAL,
        "encrypted_content": Sealed(field=Field.REASONING),
    },
)

BLOCK = Choose(
    by="type",
    among={
        "text": Members(
            known={
                "type": STRUCTURAL,
                "text": _ASSISTANT,
                "citations": Either(string=_RESULT, items=_CITATION),
            },
        ),
        "thinking": Members(
            known={"type": STRUCTURAL, "thinking": _REASONING, "signature": Sealed(field=Field.REASONING)},
            other=Field.REASONING,
        ),
        "redacted_thinking": Members(
            known={"type": STRUCTURAL, "data": Sealed(field=Field.REASONING)}, other=Field.REASONING
        ),
        "compaction": Members(
            known={
                "type": STRUCTURAL,
                "content": _REASONING,  # signed and sent back like a thought: what it may not say then, it does not say now
                "encrypted_content": Sealed(field=Field.REASONING),
                "signature": Sealed(field=Field.REASONING),
                "tool_changes": Text(field=Field.TOOL_DEFINITION),
            },
            other=Field.REASONING,
        ),
    },
    otherwise=_OTHER_BLOCK,
)

_STOPPED: dict[str, Rule] = {
    "stop_reason": STRUCTURAL,
    "stop_sequence": _ASSISTANT,
    "stop_details": Either(
        string=_METADATA, members=Members(known={"type": STRUCTURAL, "fallback_credit_token": STRUCTURAL})
    ),
    "container": Members(known={"id": STRUCTURAL, "expires_at": STRUCTURAL}),
}

_COMMON: dict[str, Rule] = {
    "type": STRUCTURAL,
    "id": STRUCTURAL,
    "model": STRUCTURAL,
    "created_at": STRUCTURAL,
    "archived_at": STRUCTURAL,
    "ended_at": STRUCTURAL,
    "expires_at": STRUCTURAL,
    "cancel_initiated_at": STRUCTURAL,
    "processing_status": STRUCTURAL,
    "request_counts": _COUNTS,
    "results_url": STRUCTURAL,
    "display_name": _METADATA,
    "max_input_tokens": PARAMETER,
    "max_tokens": PARAMETER,
    "capabilities": _COUNTS,
}

ANSWER = Members(
    known={
        **_COMMON,
        **_STOPPED,
        "role": STRUCTURAL,
        "content": Either(string=_ASSISTANT, items=BLOCK),
        "usage": _COUNTS,
        "context_management": _COUNTS,
        "error": ERROR,
        "request_id": STRUCTURAL,
        "input_tokens": PARAMETER,
        "data": items(Members(known=_COMMON), Field.METADATA),
        "has_more": PARAMETER,
        "first_id": STRUCTURAL,
        "last_id": STRUCTURAL,
    },
)

_FAILED = Members(known={"type": STRUCTURAL, "error": ERROR, "request_id": STRUCTURAL})

LINE = Members(
    known={
        "custom_id": STRUCTURAL,
        "result": Members(known={"type": STRUCTURAL, "message": ANSWER, "error": _FAILED}),
    },
    other=Field.FILE,
)
"""A line of a batch's results."""

_DELTA = Choose(
    by="type",
    among={
        "text_delta": Members(known={"type": STRUCTURAL, "text": _ASSISTANT}),
        "thinking_delta": Members(
            known={"type": STRUCTURAL, "thinking": _REASONING, "estimated_tokens": PARAMETER}, other=Field.REASONING
        ),
        "signature_delta": Members(
            known={"type": STRUCTURAL, "signature": Sealed(field=Field.REASONING)}, other=Field.REASONING
        ),
        "input_json_delta": Members(
            known={"type": STRUCTURAL, "partial_json": Arguments()}, other=Field.TOOL_ARGUMENTS
        ),
        "citations_delta": Members(known={"type": STRUCTURAL, "citation": _CITATION}, other=Field.TOOL_RESULT),
        "compaction_delta": Members(
            known={
                "type": STRUCTURAL,
                "content": _REASONING,
                "encrypted_content": Sealed(field=Field.REASONING),
            },
            other=Field.REASONING,
        ),
    },
    otherwise=Members(known={"type": STRUCTURAL, **_STOPPED}),
)

EVENT = Members(
    known={
        "type": STRUCTURAL,
        "index": PARAMETER,
        "message": ANSWER,
        "content_block": BLOCK,
        "delta": _DELTA,
        "usage": _COUNTS,
        "context_management": _COUNTS,
        "error": ERROR,
        "request_id": STRUCTURAL,
    },
)
