"""EXPLAIN, which with ANALYZE runs the statement."""

from dataclasses import replace

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.lineage import NOTHING, Field
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.tree import Node, unwrap
from passgate.languages.sql.walk import Walk

_EXPLAINABLE = frozenset(
    {
        "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "ExecuteStmt", "DeclareCursorStmt",
        "CreateTableAsStmt", "RefreshMatViewStmt",
    }
)  # fmt: skip
_FALSE = frozenset({"false", "off", "0"})
_PLAN = (Field("QUERY PLAN", NOTHING),)
_OPTIONS = frozenset(
    {
        "analyze", "verbose", "costs", "settings", "generic_plan", "buffers", "wal", "timing", "summary", "format", "memory",
        "serialize",
    }
)  # fmt: skip


@states("ExplainStmt", "query options")
def explain(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """The plan shows no stored value, but the atoms of what is planned (or run) stand, each in its position."""
    tag, body = unwrap(node["query"])
    if tag not in _EXPLAINABLE:
        walk.gap(f"EXPLAIN of {tag} is not known")
    runs = False
    for wrapped in node.get("options", ()):
        name = wrapped["DefElem"].get("defname", "").lower()
        if name not in _OPTIONS:
            walk.gap(f"EXPLAIN option {name} is not known")
        runs = runs or (name == "analyze" and is_on(wrapped["DefElem"].get("arg")))
    remembered = len(walk.found.remember)
    if not runs:
        walk.found.explaining = True
        walk.found.read_verb = "explain"
    meaning = read_statement(walk, tag, body, memory)
    if runs:
        _measured(walk, meaning)
    walk.found.settle()
    if not runs or tag == "DeclareCursorStmt":  # not even ANALYZE opens the cursor
        del walk.found.remember[remembered:]
    return Meaning("explain", meaning.verb_class if runs else VerbClass.READ, _PLAN)


def _measured(walk: Walk, meaning: Meaning) -> None:
    """The memory of a sort says how long what was computed is: ``substr(repeat('x', 9000), 1, 9000 * position('a' in email))``."""
    for field in meaning.fields or ():
        if not field.value.direct:
            walk.found.use(field.value.sources, Position.PREDICATE)
    walk.found.use(walk.found.computed_on, Position.PREDICATE)
    if meaning.fields is None:
        for atom in [atom for atom in walk.found.atoms if atom.position in _SHOWN]:
            walk.found.add(replace(atom, position=Position.PREDICATE))


_SHOWN = frozenset({Position.OUTPUT, Position.RETURNING})


def is_on(argument: Node | None) -> bool:
    """An option without a value is on; what is not surely off is taken for on."""
    if not argument:
        return True
    kind, body = next(iter(argument.items()))
    if kind == "Integer":
        return bool(body.get("ival", 0))
    return str(body.get("sval", body.get("boolval", ""))).lower() not in _FALSE
