"""The state of one walk through one statement, and the allow-list that every node passes.

A node type without a reader, or a field that its reader has not declared, is a gap: the action is then incomplete. So a grammar
newer than this code fails closed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from passgate.core.action import ObjectRef
from passgate.languages.sql.catalog import Relation
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.lineage import Value
from passgate.languages.sql.names import Names, Paths, Table, object_of, unknown_object
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.tree import Node, ParsedStatement
from passgate.pipeline.protocols import Input

MAX_DEPTH = 120
"""Levels of expressions and sub-selects inside one another; an ORM needs a dozen. Each costs up to five Python frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a walk knows besides the tree: names, the search paths that may be in force, bound values (None before Bind)."""

    names: Names
    paths: Paths
    database: str = ""
    shadowed: frozenset[str] = frozenset()
    cursors: frozenset[str] = frozenset()
    inputs: Sequence[Input] | None = None
    parse: Callable[[str], tuple[ParsedStatement, ...]] | None = None
    arguments: Mapping[int, Node] = field(default_factory=dict)


class Walk:
    """One statement being understood. ``ran``: the sub-selects and calls that are not pure met so far; the server counts them."""

    __slots__ = ("depth", "env", "found", "names", "ran")

    def __init__(self, env: Environment, found: Findings | None = None) -> None:
        self.env = env
        self.names = env.names
        self.found = Findings() if found is None else found
        self.depth = 0
        self.ran = 0

    def gap(self, reason: str) -> None:
        self.found.gap(reason)

    def check(self, kind: str, node: Node, known: frozenset[str]) -> None:
        """Every field of a node must be known."""
        if not known.issuperset(node):
            for name in node.keys() - known:
                self.found.gap(f"field {kind}.{name} is not known")

    def relation(self, node: Node) -> Relation | None:
        """The stored relation that a RangeVar names; None with a gap if there is none."""
        self.check("RangeVar", node, RANGE_VAR)
        if node.get("catalogname", self.env.database) != self.env.database:
            self.found.gap(f"database {node['catalogname']} is not the session's")
            return None
        name = node.get("relname", "")
        namespace = node.get("schemaname", "")
        if not namespace and name in self.env.shadowed:
            self.found.gap(f"relation {name} may be this session's temporary one")
            return None
        relation = self.names.relation(name, namespace, self.env.paths)
        if relation is None:
            self.found.gap(f"relation {named(node)} is not known")
        return relation

    def read(self, relation: Relation, *, only: bool = False) -> Table:
        """The relation is read: atoms of it as a whole, of what inherits (unless ``only``), and of a view's definition."""
        table = self.names.table(relation)
        for atom in table.whole(self.found.read_verb, only=only):
            self.found.interned(atom)
        body = table.body
        if body is not None:
            for atom in body.atoms:
                self.found.interned(atom)
            for gap in body.gaps:
                self.found.gap(gap)
        return table

    def object(self, node: Node) -> ObjectRef:
        """The object that a RangeVar names, unknown with a gap if there is none."""
        relation = self.relation(node)
        return object_of(relation) if relation is not None else unknown_object("relation", *_parts(node))


RANGE_VAR = frozenset({"catalogname", "schemaname", "relname", "inh", "relpersistence", "alias", "location"})


def named(node: Node) -> str:
    """A RangeVar as written."""
    return ".".join(part for part in (node.get("schemaname", ""), node.get("relname", "")) if part)


def _parts(node: Node) -> tuple[str, str]:
    return node.get("relname", ""), node.get("schemaname", "")


Reader = Callable[[Walk, Node, Scope], Value]
Readers = dict[str, tuple[frozenset[str], Reader]]


def reader(table: Readers, kind: str, fields: str) -> Callable[[Reader], Reader]:
    """Declare who reads a node type, and every field that it may have."""

    def declare(function: Reader) -> Reader:
        table[kind] = (frozenset(fields.split()), function)
        return function

    return declare
