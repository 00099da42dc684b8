"""Conditions, conjunct by conjunct: what they read, and which FROM items they join."""

from collections.abc import Iterable

from passgate.core.action import Position
from passgate.languages.sql.expressions import value
from passgate.languages.sql.scope import Entry, Scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk


def decide(walk: Walk, wrapped: Node, scope: Scope, position: Position) -> None:
    """A WHERE or ON condition: reports what it reads, and notes in ``scope.joins`` what it joins."""
    joins = scope.joins
    if joins is None:
        walk.found.use(value(walk, wrapped, scope).sources, position)
        return
    for conjunct in _conjuncts(wrapped):
        before, scope.touched = scope.touched, set()
        arms = _arms(conjunct)
        connected: frozenset[int] | None = None
        for arm in arms:
            scope.touched = set()
            walk.found.use(value(walk, arm, scope).sources, position)
            touched = frozenset(scope.touched)
            connected = touched if connected is None else connected & touched
        found = connected or frozenset()
        if len(found) == 1 and len(arms) == 1 and _pins(conjunct, found, scope.leaves):
            joins.pinned |= found
        joins.join(found)
        scope.touched = before
        if before is not None:
            before |= found


def _conjuncts(wrapped: Node) -> list[Node]:
    boolean = wrapped.get("BoolExpr")
    if boolean is not None and boolean.get("boolop") == "AND_EXPR":
        return [part for one in boolean["args"] for part in _conjuncts(one)]
    return [wrapped]


def _arms(wrapped: Node) -> list[Node]:
    """The arms of an OR: it joins only what every arm joins."""
    boolean = wrapped.get("BoolExpr")
    if boolean is not None and boolean.get("boolop") == "OR_EXPR":
        arms: list[Node] = boolean["args"]
        return arms
    return [wrapped]


def _pins(wrapped: Node, leaf: frozenset[int], entries: Iterable[Entry]) -> bool:
    """Whether ``key = value`` leaves at most one row of an item."""
    node = wrapped.get("A_Expr")
    if node is None or node.get("kind") != "AEXPR_OP" or words(node.get("name")) != ("=",):
        return False
    entry = next((entry for entry in entries if entry.leaves == leaf), None)
    if entry is None or entry.table is None:
        return False
    for side, other in (("lexpr", "rexpr"), ("rexpr", "lexpr")):
        names = words(node.get(side, {}).get("ColumnRef", {}).get("fields"))
        if names and entry.table.relation.primary_key == (names[-1],) and "ColumnRef" not in node.get(other, {}):
            return True
    return False
