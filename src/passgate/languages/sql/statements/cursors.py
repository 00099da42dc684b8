"""DECLARE, FETCH, MOVE, CLOSE: a cursor shows what its query reads each time it is fetched from."""

from passgate.core.action import VerbClass
from passgate.languages.sql.memory import Cursor, Memory
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.statements.objects import plain
from passgate.languages.sql.tree import Node, unwrap
from passgate.languages.sql.walk import Walk

_HOLD = 0x0020
"""CURSOR_OPT_HOLD of parsenodes.h."""


@states("DeclareCursorStmt", "portalname options query")
def declare(walk: Walk, node: Node, memory: Memory) -> Meaning:
    name = node.get("portalname", "")
    tag, body = unwrap(node["query"])
    if tag != "SelectStmt":
        walk.gap(f"a cursor over {tag} is not known")
    before = len(walk.found.atoms)
    meaning = read_statement(walk, tag, body, memory)
    walk.found.settle()
    cursor = Cursor(
        atoms=tuple(walk.found.atoms[before:]),
        fields=meaning.fields,
        gaps=tuple(walk.found.gaps),
        hold=bool(node.get("options", 0) & _HOLD),
    )
    walk.found.act("declare", VerbClass.SESSION, plain("cursor", name))
    walk.found.remember.append(lambda memory: memory.declare(name, cursor))
    return Meaning("declare", VerbClass.SESSION)


@states("FetchStmt", "direction howMany portalname ismove location direction_keyword")
def fetch(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """MOVE shows nothing, but runs the query as FETCH does."""
    name = node.get("portalname", "")
    verb = "move" if node.get("ismove") else "fetch"
    walk.found.stateful = True
    walk.found.act(verb, VerbClass.SESSION, plain("cursor", name))
    cursor = memory.cursors.get(name)
    if cursor is None:
        walk.gap(f"cursor {name} is not known")
        return Meaning(verb, VerbClass.CODE, None)
    for atom in cursor.atoms:
        walk.found.add(atom)
    for gap in cursor.gaps:
        walk.gap(gap)
    return Meaning(verb, VerbClass.READ, () if verb == "move" else cursor.fields)


@states("ClosePortalStmt", "portalname")
def close(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    name = node.get("portalname")
    walk.found.act("close", VerbClass.SESSION, plain("cursor", name or "all"))
    walk.found.remember.append(lambda memory: memory.close(name))
    return Meaning("close", VerbClass.SESSION)
