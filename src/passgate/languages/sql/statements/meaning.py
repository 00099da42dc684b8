"""What a statement means, and who reads which: one table of statement nodes, filled by the modules beside this one."""

from collections.abc import Callable
from typing import NamedTuple

from passgate.core.action import VerbClass
from passgate.languages.sql.lineage import Field
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk


class Meaning(NamedTuple):
    """The statement's own verb and result. ``fields`` None: the shape of the result cannot be told."""

    verb: str
    verb_class: VerbClass
    fields: tuple[Field, ...] | None = ()


StatementReader = Callable[[Walk, Node, Memory], Meaning]

STATEMENTS: dict[str, tuple[frozenset[str], StatementReader]] = {}
"""Every statement that is known, with its fields."""


def states(kind: str, fields: str = "") -> Callable[[StatementReader], StatementReader]:
    """Declare who reads a statement node, and every field that it may have."""

    def declare(function: StatementReader) -> StatementReader:
        STATEMENTS[kind] = (frozenset(fields.split()), function)
        return function

    return declare


def read_statement(walk: Walk, tag: str, node: Node, memory: Memory) -> Meaning:
    """One statement. An unknown one is a gap and code."""
    found = STATEMENTS.get(tag)
    if found is None:
        walk.gap(f"statement {tag} is not known")
        return Meaning("unknown", VerbClass.CODE, None)
    known, read = found
    if not known.issuperset(node):
        walk.check(tag, node, known)
    return read(walk, node, memory)
