"""Function calls: every overload that the server might take is an atom; aggregates and windows report what only decides."""

from passgate.core.action import Position
from passgate.languages.sql.constants import literal
from passgate.languages.sql.expressions import ARRAY_OF_SCALARS, array_of, decides, declares, part, value
from passgate.languages.sql.expressions_casts import OBJECT_IDENTIFIERS, convert, identify, relation_named
from passgate.languages.sql.expressions_named import judged_by_what_it_sets, named_by_arguments
from passgate.languages.sql.expressions_operators import calls as operators
from passgate.languages.sql.lineage import Value, computed, derived
from passgate.languages.sql.names import call_atom
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_RANKS = frozenset({"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"})
"""Window functions whose value is the order itself."""


@declares(
    "FuncCall",
    "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct func_variadic funcformat location",
)
def call(walk: Walk, node: Node, scope: Scope) -> Value:
    """One call, with its aggregate and window clauses."""
    return called(walk, node, [value(walk, arg, scope) for arg in node.get("args", ())], scope)


def called(walk: Walk, node: Node, shown: list[Value], scope: Scope) -> Value:
    """A call whose arguments have been looked at: ``shown`` is what they show."""
    names = words(node["funcname"])
    name = names[-1] if names else ""
    namespace = names[-2] if len(names) > 1 else ""
    args = node.get("args", [])
    arguments = len(args)
    if "agg_order" in node:
        ordered = sort_keys(walk, node["agg_order"], scope)
        if node.get("agg_within_group"):
            shown.append(ordered)
            arguments += len(node["agg_order"])
        else:
            walk.found.use(ordered.sources, Position.ORDER)
    deciding = _deciding(walk, node, name, scope)
    calls = walk.names.calls(name, namespace, arguments, walk.env.paths, variadic=bool(node.get("func_variadic")))
    if not calls:
        return _not_a_function(walk, ".".join(names), args, shown)
    for atom in calls:
        walk.found.interned(judged_by_what_it_sets(walk, atom, args))
        walk.ran += atom.object.effect != "pure"
        if atom.object.effect == "relation" or (atom.object.system and atom.object.effect != "read"):
            shown.append(named_by_arguments(walk, atom.object, args))
    if args and calls[0].object.system:
        _identify(walk, name, namespace, args)
    if name == "count" or _how_many(
        walk, name, namespace, args, shown
    ):  # it shows in the number of rows, and may leave none
        for one in shown:
            walk.found.use(one.sources, Position.PREDICATE)
    if name == "count":
        return derived(deciding)
    if _gathers(node, name) and not deciding:
        return array_of(shown)
    return derived(shown + deciding)


def _how_many(walk: Walk, name: str, namespace: str, args: list[Node], shown: list[Value]) -> bool:
    """Whether a call gives as many rows as what it is given says: ``regexp_matches(x, '^a')`` is a WHERE by another name.

    Not so ``unnest`` of an array that is put together there of what cannot be an array: its length says nothing of what is in it.
    """
    if not walk.names.returns_rows(name, namespace, len(args), walk.env.paths):
        return False
    return name != "unnest" or not all(
        found.type == ARRAY_OF_SCALARS and _put_together(arg) for arg, found in zip(args, shown, strict=False)
    )


def _put_together(arg: Node) -> bool:
    return "A_ArrayExpr" in arg or arg.get("SubLink", {}).get("subLinkType") == "ARRAY_SUBLINK" or "FuncCall" in arg


def _gathers(node: Node, name: str) -> bool:
    """``array_agg`` of every row: which rows, and which of them are alike, is not said by a value."""
    return name == "array_agg" and "agg_filter" not in node and not node.get("agg_distinct")


def _deciding(walk: Walk, node: Node, name: str, scope: Scope) -> list[Value]:
    """FILTER and OVER: they decide, and some of them show."""
    found = []
    if "agg_filter" in node:
        found.append(decides(walk, node["agg_filter"], scope))
    if "over" in node:
        ordering = window(walk, node["over"], scope)
        if name in _RANKS:
            found.append(ordering)
    return found


def _identify(walk: Walk, name: str, namespace: str, args: list[Node]) -> None:
    """Texts handed to a ``regclass`` parameter name relations."""
    for number in walk.names.identifying(name, namespace, len(args), walk.env.paths):
        text = literal(walk, args[number])
        if text is not None:
            relation_named(walk, text)


def _not_a_function(walk: Walk, written: str, args: list[Node], shown: list[Value]) -> Value:
    """``type(x)`` casts, ``column(row)`` selects; anything else is a function that the catalog does not have."""
    namespace, _, name = written.rpartition(".")
    if len(args) == 1 and not namespace:
        fields = shown[0].fields
        if fields is not None and any(field.name == name for field in fields):
            return part(shown[0], name)
        if name in OBJECT_IDENTIFIERS:
            identify(walk, name, args[0], shown[0])
            return computed(shown[0], name)
        type_ = walk.names.type_(name, "", walk.env.paths)
        if type_ is not None:
            return convert(walk, type_, shown[0])
    unknown = call_atom(
        name=name, namespace=namespace.rpartition(".")[2], known=False, effect=walk.names.reputation(name)
    )
    walk.found.add(unknown)
    if unknown.object.effect == "relation":
        shown = [*shown, named_by_arguments(walk, unknown.object, args)]
    return derived(shown)


def sort_keys(walk: Walk, order: list[Node], scope: Scope) -> Value:
    """What a list of SortBy sorts by."""
    return derived(sort_key(walk, one, scope) for one in order)


def sort_key(walk: Walk, wrapped: Node, scope: Scope) -> Value:
    node = wrapped["SortBy"]
    walk.check("SortBy", node, _SORT_BY)
    found = value(walk, node.get("node"), scope)
    if "useOp" in node:
        operators(walk, words(node["useOp"]), found, found)
    return found


def window(walk: Walk, node: Node, scope: Scope) -> Value:
    """A window definition: its PARTITION BY groups, its ORDER BY orders. Returns what it orders by."""
    walk.check("WindowDef", node, _WINDOW)
    for one in node.get("partitionClause", ()):
        decides(walk, one, scope, Position.GROUP)
    ordering = sort_keys(walk, node.get("orderClause", []), scope)
    walk.found.use(ordering.sources, Position.ORDER)
    decides(walk, node.get("startOffset"), scope)
    decides(walk, node.get("endOffset"), scope)
    named = scope.windows.get(node.get("name", "") or node.get("refname", ""))
    return derived((ordering, named)) if named is not None else ordering


_SORT_BY = frozenset({"node", "sortby_dir", "sortby_nulls", "useOp", "location"})

_WINDOW = frozenset(
    {"name", "refname", "partitionClause", "orderClause", "frameOptions", "startOffset", "endOffset", "location"}
)
