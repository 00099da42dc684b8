"""Reasons and hints, written for the agent that reads them: what was refused, and the nearest thing that would be allowed."""

import string
from collections.abc import Iterable

from passgate.core.action import Action, Atom, Position, VerbClass
from passgate.core.decision import Approvers
from passgate.core.finding import Finding

_PLACEHOLDERS = ("verb", "object", "name", "column", "kind", "position", "resource")
_SHOWN = 6
"""Names in one hint: more would bury the advice."""

_DECIDES = {
    Position.PREDICATE: "filter by",
    Position.GROUP: "group by",
    Position.ORDER: "sort by",
    Position.JOIN: "join on",
    Position.SOURCE: "copy",
    Position.ARGUMENT: "pass on",
    Position.TARGET: "write to",
}


def unknown_placeholder(text: str) -> str | None:
    """The first ``{name}`` of a message that stands for nothing; ``{`` itself is written ``{{``.

    A width or a conversion (``{verb:>9}``, ``{verb!x}``) stands for nothing either: what it does is found out when it is too late.
    """
    try:
        fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
    except ValueError:
        return text
    for _, name, width, conversion in fields:
        if name not in _PLACEHOLDERS or width or conversion:
            return f"{name}{'!' if conversion else ''}{conversion or ''}{':' if width else ''}{width or ''}"
    return None


def filled(text: str, atom: Atom, resource: str) -> str:
    return text.format(
        verb=atom.verb,
        object=atom.object,
        name=atom.object.name,
        column=atom.column.replace("_", " ") if atom.object.kind == "finding" else atom.column,
        kind=atom.object.kind,
        position=atom.position.value,
        resource=resource,
    )


def described(atom: Atom) -> str:
    """``delete on relation public.orders``, ``use of column ssn of relation public.customers in predicate``."""
    if atom.object.kind == "finding":
        return f"{atom.verb} of {atom.object.name} ({atom.object.namespace}) in {atom.column.replace('_', ' ')}"
    if atom.column:
        where = "" if atom.position in (Position.NONE, Position.OUTPUT) else f" as {atom.position.value}"
        return f"{atom.verb} of column {atom.column} of {atom.object}{where}"
    if not atom.object.kind:
        return atom.verb
    return f"{atom.verb} on {atom.object.kind.replace('_', ' ')} {atom.object}".rstrip()


def deny_reason(rule: str, atom: Atom) -> str:
    return f"{_sentence(described(atom))} is denied by rule {rule}."


def hold_reason(rule: str, atom: Atom) -> str:
    return f"{_sentence(described(atom))} needs approval (rule {rule})."


def ungranted_reason(atom: Atom) -> str:
    return f"No rule grants {described(atom)}."


def gaps_reason(action: Action) -> str:
    gaps = "; ".join(action.gaps[:3]) or "no part of it could be read"
    return f"Not fully understood, so not allowed: {gaps}."


def hold_hint(approvers: Approvers) -> str:
    people = "one person" if approvers.count == 1 else f"{approvers.count} different people"
    minutes = -(-approvers.expires_seconds // 60)
    return f"Ask {people} of group {approvers.group} to approve it; the request waits {minutes} min."


def gaps_hint(action: Action) -> str:
    if not action.kind.startswith("sql."):
        return "Leave out what the gate cannot look into, or ask the operator for a rule that allows it as it is."
    return "Write it as one plain statement on tables, columns and functions that exist, with their names written out."


def error_hint() -> str:
    return "Tell the operator of the gate: the rule needs a guard for the missing value, such as has(...)."


def columns_hint(denied: Iterable[Atom]) -> str:
    """Leave out what was denied, all of it at once."""
    columns: dict[str, dict[str, None]] = {}
    uses: dict[str, dict[str, None]] = {}
    for atom in denied:
        if atom.column:
            where = uses if atom.position in _DECIDES else columns
            verb = _DECIDES.get(atom.position, "")
            where.setdefault(f"{verb} {{}} of {atom.object}".strip(), {})[atom.column] = None
    advice = [f"leave out {_columns(names, form)}" for form, names in columns.items()]
    advice += [f"do not {_columns(names, form)}" for form, names in uses.items()]
    return f"{_sentence('; '.join(advice))}: name the columns you need instead." if advice else ""


def findings_hint(found: Iterable[Finding]) -> str:
    """What to take out of which part of a prompt; the types only, never a value."""
    fields: dict[str, dict[str, None]] = {}
    for finding in found:
        fields.setdefault(finding.field.value.replace("_", " "), {})[finding.type] = None
    parts = [
        _columns(types, f"{{}} in {field}").removeprefix("columns ").removeprefix("column ")
        for field, types in fields.items()
    ]
    return f"Take out {'; '.join(parts)}, and send it again: name the thing instead of its value."


def where_hint(atom: Atom, *, key: bool) -> str:
    if key:
        return f"Name the rows of {atom.object} by primary key: add WHERE <key> = <value>."
    return f"Narrow the rows of {atom.object}: add a WHERE that is not always true."


def object_hint(atom: Atom) -> str:
    what = f"{atom.object.kind.replace('_', ' ')} {atom.object}".strip()
    if atom.object.kind == "function":
        return f"Leave out the call of {atom.object}(), or ask the operator to allow it."
    if atom.object.kind == "finding":
        return f"Take out {atom.object.name} in {atom.column.replace('_', ' ')}, and send it again."
    if atom.object.kind == "model":
        return f"Use another model than {atom.object.name}, or ask the operator for a rule that allows it."
    if atom.object.kind == "tool":
        return f"Do not offer the tool {atom.object.name}."
    if atom.object.kind == "setting":
        return f"Leave the setting {atom.object.name} as it is."
    if atom.verb_class is VerbClass.READ and what:
        return f"Leave out {what}; other tables may be allowed."
    return f"Ask the operator for a rule or a pass that covers {described(atom)}."


def _columns(names: Iterable[str], form: str) -> str:
    listed = list(names)
    return form.format(f"column{'s' if len(listed) > 1 else ''} {_listed(listed)}")


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
