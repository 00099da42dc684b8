"""Statements on one existing object of any kind: DROP, RENAME, SET SCHEMA, OWNER, COMMENT, SECURITY LABEL, DEPENDS."""

from passgate.core.action import VerbClass
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import RELATIONS, named_object, plain, with_effect
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_ADMIN = frozenset(
    {"OBJECT_POLICY", "OBJECT_ROLE", "OBJECT_PUBLICATION", "OBJECT_EVENT_TRIGGER", "OBJECT_PARAMETER_ACL"}
)
_EGRESS = frozenset(
    {"OBJECT_FDW", "OBJECT_FOREIGN_SERVER", "OBJECT_SUBSCRIPTION", "OBJECT_TABLESPACE", "OBJECT_USER_MAPPING"}
)


def _class_of(kind: str) -> VerbClass:
    if kind in _ADMIN:
        return VerbClass.ADMIN
    return VerbClass.EGRESS if kind in _EGRESS else VerbClass.DDL


@states("DropStmt", "objects removeType behavior missing_ok concurrent")
def drop(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    kind = node.get("removeType", "")
    verb_class = _class_of(kind)
    for wrapped in node["objects"]:
        object_, column = named_object(walk, kind, wrapped)
        walk.found.act("drop", verb_class, with_effect(object_, "destructive"), column=column)
        if kind in RELATIONS and object_.known:
            _with_inherited(walk, object_.name, object_.namespace)
    if node.get("concurrent"):
        walk.found.fact("sql.concurrently")
    return Meaning("drop", verb_class)


def _with_inherited(walk: Walk, name: str, namespace: str) -> None:
    """Dropping a partition drops rows of its parent, dropping the parent drops its partitions."""
    relation = walk.names.relation(name, namespace, walk.env.paths)
    for relative in walk.names.table(relation).inherited(only=False) if relation is not None else ():
        walk.found.act("drop", VerbClass.DDL, with_effect(relative.object, "destructive"))


@states("RenameStmt", "renameType relationType relation object subname newname behavior missing_ok")
def rename(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """What a rule names is no longer there afterwards."""
    kind = node.get("renameType", "")
    verb_class = _class_of(kind)
    object_, column = named_object(walk, kind, node.get("object"), node.get("relation"))
    column = column or (node.get("subname", "") if kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE") else "")
    if "relation" not in node and "object" not in node:
        object_ = plain(object_.kind, node.get("subname", ""))
    walk.found.act("rename", verb_class, with_effect(object_, "destructive"), column=column)
    return Meaning("rename", verb_class)


@states("AlterObjectSchemaStmt", "objectType relation object newschema missing_ok")
def set_schema(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """Moving an object renames it as far as rules go, and may put it before others on the search path."""
    object_, _ = named_object(walk, node.get("objectType", ""), node.get("object"), node.get("relation"))
    walk.found.act("rename", VerbClass.DDL, with_effect(object_, "destructive"))
    walk.found.act("alter", VerbClass.DDL, plain("schema", node.get("newschema", ""), effect="additive"))
    return Meaning("rename", VerbClass.DDL)


@states("AlterOwnerStmt", "objectType relation object newowner")
def set_owner(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    object_, _ = named_object(walk, node.get("objectType", ""), node.get("object"), node.get("relation"))
    walk.found.act("owner", VerbClass.ADMIN, object_)
    walk.found.act("owner", VerbClass.ADMIN, plain("role", node.get("newowner", {}).get("rolename", "")))
    return Meaning("owner", VerbClass.ADMIN)


@states("CommentStmt", "objtype object comment")
def comment(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    object_, column = named_object(walk, node.get("objtype", ""), node.get("object"))
    walk.found.act("comment", VerbClass.DDL, with_effect(object_, "additive"), column=column)
    return Meaning("comment", VerbClass.DDL)


@states("SecLabelStmt", "objtype object provider label")
def security_label(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    object_, column = named_object(walk, node.get("objtype", ""), node.get("object"))
    walk.found.act("security_label", VerbClass.ADMIN, object_, column=column)
    return Meaning("security_label", VerbClass.ADMIN)


@states("AlterObjectDependsStmt", "objectType relation object extname remove")
def depends(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    object_, _ = named_object(walk, node.get("objectType", ""), node.get("object"), node.get("relation"))
    walk.found.act("alter", VerbClass.CODE, object_)
    walk.found.act("alter", VerbClass.CODE, plain("extension", ".".join(words([{"String": node.get("extname", {})}]))))
    return Meaning("alter", VerbClass.CODE)
