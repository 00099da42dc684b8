"""What an answer cost and how it ended, in the words of each provider."""

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.frame import list_of, number_of, object_of, text_of
from passgate.codecs.llm.json_text import Json

_MOST = 2**40
"""Tokens; a trillion and more is what nobody could be billed for."""


def _count(tree: Json) -> int | None:
    """None for what is no number of tokens: below zero it would give a budget back, and one of hundreds of digits nothing keeps."""
    number = number_of(tree)
    return number if number is not None and 0 <= number < _MOST else None


def openai_usage(tree: Json) -> Usage:
    """``prompt_tokens`` and ``completion_tokens`` of chat, ``input_tokens`` and ``output_tokens`` of responses."""
    usage = object_of(tree)
    details = object_of(usage.get("prompt_tokens_details")) or object_of(usage.get("input_tokens_details"))
    given = _count(usage.get("prompt_tokens"))
    made = _count(usage.get("completion_tokens"))
    return Usage(
        input_tokens=_count(usage.get("input_tokens")) if given is None else given,
        output_tokens=_count(usage.get("output_tokens")) if made is None else made,
        cached_tokens=_count(details.get("cached_tokens")),
    )


def anthropic_usage(tree: Json, before: Usage | None = None) -> Usage:
    """``input_tokens`` leaves out what came from the cache or went into it; here all of it is input. Counts are running totals:
    what a later event does not name stays as it was."""
    usage, before = object_of(tree), before or Usage()
    given = _count(usage.get("input_tokens"))
    read = _count(usage.get("cache_read_input_tokens"))
    written = _count(usage.get("cache_creation_input_tokens"))
    made = _count(usage.get("output_tokens"))
    return Usage(
        input_tokens=before.input_tokens if given is None else given + (read or 0) + (written or 0),
        output_tokens=before.output_tokens if made is None else made,
        cached_tokens=before.cached_tokens if read is None else read,
    )


def openai_summary(tree: Json) -> Summary:
    """Of a whole body, whatever the operation."""
    body = object_of(tree)
    choices = [object_of(choice) for choice in list_of(body.get("choices"))]
    items = [object_of(item) for item in list_of(body.get("output"))]
    tools: list[str] = []
    for choice in choices:
        message = object_of(choice.get("message"))
        for call in [*list_of(message.get("tool_calls")), {"function": message.get("function_call")}]:
            called = object_of(object_of(call).get("function")) or object_of(object_of(call).get("custom"))
            tools.append(text_of(called.get("name")))
    tools += [text_of(item.get("name")) for item in items if text_of(item.get("type")).endswith("_call")]
    finish = next((reason for choice in choices if (reason := text_of(choice.get("finish_reason")))), "")
    if "output" in body:
        reason = text_of(object_of(body.get("incomplete_details")).get("reason"))
        finish = reason or text_of(body.get("status"))
    usage = openai_usage(body.get("usage"))
    if usage == Usage() and "input_tokens" in body:
        usage = Usage(input_tokens=_count(body.get("input_tokens")))
    return Summary(
        usage=usage,
        model=text_of(body.get("model")),
        finish=finish,
        answer_id=text_of(body.get("id")),
        tools=tuple(dict.fromkeys(name for name in tools if name)),
    )


def anthropic_summary(tree: Json) -> Summary:
    body = object_of(tree)
    blocks = [object_of(block) for block in list_of(body.get("content"))]
    counted = body if "input_tokens" in body else object_of(body.get("usage"))
    return Summary(
        usage=anthropic_usage(dict(counted)),
        model=text_of(body.get("model")),
        finish=text_of(body.get("stop_reason")),
        answer_id=text_of(body.get("id")),
        tools=tuple(
            dict.fromkeys(
                name
                for block in blocks
                if text_of(block.get("type")).endswith("tool_use") and (name := text_of(block.get("name")))
            )
        ),
    )
