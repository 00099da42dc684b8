"""ALTER TABLE, sub-command by sub-command: additive, maintenance or destructive, structure, privilege or code."""

from typing import NamedTuple

from passgate.core.action import ObjectRef, Position, VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.statements.definitions import column_definition, constraint, new_columns, partition_bound
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import RELATIONS, named_object, plain, with_effect
from passgate.languages.sql.statements.tables import stored_scope
from passgate.languages.sql.subqueries import use
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


class _Change(NamedTuple):
    verb: str
    verb_class: VerbClass
    effect: str
    kind: str = ""  # of the object, where it is not the relation itself


def _ddl(effect: str, verb: str = "alter", kind: str = "") -> _Change:
    return _Change(verb, VerbClass.DDL, effect, kind)


_CHANGES = {
    "AT_AddColumn": _ddl("additive"),
    "AT_ColumnDefault": _ddl("additive"),
    "AT_DropNotNull": _ddl("additive"),
    "AT_SetNotNull": _ddl("additive"),
    "AT_SetExpression": _ddl("destructive"),
    "AT_DropExpression": _ddl("destructive"),
    "AT_SetStatistics": _ddl("maintenance"),
    "AT_SetOptions": _ddl("maintenance"),
    "AT_ResetOptions": _ddl("maintenance"),
    "AT_SetStorage": _ddl("maintenance"),
    "AT_SetCompression": _ddl("maintenance"),
    "AT_DropColumn": _ddl("destructive", "drop"),
    "AT_AddConstraint": _ddl("additive"),
    "AT_AlterConstraint": _ddl("additive"),
    "AT_ValidateConstraint": _ddl("additive"),
    "AT_DropConstraint": _ddl("destructive", "drop"),
    "AT_AlterColumnType": _ddl("destructive"),
    "AT_AlterColumnGenericOptions": _Change("alter", VerbClass.EGRESS, "destructive"),
    "AT_ChangeOwner": _Change("owner", VerbClass.ADMIN, ""),
    "AT_ClusterOn": _ddl("maintenance"),
    "AT_DropCluster": _ddl("maintenance"),
    "AT_SetLogged": _ddl("maintenance"),
    "AT_SetUnLogged": _ddl("maintenance"),
    "AT_DropOids": _ddl("maintenance"),
    "AT_SetAccessMethod": _ddl("maintenance"),
    "AT_SetTableSpace": _ddl("maintenance"),
    "AT_SetRelOptions": _ddl("maintenance"),
    "AT_ResetRelOptions": _ddl("maintenance"),
    "AT_EnableTrig": _Change("alter", VerbClass.CODE, "additive", "trigger"),
    "AT_EnableAlwaysTrig": _Change("alter", VerbClass.CODE, "additive", "trigger"),
    "AT_EnableReplicaTrig": _Change("alter", VerbClass.CODE, "destructive", "trigger"),
    "AT_DisableTrig": _Change("alter", VerbClass.CODE, "destructive", "trigger"),
    "AT_EnableTrigAll": _Change("alter", VerbClass.CODE, "additive", "trigger"),
    "AT_DisableTrigAll": _Change("alter", VerbClass.CODE, "destructive", "trigger"),
    "AT_EnableTrigUser": _Change("alter", VerbClass.CODE, "additive", "trigger"),
    "AT_DisableTrigUser": _Change("alter", VerbClass.CODE, "destructive", "trigger"),
    "AT_EnableRule": _Change("alter", VerbClass.CODE, "additive", "rule"),
    "AT_EnableAlwaysRule": _Change("alter", VerbClass.CODE, "additive", "rule"),
    "AT_EnableReplicaRule": _Change("alter", VerbClass.CODE, "destructive", "rule"),
    "AT_DisableRule": _Change("alter", VerbClass.CODE, "destructive", "rule"),
    "AT_AddInherit": _ddl("additive"),
    "AT_DropInherit": _ddl("destructive"),
    "AT_AddOf": _ddl("additive"),
    "AT_DropOf": _ddl("additive"),
    "AT_ReplicaIdentity": _Change("alter", VerbClass.ADMIN, "maintenance"),
    "AT_EnableRowSecurity": _Change("alter", VerbClass.ADMIN, "additive"),
    "AT_DisableRowSecurity": _Change("alter", VerbClass.ADMIN, "destructive"),
    "AT_ForceRowSecurity": _Change("alter", VerbClass.ADMIN, "additive"),
    "AT_NoForceRowSecurity": _Change("alter", VerbClass.ADMIN, "destructive"),
    "AT_GenericOptions": _Change("alter", VerbClass.EGRESS, "destructive"),
    "AT_AttachPartition": _ddl("additive"),
    "AT_DetachPartition": _ddl("destructive"),
    "AT_DetachPartitionFinalize": _ddl("destructive"),
    "AT_AddIdentity": _ddl("additive"),
    "AT_SetIdentity": _ddl("additive"),
    "AT_DropIdentity": _ddl("destructive"),
}

