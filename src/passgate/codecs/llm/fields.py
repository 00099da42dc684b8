"""From a request's bytes to everything in it that can be said, and back to bytes with some of it said differently."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from passgate.codecs.llm.anthropic_messages import COUNT_TOKENS, MESSAGES
from passgate.codecs.llm.batch_bodies import FILE_BATCH, MESSAGE_BATCH
from passgate.codecs.llm.body import Body
from passgate.codecs.llm.call import Call, Leaf
from passgate.codecs.llm.headers import claims_of, text_of
from passgate.codecs.llm.json_text import Document, parse, quoted, splice
from passgate.codecs.llm.openai_chat import CHAT, COMPLETIONS
from passgate.codecs.llm.openai_embeddings import EMBEDDINGS, MODERATIONS
from passgate.codecs.llm.openai_responses import COMPACT, INPUT_TOKENS, RESPONSES
from passgate.codecs.llm.operation import Operation, RequestBody
from passgate.codecs.llm.operations import OPERATIONS
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import FIXED, SCANNED, Members, claimed
from passgate.core.errors import LocalProtocolError, RemoteProtocolError
from passgate.core.finding import Field

BODIES: Mapping[str, Body] = {
    "openai.chat": CHAT,
    "openai.completions": COMPLETIONS,
    "openai.responses": RESPONSES,
    "openai.responses.compact": COMPACT,
    "openai.responses.input_tokens": INPUT_TOKENS,
    "openai.embeddings": EMBEDDINGS,
    "openai.moderations": MODERATIONS,
    "openai.batches.create": FILE_BATCH,
    "anthropic.batches.create": MESSAGE_BATCH,
    "anthropic.messages": MESSAGES,
    "anthropic.messages.count_tokens": COUNT_TOKENS,
}

_PARTIAL = frozenset(("starting_after", "starting_after[]"))
"""Of a query: from which event on a stream that has run before is wanted."""

_NOTHING = Body(root=Members(known={}))
"""Of operations that need no body; whatever is in one is looked at."""


def read_call(operation: Operation, body: bytes, headers: Mapping[str, str], query: str = "", path: str = "") -> Call:
    """What a request says. ``body``: decoded of any Content-Encoding. ``headers``: all of them, a name may come more than once;
    ``query``: of the URL, as it was sent; ``path``: its ids are the caller's own words too. All of them go upstream, so they are
    looked at: the last leaf, which is fixed.

    Raises RemoteProtocolError: not strict JSON, or not of the shape that policy depends on; the message names a place, never
    a value.
    """
    _check_whole(query)
    ids = [own for own, part in zip(path.split("/"), operation.path.split("/"), strict=False) if part == "{id}"]
    beside = text_of(headers.items(), query, ids)
    around = () if beside is None else (beside,)
    claims = {name: claimed(value) for name, value in claims_of(headers).items()}
    table = BODIES.get(operation.name)
    if operation.request is RequestBody.MULTIPART or (not body and table is None):
        return Call(operation=operation, body=body, leaves=around, claims=claims)
    if operation.request is RequestBody.NONE:
        raise RemoteProtocolError(f"{operation.method} {operation.path} has no body")
    document = parse(body)
    call = read_body(table or _NOTHING, operation, document)
    return replace(call, leaves=call.leaves + around, claims={**claims, **call.claims})


def _check_whole(query: str) -> None:
    """What begins in the middle cannot be looked at: half a secret looks like none. Raises RemoteProtocolError."""
    if any(name.casefold() in _PARTIAL for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise RemoteProtocolError("for a part of an answer, which is read here from its beginning only")


def read_body(table: Body, operation: Operation, document: Document) -> Call:
    """The call that a document makes, read by a table. Raises RemoteProtocolError."""
    members = table.check(document.tree)
    reading = Reading(document, exact=True)
    table.root.read(reading, document.tree, "")
    if not reading.taken:
        raise LocalProtocolError(f"the table of {operation.name} does not take the whole body")
    models = list(dict.fromkeys(reading.models))
    asked = members.get("model")
    model = asked if isinstance(asked, str) else next(iter(models), "")
    messages = members.get(table.messages)
    return Call(
        operation=operation,
        body=document.text,
        leaves=tuple(reading.leaves),
        model=model,
        models=tuple(name for name in models if name != model),
        stream=members.get("stream") is True,
        max_tokens=max(reading.limits, default=0),
        messages=len(messages) if isinstance(messages, list) else int(isinstance(messages, str)),
        tools=tuple(dict.fromkeys(reading.tools)),
        opaque=tuple(reading.opaque),
        sealed=tuple(reading.sealed),
        claims=reading.claims,
    )


def rewrite(call: Call, edits: Sequence[tuple[Leaf, bytes]]) -> bytes:
    """The call's body with leaves saying something else (UTF-8), every other byte as it was; without edits the same object.

    A leaf of JSON inside a string is written into that string. A number becomes a string. Raises LocalProtocolError for a leaf
    that is fixed, of another call, or edited twice.
    """
    if not edits:
        return call.body
    wanted = {id(leaf): text for leaf, text in edits}
    if len(wanted) != len(edits) or any(leaf.fixed or leaf.inner is not None for leaf, _ in edits):
        raise LocalProtocolError("a leaf that is fixed, or edited twice")
    rewritten = _rewritten(call.body, call.leaves, wanted)
    if wanted:
        raise LocalProtocolError("a leaf of another call")
    return rewritten


def _rewritten(text: bytes, leaves: Iterable[Leaf], wanted: dict[int, bytes]) -> bytes:
    """Takes what it has written out of ``wanted``."""
    tokens: list[tuple[int, int, bytes]] = []
    for leaf in leaves:
        said = wanted.pop(id(leaf), None)
        if leaf.inner is not None:
            inside = _rewritten(leaf.text, leaf.inner, wanted)
            said = None if inside is leaf.text else inside
        if said is not None:
            tokens.append((leaf.start, leaf.end, leaf.gone or (said if leaf.raw else quoted(said))))
    return splice(text, tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One line of what is governed. ``verdict``: ``scanned``, ``scanned, fixed``, ``not scannable: <why>``, ``refused``."""

    method: str
    path: str
    where: str
    field: str
    verdict: str


def field_table() -> Iterator[FieldRow]:
    """Every path, and what happens at each place of its body."""
    told: dict[int, Operation] = {}
    for operation in OPERATIONS:
        table = BODIES.get(operation.name)
        if operation.request is RequestBody.MULTIPART:
            yield _row(operation, "(each part)", Field.FILE, "scanned, line by line where its purpose is a batch")
        elif table is not None:
            same = told.setdefault(id(table.root.known), operation)
            if same is operation:
                for row in table.root.rows(""):
                    yield _row(operation, row.where, row.field, row.verdict)
            else:
                yield _row(operation, "/**", Field.METADATA, f"as {same.method} {same.path}")
        elif operation.request is RequestBody.JSON:
            yield _row(operation, "/(any)", Field.METADATA, SCANNED)
        else:
            yield _row(operation, "(a body)", Field.METADATA, "refused")
        yield _row(operation, "(headers and query)", Field.METADATA, FIXED)


def _row(operation: Operation, where: str, field: Field, verdict: str) -> FieldRow:
    return FieldRow(method=operation.method, path=operation.path, where=where, field=field, verdict=verdict)
