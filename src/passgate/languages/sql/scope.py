"""What names mean inside one query level: FROM items, CTEs, and the levels around it (as PostgreSQL's parse_relation.c has it)."""

from collections.abc import Mapping, Sequence
from itertools import chain

from passgate.languages.sql.catalog import SYSTEM_COLUMNS
from passgate.languages.sql.lineage import Field, Value, derived, row
from passgate.languages.sql.names import Table

AMBIGUOUS = Value(type="ambiguous")
"""Stands where two columns have one name; compared by identity."""


class Entry:
    """A FROM item that can be named: ``alias.column``.

    ``rest`` is set where its columns cannot all be told (a function returning record): any other name is one
    of them and shows that.
    ``leaves``: the relations it joins, itself if it is none; ``large``: it may hold many rows.
    """

    __slots__ = ("fields", "index", "large", "leaves", "name", "namespace", "only", "rest", "table")

    def __init__(
        self,
        name: str,
        fields: Sequence[Field],
        *,
        namespace: str = "",
        table: Table | None = None,
        only: bool = False,
        index: Mapping[str, Value] | None = None,
        rest: Value | None = None,
        large: bool = False,
        leaves: frozenset[int] | None = None,
    ) -> None:
        self.name = name
        self.fields = fields
        self.namespace = namespace
        self.table = table
        self.only = only
        self.rest = rest
        self.index = index_of(fields) if index is None else index
        self.large = large
        self.leaves = frozenset((id(self),)) if leaves is None else leaves

    @property
    def open(self) -> bool:
        return self.rest is not None or (self.table is not None and self.table.open)

    def column(self, name: str) -> Value | None:
        """The value of a column; AMBIGUOUS if several have that name; None if it has none."""
        found = self.index.get(name)
        return self.unlisted(name) if found is None else found

    def unlisted(self, name: str) -> Value | None:
        """A column that ``*`` does not show: a system column, or one of those that cannot be told."""
        if self.table is not None and (name in SYSTEM_COLUMNS or self.table.open):
            return self.table.column(name, only=self.only)
        return self.rest

    def whole(self) -> Value:
        """The item as one row value."""
        whole = row(self.fields)
        return whole if self.rest is None else derived((whole, self.rest))


class Item:
    """One element of FROM: what ``*`` shows of it, and what can be named inside it."""

    __slots__ = ("entries", "fields", "index")

    def __init__(
        self, entries: tuple[Entry, ...], fields: Sequence[Field], index: Mapping[str, Value] | None = None
    ) -> None:
        self.entries = entries
        self.fields = fields
        self.index = index_of(fields) if index is None else index

    @classmethod
    def of(cls, entry: Entry) -> "Item":
        """An item that is one entry."""
        return cls((entry,), entry.fields, entry.index)

    def column(self, name: str) -> Value | None:
        found = self.index.get(name)
        if found is None:
            for entry in self.entries:
                value = entry.unlisted(name)
                if value is not None:
                    if found is not None:
                        return AMBIGUOUS
                    found = value
        return found


class Cte:
    """A name defined by WITH. ``fields`` is None while its definition is being understood."""

    __slots__ = ("fields", "large", "name")

    def __init__(self, name: str, fields: Sequence[Field] | None = None) -> None:
        self.name = name
        self.fields = fields
        self.large = True


class With:
    """The CTE names visible at one level, and those around it."""

    __slots__ = ("around", "names")

    def __init__(self, around: "With | None" = None) -> None:
        self.names: dict[str, Cte] = {}
        self.around = around

    def find(self, name: str) -> Cte | None:
        level: With | None = self
        while level is not None:
            found = level.names.get(name)
            if found is not None:
                return found
            level = level.around
        return None

    def all_names(self) -> frozenset[str]:
        """Every name in sight."""
        names: set[str] = set()
        level: With | None = self
        while level is not None:
            names.update(level.names)
            level = level.around
        return frozenset(names)


class Scope:
    """One query level.

    ``touched``, where set, gathers which FROM items an expression mentions; ``leaves`` are the items without those that only join
    others; ``joins`` notes what is joined; ``windows`` what named windows order by.
    """

    __slots__ = ("items", "joins", "leaves", "parent", "touched", "windows", "with_")

    def __init__(self, parent: "Scope | None", with_: With, items: Sequence[Item] = ()) -> None:
        self.parent = parent
        self.with_ = with_
        self.items = list(items)
        self.touched: set[int] | None = None
        self.leaves: list[Entry] = []
        self.joins: Joins | None = None
        self.windows: dict[str, Value] = {}

    def column(self, name: str) -> Value | None:
        """An unqualified name: the innermost level that has it."""
        level: Scope | None = self
        while level is not None:
            found: Value | None = None
            for item in level.items:
                value = item.column(name)
                if value is not None:
                    if found is not None:
                        return AMBIGUOUS
                    found = value
                    if level.touched is not None:
                        level.touched.update(
                            *(entry.leaves for entry in item.entries if entry.column(name) is not None)
                        )
            if found is not None:
                return found
            level = level.parent
        return None

    def entry(self, name: str, namespace: str = "") -> Entry | None:
        """A FROM item by name: the innermost level that has it."""
        level: Scope | None = self
        while level is not None:
            for item in level.items:
                for entry in item.entries:
                    if entry.name == name and (not namespace or entry.namespace == namespace):
                        if level.touched is not None:
                            level.touched |= entry.leaves
                        return entry
            level = level.parent
        return None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The items of this level that can be named."""
        return tuple(chain.from_iterable(item.entries for item in self.items))

    @property
    def fields(self) -> tuple[Field, ...]:
        """What a bare ``*`` shows."""
        return tuple(chain.from_iterable(item.fields for item in self.items))

    def inside(self, *items: Item) -> "Scope":
        """The right side of a join: it sees these items besides those of the level."""
        return self._beside((*self.items, *items))

    def between(self, *items: Item) -> "Scope":
        """The condition of a join: it sees the two sides only."""
        return self._beside(items)

    def _beside(self, items: Sequence[Item]) -> "Scope":
        level = Scope(self.parent, self.with_, items)
        level.leaves = self.leaves
        level.joins = self.joins
        return level


class Joins:
    """Which FROM items of one level are joined by a condition, and which are pinned to one row by their key."""

    __slots__ = ("joined", "pinned")

    def __init__(self) -> None:
        self.joined: list[frozenset[int]] = []
        self.pinned: set[int] = set()

    def join(self, leaves: frozenset[int]) -> None:
        if len(leaves) > 1:
            self.joined.append(leaves)

    def cartesian(self, leaves: Sequence[Entry]) -> bool:
        """Whether two items that may hold many rows are joined by nothing, not even through others."""
        large = [id(leaf) for leaf in leaves if leaf.large and id(leaf) not in self.pinned]
        if len(large) < 2:
            return False
        group: dict[int, int] = {}
        for joined in self.joined:
            first, *others = joined
            root = _root(group, first)
            for other in others:
                group[_root(group, other)] = root
        return len({_root(group, leaf) for leaf in large}) > 1


def _root(group: dict[int, int], leaf: int) -> int:
    while (parent := group.setdefault(leaf, leaf)) != leaf:
        leaf = parent
    return leaf


def index_of(fields: Sequence[Field]) -> dict[str, Value]:
    """Fields by name; a name that stands twice is AMBIGUOUS."""
    index: dict[str, Value] = {}
    for name, value in fields:
        index[name] = AMBIGUOUS if name in index else value
    return index
