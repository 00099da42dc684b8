"""Everything that is governed: one row for each method and path. What is not here is refused, never passed."""

import re
from collections.abc import Mapping

from passgate.codecs.llm.operation import AnswerBody, Dialect, Operation, RequestBody
from passgate.core.action import VerbClass


def _openai(
    name: str,
    route: str,
    verb: str,
    *,
    request: RequestBody = RequestBody.NONE,
    answer: AnswerBody = AnswerBody.JSON,
    writes: bool = False,
) -> Operation:
    return _operation(Dialect.OPENAI, name, route, verb, request, answer, writes)


def _anthropic(
    name: str,
    route: str,
    verb: str,
    *,
    request: RequestBody = RequestBody.NONE,
    answer: AnswerBody = AnswerBody.JSON,
    writes: bool = False,
) -> Operation:
    return _operation(Dialect.ANTHROPIC, name, route, verb, request, answer, writes)


def _operation(
    dialect: Dialect, name: str, route: str, verb: str, request: RequestBody, answer: AnswerBody, writes: bool
) -> Operation:
    method, _, path = route.partition(" ")
    return Operation(
        name=f"{dialect}.{name}",
        dialect=dialect,
        method=method,
        path=path,
        verb=verb,
        verb_class=VerbClass.WRITE if writes else VerbClass.READ,
        request=request,
        answer=answer,
    )


_JSON, _MULTIPART = RequestBody.JSON, RequestBody.MULTIPART
_EVENTS, _LINES = AnswerBody.JSON_OR_EVENTS, AnswerBody.LINES

OPERATIONS: tuple[Operation, ...] = (
    _openai("chat", "POST /v1/chat/completions", "generate", request=_JSON, answer=_EVENTS),
    _openai("completions", "POST /v1/completions", "generate", request=_JSON, answer=_EVENTS),
    _openai("responses", "POST /v1/responses", "generate", request=_JSON, answer=_EVENTS),
    _openai("responses.compact", "POST /v1/responses/compact", "generate", request=_JSON),
    _openai("responses.input_tokens", "POST /v1/responses/input_tokens", "count_tokens", request=_JSON),
    _openai("responses.read", "GET /v1/responses/{id}", "read_response", answer=_EVENTS),
    _openai("responses.delete", "DELETE /v1/responses/{id}", "delete_response", writes=True),
    _openai("responses.cancel", "POST /v1/responses/{id}/cancel", "cancel_response", request=_JSON, writes=True),
    _openai("responses.input_items", "GET /v1/responses/{id}/input_items", "read_response"),
    _openai("embeddings", "POST /v1/embeddings", "embed", request=_JSON),
    _openai("moderations", "POST /v1/moderations", "moderate", request=_JSON),
    _openai("models.list", "GET /v1/models", "list_models"),
    _openai("models.read", "GET /v1/models/{id}", "list_models"),
    _openai("files.upload", "POST /v1/files", "upload", request=_MULTIPART, writes=True),
    _openai("files.list", "GET /v1/files", "list_files"),
    _openai("files.read", "GET /v1/files/{id}", "list_files"),
    _openai("files.delete", "DELETE /v1/files/{id}", "delete_file", writes=True),
    _openai("files.content", "GET /v1/files/{id}/content", "download", answer=_LINES),
    _openai("batches.create", "POST /v1/batches", "create_batch", request=_JSON, writes=True),
    _openai("batches.list", "GET /v1/batches", "read_batch"),
    _openai("batches.read", "GET /v1/batches/{id}", "read_batch"),
    _openai("batches.cancel", "POST /v1/batches/{id}/cancel", "cancel_batch", request=_JSON, writes=True),
    _anthropic("messages", "POST /v1/messages", "generate", request=_JSON, answer=_EVENTS),
    _anthropic("messages.count_tokens", "POST /v1/messages/count_tokens", "count_tokens", request=_JSON),
    _anthropic("models.list", "GET /v1/models", "list_models"),
    _anthropic("models.read", "GET /v1/models/{id}", "list_models"),
    _anthropic("batches.create", "POST /v1/messages/batches", "create_batch", request=_JSON, writes=True),
    _anthropic("batches.list", "GET /v1/messages/batches", "read_batch"),
    _anthropic("batches.read", "GET /v1/messages/batches/{id}", "read_batch"),
    _anthropic("batches.delete", "DELETE /v1/messages/batches/{id}", "delete_batch", writes=True),
    _anthropic("batches.cancel", "POST /v1/messages/batches/{id}/cancel", "cancel_batch", request=_JSON, writes=True),
    _anthropic("batches.results", "GET /v1/messages/batches/{id}/results", "download", answer=_LINES),
)

_MAX_PATH = 1024
_ID = re.compile(r"[A-Za-z0-9_~@:.-]{1,256}")
"""No percent sign: what one server takes for ``/`` and another does not would be judged as one path and answered as another."""

_BY_LENGTH: dict[int, list[tuple[tuple[str, ...], list[Operation]]]] = {}
for _row in OPERATIONS:
    _parts = tuple(_row.path.split("/"))
    _same_length = _BY_LENGTH.setdefault(len(_parts), [])
    for _known, _operations in _same_length:
        if _known == _parts:
            _operations.append(_row)
            break
    else:
        _same_length.append((_parts, [_row]))
for _same_length in _BY_LENGTH.values():
    _same_length.sort(key=lambda entry: "{id}" in entry[0])  # a name before an id of the same place


def _at(path: str) -> list[Operation]:
    """Every operation of a path, whatever the method."""
    if len(path) > _MAX_PATH:
        return []
    segments = path.split("/")
    for parts, operations in _BY_LENGTH.get(len(segments), ()):
        if all(
            part == segment or (part == "{id}" and _is_id(segment))
            for part, segment in zip(parts, segments, strict=True)
        ):
            return operations
    return []


def _is_id(segment: str) -> bool:
    return _ID.fullmatch(segment) is not None and segment.strip(".") != ""


def candidates(method: str, path: str) -> tuple[Operation, ...]:
    """The operations at a path (without its query), one for each dialect that has it; none: it is not governed, so refused."""
    return tuple(operation for operation in _at(path) if operation.method == method)


def allowed_methods(path: str) -> tuple[str, ...]:
    """What the path can be asked for, for the answer 405; empty: no such path, 404."""
    return tuple(sorted({operation.method for operation in _at(path)}))


def dialect_of(operations: tuple[Operation, ...], headers: Mapping[str, str]) -> Operation | None:
    """The one that the caller means. ``headers``: names in lower case.

    Who names a version of Anthropic's API speaks that dialect and no other; ``x-api-key`` tells only where both are possible.
    """
    named = "anthropic-version" in headers
    meant = Dialect.ANTHROPIC if named or "x-api-key" in headers else Dialect.OPENAI
    for operation in operations:
        if operation.dialect is meant:
            return operation
    return operations[0] if operations and not named else None


def find_operation(method: str, path: str, headers: Mapping[str, str] | None = None) -> Operation | None:
    """The operation of a request, None where none is governed. ``path``: without its query, as it was sent; ``headers``: names in
    lower case, needed only for the paths that two dialects share."""
    return dialect_of(candidates(method, path), headers or {})
