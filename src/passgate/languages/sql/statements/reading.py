"""SELECT, VALUES and TABLE as a statement of their own."""

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.lineage import Field
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import With
from passgate.languages.sql.statements.creating import select_into
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.subqueries import OPEN, QUERIES, rows, use
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


@states("SelectStmt", " ".join(QUERIES["SelectStmt"][0]))
def select(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """SELECT ... INTO makes a table; anything else shows its columns."""
    into = into_clause(node)
    if into is not None:
        return select_into(walk, node, into, memory)
    fields = shown(walk, {"SelectStmt": node}, Position.OUTPUT)
    return Meaning("select", VerbClass.READ, fields)


def shown(walk: Walk, wrapped: Node, position: Position) -> tuple[Field, ...] | None:
    """The columns of a query whose result goes somewhere, reported in that position; None if they cannot be told."""
    fields = rows(walk, wrapped, None, With()).fields
    use(walk, fields, position)
    return None if any(field.name == OPEN for field in fields) else fields


def into_clause(node: Node) -> Node | None:
    """INTO stands in the leftmost SELECT of a set operation."""
    while "larg" in node and "intoClause" not in node:
        node = node["larg"]
    found: Node | None = node.get("intoClause")
    return found