_COMMAND = frozenset({"subtype", "name", "num", "newowner", "def", "behavior", "missing_ok", "recurse"})
_PARTITION = frozenset({"name", "bound", "concurrent"})


@states("AlterTableStmt", "relation cmds objtype missing_ok")
def alter_table(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    kind = node.get("objtype", "")
    object_, _ = named_object(walk, kind, None, node["relation"])
    scope = stored_scope(walk, node["relation"]) if kind in RELATIONS else new_columns([{}], "")
    classes = [_command(walk, wrapped["AlterTableCmd"], object_, scope) for wrapped in node["cmds"]]
    strictest = next((each for each in classes if each is not VerbClass.DDL), VerbClass.DDL)
    return Meaning("alter", strictest)


def _command(walk: Walk, node: Node, object_: ObjectRef, scope: Scope) -> VerbClass:
    walk.check("AlterTableCmd", node, _COMMAND)
    subtype = node.get("subtype", "")
    change = _CHANGES.get(subtype)
    if change is None:
        walk.gap(f"ALTER TABLE command {subtype} is not known")
        return VerbClass.CODE
    name = node.get("name", "")
    if change.kind:
        walk.found.act(change.verb, change.verb_class, plain(change.kind, name or "all", str(object_), change.effect))
    on_column = "Column" in subtype or subtype in _ON_COLUMNS
    definition = node.get("def", {})
    column = definition.get("ColumnDef", {}).get("colname", "") if subtype == "AT_AddColumn" else name
    walk.found.act(
        change.verb, change.verb_class, with_effect(object_, change.effect), column=column if on_column else ""
    )
    if "newowner" in node:
        walk.found.act("owner", VerbClass.ADMIN, plain("role", node["newowner"].get("rolename", "")))
    _definition(walk, subtype, definition, scope)
    return change.verb_class


_ON_COLUMNS = frozenset(
    {
        "AT_DropNotNull", "AT_SetNotNull", "AT_SetExpression", "AT_DropExpression", "AT_SetStatistics", "AT_SetStorage",
        "AT_SetCompression", "AT_AddIdentity", "AT_SetIdentity", "AT_DropIdentity",
    }
)  # fmt: skip


def _definition(walk: Walk, subtype: str, wrapped: Node, scope: Scope) -> None:
    """What a sub-command brings along."""
    if not wrapped:
        return
    kind, node = next(iter(wrapped.items()))
    if subtype == "AT_AlterColumnType":
        if "typeName" in node:
            type_name(walk, node["typeName"])
        decides(walk, node.get("raw_default"), scope, Position.SOURCE)
    elif kind == "ColumnDef":
        own = new_columns([wrapped], "")
        column_definition(walk, node, Scope(None, scope.with_, (*scope.items, *own.items)))
    elif kind == "Constraint":
        constraint(walk, node, scope)
    elif kind == "PartitionCmd":
        walk.check("PartitionCmd", node, _PARTITION)
        _shown_through(walk, node["name"], attached=subtype == "AT_AttachPartition")
        partition_bound(walk, node.get("bound"))
        if node.get("concurrent"):
            walk.found.fact("sql.concurrently")
    elif kind == "RangeVar":
        _inherits(walk, node, scope)
    elif subtype in ("AT_ColumnDefault", "AT_SetExpression"):
        decides(walk, wrapped, scope, Position.ARGUMENT)
    elif kind not in ("List", "String", "Integer", "ReplicaIdentityStmt", "TypeName", "ATAlterConstraint"):
        walk.gap(f"{kind} in ALTER TABLE is not known")


def _shown_through(walk: Walk, node: Node, *, attached: bool) -> None:
    """The rows of a partition show in its parent from now on."""
    relation = walk.relation(node)
    walk.found.act("alter", VerbClass.DDL, with_effect(walk.object(node), "additive" if attached else "destructive"))
    if relation is not None and attached:
        use(walk, walk.names.table(relation).fields, Position.SOURCE)


def _inherits(walk: Walk, node: Node, scope: Scope) -> None:
    """INHERIT parent: the rows of the table show in the parent from now on."""
    walk.found.act("alter", VerbClass.DDL, with_effect(walk.object(node), "additive"))
    use(walk, scope.fields, Position.SOURCE)
