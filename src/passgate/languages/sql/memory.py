"""What a session did that changes how later text is understood: prepared statements, cursors, the search path, temporary tables."""

from typing import NamedTuple

from passgate.core.action import Atom
from passgate.languages.sql.lineage import Field
from passgate.languages.sql.tree import Node

MAX_PATHS = 4
"""Search paths that may be in force at once; past it unqualified names mean nothing."""

MAX_NAMES = 4096
"""Prepared statements, cursors, temporary tables each; past it a new one is not remembered, and so not known."""


class Prepared(NamedTuple):
    """A statement that SQL PREPARE named."""

    tag: str
    node: Node


class Cursor(NamedTuple):
    """A cursor that DECLARE opened. ``hold``: it outlives its transaction once that commits. ``committed``: it has."""

    atoms: tuple[Atom, ...]
    fields: tuple[Field, ...] | None
    gaps: tuple[str, ...]
    hold: bool = False
    committed: bool = False


class Memory:
    """Mutable; a text with several statements is understood on a copy, as if each statement before had succeeded."""

    __slots__ = ("cursors", "paths", "prepared", "shadowed", "version")

    def __init__(self) -> None:
        self.prepared: dict[str, Prepared] = {}
        self.cursors: dict[str, Cursor] = {}
        self.shadowed: frozenset[str] = frozenset()
        self.paths: tuple[tuple[str, ...], ...] | None = ()
        self.version = 0

    def copy(self) -> "Memory":
        other = Memory()
        other.prepared = dict(self.prepared)
        other.cursors = dict(self.cursors)
        other.shadowed = self.shadowed
        other.paths = self.paths
        other.version = self.version
        return other

    def prepare(self, name: str, statement: Prepared) -> None:
        if len(self.prepared) < MAX_NAMES or name in self.prepared:
            self.prepared[name] = statement

    def deallocate(self, name: str | None) -> None:
        """None is all of them."""
        if name is None:
            self.prepared.clear()
        else:
            self.prepared.pop(name, None)

    def declare(self, name: str, cursor: Cursor) -> None:
        if len(self.cursors) < MAX_NAMES or name in self.cursors:
            self.cursors[name] = cursor

    def close(self, name: str | None) -> None:
        """None is all of them."""
        if name is None:
            self.cursors.clear()
        else:
            self.cursors.pop(name, None)

    def shadow(self, name: str) -> None:
        """A temporary relation of that name now hides the stored one."""
        if name not in self.shadowed and len(self.shadowed) < MAX_NAMES:
            self.shadowed |= {name}
            self.version += 1

    def move_path(self, path: tuple[str, ...] | None) -> None:
        """The search path was changed. A rollback may undo it unseen, so what it was stays possible. None: cannot be told."""
        if path is None or self.paths is None or len(self.paths) >= MAX_PATHS:
            self.paths = None
        elif path not in self.paths:
            self.paths = (*self.paths, path)
        self.version += 1

    def end_transaction(self, *, committed: bool) -> None:
        """Cursors end with their transaction, unless they hold."""
        if committed:
            self.cursors = {
                name: cursor._replace(committed=True) for name, cursor in self.cursors.items() if cursor.hold
            }
        else:
            self.cursors = {name: cursor for name, cursor in self.cursors.items() if cursor.committed}

    def forget(self) -> None:
        """Nothing that was remembered can be relied on any more."""
        self.prepared.clear()
        self.cursors.clear()
        self.paths = None
        self.version += 1
