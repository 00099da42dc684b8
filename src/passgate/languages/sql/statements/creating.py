"""Making a relation of a query's result: CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW, CREATE VIEW."""

from passgate.core.action import ObjectRef, Position, VerbClass
from passgate.languages.sql.catalog import TEMPORARY
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import With
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.subqueries import rows, use
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import RANGE_VAR, Walk

_INTO = frozenset({"rel", "colNames", "accessMethod", "options", "onCommit", "tableSpaceName", "viewQuery", "skipData"})


def new_relation(walk: Walk, node: Node) -> ObjectRef:
    """The relation that a statement makes: in the schema named, or the first of the path."""
    walk.check("RangeVar", node, RANGE_VAR)
    namespace = node.get("schemaname", "")
    if node.get("relpersistence", "p") == "t":
        namespace = namespace or TEMPORARY
    if not namespace:
        schemas = walk.names.catalog.schemas
        firsts = {next((schema for schema in path if schema in schemas), "") for path in walk.env.paths}
        namespace = firsts.pop() if len(firsts) == 1 else ""
    name = node.get("relname", "")
    if namespace.startswith(TEMPORARY):
        walk.found.remember.append(lambda memory: memory.shadow(name))
    return ObjectRef(kind="relation", name=name, namespace=namespace, effect="additive")


def select_into(walk: Walk, node: Node, into: Node, _memory: Memory) -> Meaning:
    """The columns of the query are the source of the new relation's."""
    create_as(walk, {"SelectStmt": _without_into(node)}, into)
    return Meaning("create_as", VerbClass.DDL)


def _without_into(node: Node) -> Node:
    """INTO stands in the leftmost SELECT of a set operation; a chain of a thousand UNION ALL is followed in a loop."""
    chain = [node]
    while "intoClause" not in chain[-1] and "larg" in chain[-1]:
        chain.append(chain[-1]["larg"])
    found = {name: field for name, field in chain.pop().items() if name != "intoClause"}
    while chain:
        found = {**chain.pop(), "larg": found}
    return found


def create_as(walk: Walk, query: Node, into: Node) -> None:
    walk.check("IntoClause", into, _INTO)
    made = new_relation(walk, into["rel"])
    walk.found.act("create_as", VerbClass.DDL, made)
    use(walk, rows(walk, query, None, With()).fields, Position.SOURCE)


@states("CreateTableAsStmt", "query into objtype is_select_into if_not_exists")
def _create_table_as(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """The query may be an EXECUTE of a prepared statement."""
    query = node["query"]
    if "ExecuteStmt" in query:
        walk.check("IntoClause", node["into"], _INTO)
        walk.found.act("create_as", VerbClass.DDL, new_relation(walk, node["into"]["rel"]))
        read_statement(walk, "ExecuteStmt", query["ExecuteStmt"], memory)
        return Meaning("create_as", VerbClass.DDL)
    create_as(walk, query, node["into"])
    return Meaning("create_as", VerbClass.DDL)


@states("ViewStmt", "view aliases query replace options withCheckOption")
def _create_view(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """A view shows what its query reads to whoever reads the view."""
    made = new_relation(walk, node["view"])
    if node.get("replace") and walk.names.catalog.relation(made.name, made.namespace, ()) is not None:
        made = ObjectRef(kind="relation", name=made.name, namespace=made.namespace, effect="destructive")
    walk.found.act("create", VerbClass.DDL, made)
    use(walk, rows(walk, node["query"], None, With()).fields, Position.SOURCE)
    return Meaning("create", VerbClass.DDL)


@states("RefreshMatViewStmt", "concurrent skipData relation")
def _refresh(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    relation = walk.relation(node["relation"])
    object_ = walk.object(node["relation"])
    if relation is not None:
        walk.read(relation)
    walk.found.act("refresh", VerbClass.DDL, object_)
    return Meaning("refresh", VerbClass.DDL)
