"""``(value).name`` and ``value[n]``: a column of a row value, an element, or a function called by the name of a field."""

from passgate.languages.sql.catalog import SYSTEM_COLUMNS
from passgate.languages.sql.expressions import declares, part, subscript, value
from passgate.languages.sql.expressions_calls import called
from passgate.languages.sql.lineage import Value, computed, derived
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.subqueries import OPEN
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


@declares("A_Indirection", "arg indirection")
def _indirection(walk: Walk, node: Node, scope: Scope) -> Value:
    found = value(walk, node.get("arg"), scope)
    steps = node["indirection"]
    for number, step in enumerate(steps):
        if "String" in step:
            of = {"A_Indirection": {**node, "indirection": steps[:number]}} if number else node.get("arg", {})
            found = _field(walk, step["String"].get("sval", ""), of, found, scope)
        elif "A_Indices" in step:
            found = derived((found, subscript(walk, step["A_Indices"], scope)))
        elif "A_Star" not in step:
            walk.gap(f"node {next(iter(step), '')} is not known in a subscript")
    return found


def _field(walk: Walk, name: str, wrapped: Node, of: Value, scope: Scope) -> Value:
    """The server takes ``(x).f`` for ``f(x)`` where ``x`` has no such field: of a scalar it always is a call.

    Where the fields cannot be told, it may be either.
    """
    fields = of.fields
    if fields is not None and any(field.name == name for field in fields):
        return part(of, name)
    if walk.names.calls(name, "", 1, walk.env.paths):
        call: Node = {"funcname": [{"String": {"sval": name}}], "args": [wrapped]}
        return computed(derived((called(walk, call, [of], scope), of)))
    if fields is not None and name not in SYSTEM_COLUMNS and not any(field.name == OPEN for field in fields):
        walk.gap(f"field {name} is not known")
    return computed(of)
