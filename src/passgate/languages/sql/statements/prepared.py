"""PREPARE, EXECUTE, DEALLOCATE: a statement is judged when it is named, and again with its arguments when it runs."""

from dataclasses import replace

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.constants import literal
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.memory import Memory, Prepared
from passgate.languages.sql.scope import Scope, With
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.statements.objects import plain
from passgate.languages.sql.tree import Node, unwrap
from passgate.languages.sql.walk import Walk
from passgate.pipeline.protocols import Input

_PREPARABLE = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


@states("PrepareStmt", "name argtypes query")
def prepare(walk: Walk, node: Node, memory: Memory) -> Meaning:
    name = node.get("name", "")
    for wrapped in node.get("argtypes", ()):
        type_name(walk, wrapped["TypeName"])
    tag, body = unwrap(node["query"])
    if tag not in _PREPARABLE:
        walk.gap(f"a prepared {tag} is not known")
    walk.found.act("prepare", VerbClass.SESSION, plain("prepared", name))
    remembered = len(walk.found.remember)
    read_statement(walk, tag, body, memory)
    del walk.found.remember[remembered:]
    walk.found.remember.append(lambda memory: memory.prepare(name, Prepared(tag, body)))
    return Meaning("prepare", VerbClass.SESSION)


@states("ExecuteStmt", "name params")
def execute(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """Its body, with these arguments."""
    name = node.get("name", "")
    walk.found.stateful = True
    walk.found.act("execute", VerbClass.SESSION, plain("prepared", name))
    nowhere = Scope(None, With())
    arguments = node.get("params", [])
    for argument in arguments:
        decides(walk, argument, nowhere, Position.ARGUMENT)
    body = memory.prepared.get(name)
    if body is None:
        walk.gap(f"prepared statement {name} is not known")
        return Meaning("execute", VerbClass.CODE, None)
    inner = Walk(
        replace(
            walk.env,
            inputs=[_input(literal(walk, argument)) for argument in arguments],
            arguments=dict(enumerate(arguments, 1)),
        ),
        walk.found,
    )
    inner.depth = walk.depth + 1
    meaning = read_statement(inner, body.tag, body.node, memory)
    return Meaning("execute", meaning.verb_class, meaning.fields)


def _input(text: str | None) -> Input:
    return Input(value=text, opaque=text is None)


@states("DeallocateStmt", "name isall location")
def deallocate(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    name = None if node.get("isall") or "name" not in node else node["name"]
    walk.found.act("deallocate", VerbClass.SESSION, plain("prepared", name or "all"))
    walk.found.remember.append(lambda memory: memory.deallocate(name))
    return Meaning("deallocate", VerbClass.SESSION)
