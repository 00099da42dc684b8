"""Types and domains."""

from passgate.core.action import VerbClass
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.lineage import NOTHING
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import Entry, Item, Scope, With
from passgate.languages.sql.statements.definitions import column_definition, constraint, new_columns
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import parts_of, plain
from passgate.languages.sql.tree import Node, qualified
from passgate.languages.sql.walk import RANGE_VAR, Walk


def _type(walk: Walk, verb: str, node: Node, field: str, effect: str, verb_class: VerbClass = VerbClass.DDL) -> Meaning:
    namespace, name = qualified(parts_of({"List": {"items": node.get(field, [])}}))
    walk.found.act(verb, verb_class, plain("type", name, namespace, effect))
    return Meaning(verb, verb_class)


@states("CompositeTypeStmt", "typevar coldeflist")
def create_composite(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.check("RangeVar", node["typevar"], RANGE_VAR)
    made = node["typevar"]
    walk.found.act(
        "create", VerbClass.DDL, plain("type", made.get("relname", ""), made.get("schemaname", ""), "additive")
    )
    columns = node.get("coldeflist", [])
    scope = new_columns(columns, "")
    for wrapped in columns:
        column_definition(walk, wrapped["ColumnDef"], scope)
    return Meaning("create", VerbClass.DDL)


@states("CreateEnumStmt", "typeName vals")
def create_enum(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _type(walk, "create", node, "typeName", "additive")


@states("AlterEnumStmt", "typeName oldVal newVal newValNeighbor newValIsAfter skipIfNewValExists")
def alter_enum(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Renaming a value changes what every row holds."""
    return _type(walk, "alter", node, "typeName", "destructive" if "oldVal" in node else "additive")


@states("CreateRangeStmt", "typeName params")
def create_range(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Its subtype functions are code."""
    return _type(walk, "create", node, "typeName", "", VerbClass.CODE)


@states("AlterTypeStmt", "typeName options")
def alter_type(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """It replaces the functions of a base type."""
    return _type(walk, "alter", node, "typeName", "destructive", VerbClass.CODE)


@states("CreateDomainStmt", "domainname typeName collClause constraints")
def create_domain(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    type_name(walk, node["typeName"])
    for wrapped in node.get("constraints", ()):
        constraint(walk, wrapped["Constraint"], _the_value())
    return _type(walk, "create", node, "domainname", "additive")


@states("AlterDomainStmt", "subtype typeName name def behavior missing_ok")
def alter_domain(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Subtypes: T default, N drop not null, O set not null, C add constraint, X drop constraint, V validate."""
    wrapped = node.get("def", {})
    if "Constraint" in wrapped:
        constraint(walk, wrapped["Constraint"], _the_value())
    dropped = node.get("subtype", "") in ("X", "AD_DropConstraint")
    return _type(walk, "drop" if dropped else "alter", node, "typeName", "destructive" if dropped else "additive")


def _the_value() -> Scope:
    """VALUE in a domain's constraint comes as a column."""
    return Scope(None, With(), (Item.of(Entry("", (), rest=NOTHING)),))


@states("AlterCollationStmt", "collname")
def alter_collation(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    namespace, name = qualified(parts_of({"List": {"items": node.get("collname", [])}}))
    walk.found.act("alter", VerbClass.DDL, plain("collation", name, namespace, "maintenance"))
    return Meaning("alter", VerbClass.DDL)
