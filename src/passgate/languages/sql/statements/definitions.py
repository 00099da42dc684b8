"""Parts of table definitions: columns, constraints, index keys, partition bounds, and the expressions inside them.

Whether a constraint holds for the rows there are tells something of them, so that what it reads is a predicate.
"""

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.lineage import NOTHING, Field
from passgate.languages.sql.names import call_atom
from passgate.languages.sql.scope import Entry, Item, Scope, With
from passgate.languages.sql.statements.writing import INDEX_ELEMENT
from passgate.languages.sql.tree import Node, items, words
from passgate.languages.sql.walk import Walk

_COLUMN = frozenset(
    {
        "colname", "typeName", "compression", "inhcount", "is_local", "is_not_null", "is_from_type", "storage", "storage_name",
        "raw_default", "identity", "identitySequence", "generated", "collClause", "constraints", "fdwoptions", "location",
    }
)  # fmt: skip
_CONSTRAINT = frozenset(
    {
        "contype", "conname", "deferrable", "initdeferred", "is_enforced", "skip_validation", "initially_valid", "is_no_inherit",
        "raw_expr", "generated_when", "generated_kind", "nulls_not_distinct", "keys", "without_overlaps", "including", "exclusions",
        "options", "indexname", "indexspace", "reset_default_tblspc", "access_method", "where_clause", "pktable", "fk_attrs",
        "pk_attrs", "fk_with_period", "pk_with_period", "fk_matchtype", "fk_upd_action", "fk_del_action", "fk_del_set_cols",
        "location",
    }
)  # fmt: skip
_PARTITION_SPEC = frozenset({"strategy", "partParams", "location"})
_PARTITION_ELEMENT = frozenset({"name", "expr", "collation", "opclass", "location"})
_BOUND = frozenset(
    {"strategy", "is_default", "modulus", "remainder", "listdatums", "lowerdatums", "upperdatums", "location"}
)
_DATUM = frozenset({"kind", "value", "location"})


def new_columns(definitions: list[Node], name: str) -> Scope:
    """A scope in which a table that is being made has its columns, which hold nothing yet."""
    fields = tuple(
        Field(wrapped["ColumnDef"].get("colname", ""), NOTHING) for wrapped in definitions if "ColumnDef" in wrapped
    )
    rest = None if all("ColumnDef" in wrapped or "Constraint" in wrapped for wrapped in definitions) else NOTHING
    return Scope(None, With(), (Item.of(Entry(name, fields, rest=rest)),))


def column_definition(walk: Walk, node: Node, scope: Scope) -> None:
    """One column: its type, its default, its constraints."""
    walk.check("ColumnDef", node, _COLUMN)
    if "typeName" in node and not _serial(node["typeName"]):
        type_name(walk, node["typeName"])
    decides(walk, node.get("raw_default"), scope, Position.ARGUMENT)
    for wrapped in node.get("constraints", ()):
        constraint(walk, wrapped["Constraint"], scope)


_SERIALS = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})


def _serial(node: Node) -> bool:
    return words(node.get("names"))[-1:] != () and words(node.get("names"))[-1] in _SERIALS


def constraint(walk: Walk, node: Node, scope: Scope) -> None:
    """One constraint: of a column, of a table, or of a domain."""
    walk.check("Constraint", node, _CONSTRAINT)
    default = node.get("contype") in ("CONSTR_DEFAULT", "CONSTR_GENERATED")
    decides(walk, node.get("raw_expr"), scope, Position.ARGUMENT if default else Position.PREDICATE)
    decides(walk, node.get("where_clause"), scope)
    for name in (*words(node.get("keys")), *words(node.get("fk_attrs"))):
        reads_column(walk, name, scope)
    for wrapped in node.get("exclusions", ()):
        element, operator = (*items(wrapped), {}, {})[:2]
        index_element(walk, element.get("IndexElem", {}), scope)
        del operator
    if "pktable" in node:
        _references(walk, node)


def _references(walk: Walk, node: Node) -> None:
    """A foreign key compares with the columns it references."""
    relation = walk.relation(node["pktable"])
    if relation is None:
        return
    table = walk.names.table(relation)
    walk.found.act("alter", VerbClass.DDL, table.object)
    for name in words(node.get("pk_attrs")) or relation.primary_key:
        value = table.column(name)
        if value is None:
            walk.gap(f"column {relation}.{name} is not known")
        else:
            walk.found.use(value.sources, Position.PREDICATE)


def reads_column(walk: Walk, name: str, scope: Scope) -> None:
    """A column named without an expression."""
    decides(walk, {"ColumnRef": {"fields": [{"String": {"sval": name}}]}}, scope)


def index_element(walk: Walk, node: Node, scope: Scope) -> None:
    """One key of an index. An operator class of a user's own runs that user's code."""
    walk.check("IndexElem", node, INDEX_ELEMENT)
    decides(walk, node.get("expr"), scope)
    if "name" in node:
        reads_column(walk, node["name"], scope)
    names = words(node.get("opclass"))
    if len(names) > 1 and names[0] != "pg_catalog":
        walk.found.add(call_atom(name=names[-1], namespace=names[0], known=False))


def partition_spec(walk: Walk, node: Node | None, scope: Scope) -> None:
    """PARTITION BY."""
    if not node:
        return
    walk.check("PartitionSpec", node, _PARTITION_SPEC)
    for wrapped in node.get("partParams", ()):
        element = wrapped["PartitionElem"]
        walk.check("PartitionElem", element, _PARTITION_ELEMENT)
        decides(walk, element.get("expr"), scope)


def partition_bound(walk: Walk, node: Node | None) -> None:
    """FOR VALUES: constants, but any expression is parsed."""
    if not node:
        return
    walk.check("PartitionBoundSpec", node, _BOUND)
    nowhere = Scope(None, With())
    for wrapped in (*node.get("listdatums", ()), *node.get("lowerdatums", ()), *node.get("upperdatums", ())):
        if "PartitionRangeDatum" in wrapped:
            walk.check("PartitionRangeDatum", wrapped["PartitionRangeDatum"], _DATUM)
            decides(walk, wrapped["PartitionRangeDatum"].get("value"), nowhere)
        elif "ColumnRef" not in wrapped:  # MINVALUE and MAXVALUE come as column references
            decides(walk, wrapped, nowhere)
