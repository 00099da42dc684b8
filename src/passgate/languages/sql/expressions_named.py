"""Functions of the server whose argument names or sizes something: a relation, a sequence, a setting, a length."""

from collections.abc import Callable

from passgate.core.action import Atom, ObjectRef
from passgate.languages.sql.constants import literal
from passgate.languages.sql.expressions_casts import relation_named
from passgate.languages.sql.lineage import NOTHING, Value, row
from passgate.languages.sql.names import call_atom
from passgate.languages.sql.settings import act_on_setting, listed
from passgate.languages.sql.sizes import amplifies
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


def named_by_arguments(walk: Walk, function: ObjectRef, args: list[Node]) -> Value:
    """Report what the arguments of a server's own function name. Returns what of it shows in the result."""
    if function.effect == "relation":
        return _whole_relation(walk, function, args)
    special = _SPECIAL.get(function.name)
    if special is not None:
        special(walk, function, args)
    elif amplifies(walk, function.name, args):
        walk.found.add(call_atom(name=function.name, namespace=function.namespace, system=True, effect="amplify"))
    return NOTHING


def _whole_relation(walk: Walk, function: ObjectRef, args: list[Node]) -> Value:
    text = literal(walk, args[0]) if args else None
    if text is None:
        walk.gap(f"the relation that {function.name}() reads is computed")
        return NOTHING
    relation = relation_named(walk, text)
    return row(walk.names.table(relation).fields) if relation is not None else NOTHING


def _sequence(walk: Walk, function: ObjectRef, args: list[Node]) -> None:
    text = literal(walk, args[0]) if args else None
    if text is None:
        walk.gap(f"the sequence that {function.name}() acts on is computed")
        return
    relation_named(walk, text)


def _set_config(walk: Walk, _function: ObjectRef, args: list[Node]) -> None:
    name = literal(walk, args[0]) if args else None
    if name is None:
        walk.gap("the setting that set_config() sets is computed")
        return
    text = literal(walk, args[1]) if len(args) > 1 else None
    act_on_setting(walk, "set", name, [None] if text is None else listed(text))


def judged_by_what_it_sets(walk: Walk, atom: Atom, args: list[Node]) -> Atom:
    """``set_config('timezone', 'UTC', false)`` is SET by another name, which drivers use: the setting is judged, as by SET.

    Not where its name or its value is computed: a value out of a table is kept for later statements to show. A value that the
    client will bind is not, and what is set to it is judged again when it is bound.
    """
    function = atom.object
    if function.name != "set_config" or not function.system or len(args) != 3 or literal(walk, args[0]) is None:
        return atom
    if literal(walk, args[1]) is None and not _to_be_bound(walk, args[1]):
        return atom
    return call_atom(name=function.name, namespace=function.namespace, system=True, effect="read")


def _to_be_bound(walk: Walk, wrapped: Node) -> bool:
    """Whether it is a parameter of the client's own; not one of EXECUTE, whose argument may read a table."""
    number = wrapped.get("ParamRef", {}).get("number", 0)
    return "ParamRef" in wrapped and number not in walk.env.arguments


_SPECIAL: dict[str, Callable[[Walk, ObjectRef, list[Node]], None]] = {
    "nextval": _sequence,
    "setval": _sequence,
    "set_config": _set_config,
}
