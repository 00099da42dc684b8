"""VACUUM, ANALYZE, CLUSTER, REINDEX, CHECKPOINT, LOCK: nothing changes, but others wait."""

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import plain, with_effect
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk


def _maintain(walk: Walk, verb: str, object_: ObjectRef, column: str = "") -> None:
    walk.found.act(verb, VerbClass.ADMIN, with_effect(object_, "maintenance"), column=column)


def _whole_database() -> ObjectRef:
    return plain("database", "")


@states("VacuumStmt", "options rels is_vacuumcmd")
def vacuum(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    verb = "vacuum" if node.get("is_vacuumcmd") else "analyze"
    for wrapped in node.get("rels", ()):
        one = wrapped["VacuumRelation"]
        walk.check("VacuumRelation", one, _VACUUM_RELATION)
        object_ = walk.object(one["relation"])
        _maintain(walk, verb, object_)
        for column in words(one.get("va_cols")):
            _maintain(walk, verb, object_, column)
    if "rels" not in node:
        _maintain(walk, verb, _whole_database())
    if verb == "vacuum":
        walk.found.fact("sql.concurrently")
    return Meaning(verb, VerbClass.ADMIN)


_VACUUM_RELATION = frozenset({"relation", "va_cols"})


@states("ClusterStmt", "relation indexname params")
def cluster(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    if "relation" in node:
        _maintain(walk, "cluster", walk.object(node["relation"]))
    else:
        _maintain(walk, "cluster", _whole_database())
        walk.found.fact("sql.concurrently")
    return Meaning("cluster", VerbClass.ADMIN)


@states("ReindexStmt", "kind relation name params")
def reindex(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    kind = node.get("kind", "").removeprefix("REINDEX_OBJECT_").lower()
    if kind == "table":
        _maintain(walk, "reindex", walk.object(node["relation"]))
    elif "relation" in node:
        _maintain(
            walk, "reindex", plain(kind, node["relation"].get("relname", ""), node["relation"].get("schemaname", ""))
        )
    else:
        _maintain(walk, "reindex", plain(kind, node.get("name", "")))
    names = {wrapped["DefElem"].get("defname", "") for wrapped in node.get("params", ())}
    if "concurrently" in names or kind in ("schema", "system", "database"):
        walk.found.fact("sql.concurrently")
    return Meaning("reindex", VerbClass.ADMIN)


@states("CheckPointStmt", "options")
def checkpoint(walk: Walk, _node: Node, _memory: Memory) -> Meaning:
    _maintain(walk, "checkpoint", _whole_database())
    return Meaning("checkpoint", VerbClass.ADMIN)


@states("LockStmt", "relations mode nowait")
def lock(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """LOCK TABLE; of a view, the relations that it reads are locked too."""
    walk.found.fact("sql.locking")
    for wrapped in node.get("relations", ()):
        relation = walk.relation(wrapped["RangeVar"])
        if relation is None:
            walk.found.act("lock", VerbClass.ADMIN, walk.object(wrapped["RangeVar"]))
            continue
        table = walk.names.table(relation)
        walk.found.act("lock", VerbClass.ADMIN, table.object)
        for relative in table.inherited(only=not wrapped["RangeVar"].get("inh", False)):
            walk.found.act("lock", VerbClass.ADMIN, relative.object)
        for atom in table.body.atoms if table.body is not None else ():
            if atom.object.kind == "relation" and not atom.column:
                walk.found.act("lock", VerbClass.ADMIN, atom.object)
    return Meaning("lock", VerbClass.ADMIN)
