"""What a call means to policy: a model asked, tools offered, things disclosed. Its content is no part of it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from passgate.codecs.llm.call import Call
from passgate.core.action import Action, Atom, ObjectRef, VerbClass, finding_atom
from passgate.core.finding import Finding

_MAX_TOOLS = 1024


def action_of(call: Call, findings: Sequence[Finding], *, provider: str) -> Action:
    """``findings``: by class, type and field, of everything that was looked at. ``provider``: of the resource that would be
    asked."""
    operation = call.operation
    gaps = tuple(_gaps(call))
    models = (call.model, *call.models)
    tools = call.tools[:_MAX_TOOLS]
    return Action(
        kind=f"llm.{operation.verb}",
        verb=operation.verb,
        verb_class=operation.verb_class,
        text=f"{operation.method} {operation.path} {call.model}".rstrip(),
        atoms=(
            *(_model_atom(call, model) for model in models),
            *(_tool_atom(tool) for tool in tools),
            *_disclosures(findings),
        ),
        complete=not gaps,
        gaps=gaps,
        fingerprint=_fingerprint(operation.name, *models, "", *tools),
        facts={
            "llm.model": call.model,
            "llm.provider": provider,
            "llm.path": operation.path,
            "llm.stream": call.stream,
            "llm.max_tokens": call.max_tokens,
            "llm.messages": call.messages,
            "llm.tools": len(call.tools),
            "llm.input_bytes": len(call.body),
            "llm.opaque": len(call.opaque),
        },
        findings=tuple(findings),
    )


def _model_atom(call: Call, model: str) -> Atom:
    """An operation that names no model (a list, a file) is about the resource's models as a whole."""
    object_ = ObjectRef(kind="model", name=model or "*")
    return Atom(verb=call.operation.verb, verb_class=call.operation.verb_class, object=object_)


def _tool_atom(tool: str) -> Atom:
    return Atom(verb="offer", verb_class=VerbClass.READ, object=ObjectRef(kind="tool", name=tool))


def _disclosures(findings: Iterable[Finding]) -> Iterator[Atom]:
    for class_, type_, field in dict.fromkeys((f.class_, f.type, f.field) for f in findings):
        yield finding_atom("disclose", class_, type_, field)


def _gaps(call: Call) -> Iterator[str]:
    """What nobody could look at, in words of the gate's own."""
    if call.opaque:
        yield f"{len(call.opaque)} parts that cannot be looked at (media, numbers of tokens, broken JSON)"
    if len(call.tools) > _MAX_TOOLS:
        yield f"more than {_MAX_TOOLS} tools"


def _fingerprint(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(4) + data)
    return digest.hexdigest()[:32]
