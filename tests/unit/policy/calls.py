"""Calls to a model for tests, in one line each: ``call("secret:JWT:user", tools=("sh",))``."""

from passgate.core.action import Action, Atom, ObjectRef, VerbClass, finding_atom
from passgate.core.finding import Field, Finding, FindingClass


def finding(text: str) -> Finding:
    """``class:type:field``, and perhaps ``:count``."""
    class_, type_, field, *count = text.split(":")
    return Finding(class_=FindingClass(class_), type=type_, field=Field(field), count=int(count[0]) if count else 1)


def call(
    *found: str,
    verb: str = "generate",
    verb_class: VerbClass = VerbClass.READ,
    tools: tuple[str, ...] = (),
    gaps: tuple[str, ...] = (),
    looked: bool = True,
    model: str = "gpt-5",
    **facts: bool | int | str,
) -> Action:
    """As the gate makes it of a request."""
    findings = tuple(finding(text) for text in found)
    atoms = (
        Atom(verb=verb, verb_class=verb_class, object=ObjectRef(kind="model", name=model)),
        *(Atom(verb="offer", verb_class=VerbClass.READ, object=ObjectRef(kind="tool", name=name)) for name in tools),
        *(finding_atom("disclose", f.class_, f.type, f.field) for f in findings),
    )
    return Action(
        kind=f"llm.{verb}",
        verb=verb,
        verb_class=verb_class,
        text="",
        atoms=atoms,
        complete=not gaps,
        gaps=gaps,
        facts={"llm.model": model, **{f"llm.{name}": value for name, value in facts.items()}},
        findings=findings if looked else None,
    )
