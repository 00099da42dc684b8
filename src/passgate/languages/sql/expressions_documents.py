"""XML and JSON syntax of the SQL standard: each is a function in other words."""

from passgate.core.action import Position
from passgate.languages.sql.expressions import decides, declares, value, values
from passgate.languages.sql.expressions_calls import sort_keys, window
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.lineage import NOTHING, Value, computed, derived
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.subqueries import rows
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


@declares("XmlExpr", "op name named_args arg_names args xmloption indent location")
def _xml(walk: Walk, node: Node, scope: Scope) -> Value:
    named = [value(walk, wrapped["ResTarget"].get("val"), scope) for wrapped in node.get("named_args", ())]
    return derived((*named, values(walk, node.get("args"), scope)))


@declares("XmlSerialize", "xmloption expr typeName indent location")
def _xml_serialize(walk: Walk, node: Node, scope: Scope) -> Value:
    type_name(walk, node.get("typeName", {}))
    return computed(value(walk, node.get("expr"), scope))


@declares("JsonParseExpr", "expr output unique_keys location")
@declares("JsonScalarExpr", "expr output location")
@declares("JsonSerializeExpr", "expr output location")
def _json_one(walk: Walk, node: Node, scope: Scope) -> Value:
    output(walk, node)
    inner = node.get("expr", {})
    if "raw_expr" in inner:
        return computed(document(walk, inner, scope))
    return computed(value(walk, inner, scope))


@declares("JsonObjectConstructor", "exprs output absent_on_null unique location")
@declares("JsonArrayConstructor", "exprs output absent_on_null location")
def _json_several(walk: Walk, node: Node, scope: Scope) -> Value:
    output(walk, node)
    return values(walk, node.get("exprs"), scope)


@declares("JsonKeyValue", "key value")
def key_value(walk: Walk, node: Node, scope: Scope) -> Value:
    """``key: value``."""
    return derived((value(walk, node.get("key"), scope), document(walk, node.get("value", {}), scope)))


@declares("JsonValueExpr", "raw_expr formatted_expr format")
def document(walk: Walk, node: Node, scope: Scope) -> Value:
    """A value with the format that it is in."""
    walk.check("JsonValueExpr", node, _DOCUMENT)
    return derived((value(walk, node.get("raw_expr"), scope), value(walk, node.get("formatted_expr"), scope)))


@declares("JsonArrayQueryConstructor", "query output format absent_on_null location")
def _json_query(walk: Walk, node: Node, scope: Scope) -> Value:
    output(walk, node)
    return derived(column.value for column in rows(walk, node["query"], scope, scope.with_).fields)


@declares("JsonObjectAgg", "constructor arg absent_on_null unique")
@declares("JsonArrayAgg", "constructor arg absent_on_null")
def _json_aggregate(walk: Walk, node: Node, scope: Scope) -> Value:
    constructor = node.get("constructor", {})
    walk.check("JsonAggConstructor", constructor, _CONSTRUCTOR)
    output(walk, constructor)
    argument = node.get("arg", {})
    shown = key_value(walk, argument, scope) if "key" in argument else document(walk, argument, scope)
    walk.found.use(sort_keys(walk, constructor.get("agg_order", []), scope).sources, Position.ORDER)
    deciding = decides(walk, constructor.get("agg_filter"), scope)
    if "over" in constructor:
        window(walk, constructor["over"], scope)
    return derived((shown, deciding))


@declares(
    "JsonFuncExpr", "op column_name context_item pathspec passing output on_empty on_error wrapper quotes location"
)
def _json_function(walk: Walk, node: Node, scope: Scope) -> Value:
    output(walk, node)
    return derived(
        (
            document(walk, node.get("context_item", {}), scope),
            value(walk, node.get("pathspec"), scope),
            passing(walk, node, scope),
            behavior(walk, node.get("on_empty"), scope),
            behavior(walk, node.get("on_error"), scope),
        )
    )


def passing(walk: Walk, node: Node, scope: Scope) -> Value:
    """PASSING arguments of a path."""
    found = [NOTHING]
    for wrapped in node.get("passing", ()):
        argument = wrapped["JsonArgument"]
        walk.check("JsonArgument", argument, _ARGUMENT)
        found.append(document(walk, argument.get("val", {}), scope))
    return derived(found)


def behavior(walk: Walk, node: Node | None, scope: Scope) -> Value:
    """ON EMPTY, ON ERROR."""
    if not node:
        return NOTHING
    walk.check("JsonBehavior", node, _BEHAVIOR)
    return value(walk, node.get("expr"), scope)


def output(walk: Walk, node: Node) -> None:
    """RETURNING type."""
    found = node.get("output")
    if found:
        walk.check("JsonOutput", found, _OUTPUT)
        if "typeName" in found:
            type_name(walk, found["typeName"])


_DOCUMENT = frozenset({"raw_expr", "formatted_expr", "format"})
_CONSTRUCTOR = frozenset({"output", "agg_filter", "agg_order", "over", "location"})
_ARGUMENT = frozenset({"val", "name"})
_BEHAVIOR = frozenset({"btype", "expr", "coerce", "location"})
_OUTPUT = frozenset({"typeName", "returning"})
