"""CREATE TABLE, CREATE INDEX, sequences, statistics, TRUNCATE."""

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.from_items import table_entry
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import Item, Scope, With
from passgate.languages.sql.statements.creating import new_relation
from passgate.languages.sql.statements.definitions import (
    column_definition,
    constraint,
    index_element,
    new_columns,
    partition_bound,
    partition_spec,
    reads_column,
)
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import parts_of, plain, with_effect
from passgate.languages.sql.tree import Node, qualified
from passgate.languages.sql.walk import Walk

_CREATE = (
    "relation tableElts inhRelations partbound partspec ofTypename constraints nnconstraints options oncommit tablespacename "
    "accessMethod if_not_exists"
)
CREATE_FIELDS = frozenset(_CREATE.split())


@states("CreateStmt", _CREATE)
def create_table(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    made = new_relation(walk, node["relation"])
    walk.found.act("create", VerbClass.DDL, made)
    table_definition(walk, node)
    return Meaning("create", VerbClass.DDL)


def table_definition(walk: Walk, node: Node) -> None:
    """Columns and constraints, LIKE, INHERITS, PARTITION OF."""
    walk.check("CreateStmt", node, CREATE_FIELDS)
    elements = node.get("tableElts", [])
    scope = new_columns(
        elements if "inhRelations" not in node else [*elements, {}], node["relation"].get("relname", "")
    )
    for wrapped in (*elements, *node.get("constraints", ())):
        if "ColumnDef" in wrapped:
            column_definition(walk, wrapped["ColumnDef"], scope)
        elif "Constraint" in wrapped:
            constraint(walk, wrapped["Constraint"], scope)
        elif "TableLikeClause" in wrapped:
            walk.check("TableLikeClause", wrapped["TableLikeClause"], _LIKE)
            walk.found.act("select", VerbClass.READ, walk.object(wrapped["TableLikeClause"]["relation"]))
        else:
            walk.gap(f"table element {next(iter(wrapped), '')} is not known")
    for wrapped in node.get("inhRelations", ()):  # what is put into the new table shows in its parents
        walk.found.act("alter", VerbClass.DDL, with_effect(walk.object(wrapped["RangeVar"]), "additive"))
    if "ofTypename" in node:
        _type_of(walk, node["ofTypename"])
    partition_bound(walk, node.get("partbound"))
    partition_spec(walk, node.get("partspec"), scope)


def _type_of(walk: Walk, node: Node) -> None:
    namespace, name = qualified(parts_of({"List": {"items": node.get("names", [])}}))
    if walk.names.type_(name, namespace, walk.env.paths) is None:
        walk.gap(f"type {name} is not known")


_LIKE = frozenset({"relation", "options", "relationOid"})


def stored_scope(walk: Walk, node: Node) -> Scope:
    """A scope with the columns of a relation that there is."""
    relation = walk.relation(node)
    if relation is None:
        return new_columns([{}], node.get("relname", ""))
    return Scope(None, With(), (Item.of(table_entry(walk.names.table(relation), "", ())),))


@states(
    "IndexStmt",
    "idxname relation accessMethod tableSpace indexParams indexIncludingParams options whereClause excludeOpNames idxcomment "
    "unique nulls_not_distinct primary isconstraint iswithoutoverlaps deferrable initdeferred transformed concurrent if_not_exists "
    "reset_default_tblspc",
)
def create_index(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Its expressions run over every row."""
    table = walk.object(node["relation"])
    scope = stored_scope(walk, node["relation"])
    walk.found.act("create", VerbClass.DDL, plain("index", node.get("idxname", ""), table.namespace, "additive"))
    walk.found.act("alter", VerbClass.DDL, with_effect(table, "additive"))
    for wrapped in (*node.get("indexParams", ()), *node.get("indexIncludingParams", ())):
        index_element(walk, wrapped["IndexElem"], scope)
    decides(walk, node.get("whereClause"), scope)
    if node.get("concurrent"):
        walk.found.fact("sql.concurrently")
    return Meaning("create", VerbClass.DDL)


@states("TruncateStmt", "relations restart_seqs behavior")
def truncate(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    for wrapped in node["relations"]:
        relation = walk.relation(wrapped["RangeVar"])
        if relation is None:
            walk.found.act("truncate", VerbClass.DDL, walk.object(wrapped["RangeVar"]))
            continue
        table = walk.names.table(relation)
        for object_ in (
            table.object,
            *(r.object for r in table.inherited(only=not wrapped["RangeVar"].get("inh", False))),
        ):
            walk.found.act("truncate", VerbClass.DDL, with_effect(object_, "destructive"))
        if node.get("behavior") == "DROP_CASCADE":
            walk.found.fact("sql.cascades")
    return Meaning("truncate", VerbClass.DDL)


@states("CreateSeqStmt", "sequence options ownerId for_identity if_not_exists")
def create_sequence(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    made = new_relation(walk, node["sequence"])
    walk.found.act(
        "create", VerbClass.DDL, ObjectRef(kind="sequence", name=made.name, namespace=made.namespace, effect="additive")
    )
    return Meaning("create", VerbClass.DDL)


@states("AlterSeqStmt", "sequence options for_identity missing_ok")
def alter_sequence(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """RESTART rewinds it: keys then collide."""
    names = {wrapped["DefElem"].get("defname", "") for wrapped in node.get("options", ())}
    effect = "additive" if names <= {"owned_by", "cache", "as"} else "destructive"
    walk.found.act("alter", VerbClass.DDL, with_effect(walk.object(node["sequence"]), effect))
    return Meaning("alter", VerbClass.DDL)


@states("CreateStatsStmt", "defnames stat_types exprs relations stxcomment transformed if_not_exists")
def create_statistics(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Statistics hold values sampled from the columns they are made over."""
    namespace, name = qualified(parts_of({"List": {"items": node.get("defnames", [])}}))
    walk.found.act("create", VerbClass.DDL, plain("statistics", name, namespace, "additive"))
    for wrapped in node.get("relations", ()):
        if "RangeVar" not in wrapped:
            walk.gap("statistics over anything but a table are not understood")
            continue
        scope = stored_scope(walk, wrapped["RangeVar"])
        walk.found.act("alter", VerbClass.DDL, with_effect(walk.object(wrapped["RangeVar"]), "additive"))
        for element in node.get("exprs", ()):
            decides(walk, element["StatsElem"].get("expr"), scope)
            if "name" in element["StatsElem"]:
                reads_column(walk, element["StatsElem"]["name"], scope)
    return Meaning("create", VerbClass.DDL)


@states("AlterStatsStmt", "defnames stxstattarget missing_ok")
def alter_statistics(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    namespace, name = qualified(parts_of({"List": {"items": node.get("defnames", [])}}))
    walk.found.act("alter", VerbClass.DDL, plain("statistics", name, namespace, "maintenance"))
    return Meaning("alter", VerbClass.DDL)
