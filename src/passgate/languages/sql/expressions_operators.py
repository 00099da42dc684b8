"""Operators: an operator is a function, and a database's users may have written it."""

from passgate.core.action import Position
from passgate.languages.sql.catalog import CATALOG, Operator
from passgate.languages.sql.expressions import declares, value
from passgate.languages.sql.lineage import NOTHING, Value, computed
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_KINDS = frozenset(
    {
        "AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT", "AEXPR_NULLIF", "AEXPR_IN",
        "AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR", "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM",
        "AEXPR_NOT_BETWEEN_SYM",
    }
)  # fmt: skip

_AS_NEEDED = frozenset({"AEXPR_IN", *(kind for kind in _KINDS if "BETWEEN" in kind)})
"""What the server takes for an AND or an OR; so it does a comparison of rows."""

_BETWEEN = ("<=", ">=", "<", ">")

_KNOWN = frozenset({"kind", "name", "lexpr", "rexpr", "rexpr_list_start", "rexpr_list_end", "location"})


@declares("A_Expr", " ".join(_KNOWN))
def _operator(walk: Walk, node: Node, scope: Scope) -> Value:
    """Left-deep chains (``a || b || c ...``) are followed in a loop: they are long in honest statements too."""
    chain = [node]
    while "A_Expr" in (left := chain[-1].get("lexpr") or {}):
        chain.append(left["A_Expr"])
        if not _KNOWN.issuperset(left["A_Expr"]):
            walk.check("A_Expr", left["A_Expr"], _KNOWN)
    found = value(walk, chain[-1].get("lexpr"), scope)
    for link in reversed(chain):
        ran = walk.ran
        right = value(walk, link.get("rexpr"), scope)
        if walk.ran != ran and (link["kind"] in _AS_NEEDED or "RowExpr" in (link.get("lexpr") or {})):
            walk.found.use(found.sources | right.sources, Position.PREDICATE)
        if link["kind"] not in _KINDS:
            walk.gap(f"operator kind {link['kind']} is not known")
        calls(walk, words(link.get("name")), found, right)
        if right.sources:
            found = Value(found.sources | right.sources if found.sources else right.sources)
        else:
            found = computed(found) if found.sources else NOTHING
    return found


def calls(walk: Walk, names: tuple[str, ...], left: Value, right: Value) -> None:
    """The functions that an operator may call, where it is not the server's own."""
    name = names[-1] if names else ""
    namespace = names[-2] if len(names) > 1 else ""
    catalog = walk.names.catalog
    if "BETWEEN" in name:
        for each in _BETWEEN:
            calls(walk, (each,), left, right)
        return
    own = namespace in ("", CATALOG) and (not catalog.builtin_operators or name in catalog.builtin_operators)
    users = [
        operator
        for path in walk.env.paths or ((),)
        for operator in catalog.operators(name, namespace, path)
        if not own or _may_apply(operator, left.type, right.type)
    ]
    for operator in users:
        walk.found.interned(walk.names.call(operator.function))
    if not own and not users:
        walk.gap(f"operator {'.'.join(names)} is not known")


def _may_apply(operator: Operator, left: str, right: str) -> bool:
    """Whether the server might take a user's operator though it has one of that name itself.

    It does if the operand types fit better. A literal fits anything, an unknown type too; two literals are text.
    """
    if left == right == "unknown":
        left = right = "text"
    return _fits(operator.left_type, left) and _fits(operator.right_type, right)


def _fits(declared: str, given: str) -> bool:
    if given in ("", "unknown") or declared == given:
        return True
    return declared.startswith("any") or given not in _WELL_KNOWN


_WELL_KNOWN = frozenset(
    {
        "int2", "int4", "int8", "smallint", "integer", "bigint", "numeric", "text", "bool", "boolean", "varchar",
        "character varying", "date", "timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone",
        "bytea", "uuid", "float4", "float8", "real", "double precision", "json", "jsonb", "oid", "name", "interval",
    }
)  # fmt: skip
"""Types of the server's own for which it has every operator that it has at all, so that no user's operator is a better fit."""
