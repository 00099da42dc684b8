"""What one statement was found to do, gathered during the walk."""

from collections.abc import Callable
from operator import attrgetter

from passgate.core.action import Atom, ObjectRef, Position, VerbClass
from passgate.languages.sql.lineage import NO_SOURCES, Reach, StoredColumn
from passgate.languages.sql.memory import Memory

_ORDER = attrgetter("order")


class Findings:
    """Atoms in order of discovery, each once; gaps; facts.

    ``passed_on`` are columns that a derived table hands on: if nothing ever uses them they still were read, and are reported
    as output, the position that a mask or a deny is written for; ``computed_on`` are those that what is handed on is computed from.
    ``remember``: what its success changes in what the
    session remembers. ``stateful``: the meaning depends on what the session did before.
    """

    __slots__ = (
        "_seen",
        "_used",
        "atoms",
        "computed_on",
        "explaining",
        "facts",
        "gaps",
        "inputs_matter",
        "passed_on",
        "read_verb",
        "remember",
        "stateful",
    )

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.gaps: dict[str, None] = {}
        self.facts: dict[str, bool | int | str] = {}
        self.inputs_matter = False
        self.read_verb = "select"
        self.explaining = False
        self.remember: list[Callable[[Memory], None]] = []
        self.stateful = False
        self.passed_on: list[frozenset[StoredColumn]] = []
        self.computed_on: frozenset[StoredColumn] = NO_SOURCES
        self._seen: set[int | Atom] = set()
        self._used: set[StoredColumn] = set()

    def add(self, atom: Atom) -> None:
        """One atom that is not interned."""
        if atom not in self._seen:
            self._seen.add(atom)
            self.atoms.append(atom)

    def interned(self, atom: Atom) -> None:
        """One atom of which there is a single object, so that its identity tells it apart."""
        key = id(atom)
        if key not in self._seen:
            self._seen.add(key)
            self.atoms.append(atom)

    def use(self, sources: frozenset[StoredColumn], position: Position) -> None:
        """Columns whose values are used in that position."""
        if not sources:
            return
        verb = self.read_verb
        for source in sources if len(sources) == 1 else sorted(sources, key=_ORDER):
            self._used.add(source)
            self.interned(source.read(verb, position))

    def act(
        self,
        verb: str,
        verb_class: VerbClass,
        object_: ObjectRef,
        *,
        column: str = "",
        position: Position = Position.NONE,
        where_effective: bool = False,
        key_pinned: bool = False,
    ) -> None:
        """Something done to an object; where the statement is only explained, nothing is but to read how it would be."""
        if self.explaining:
            verb, verb_class = self.read_verb, VerbClass.READ
            where_effective = key_pinned = False
        self.add(
            Atom(
                verb=verb,
                verb_class=verb_class,
                object=object_,
                column=column,
                position=position,
                where_effective=where_effective,
                key_pinned=key_pinned,
            )
        )

    def write(self, verb: str, object_: ObjectRef, how: Reach, column: str = "") -> None:
        """Rows written."""
        position = Position.TARGET if column else Position.NONE
        self.act(
            verb,
            VerbClass.WRITE,
            object_,
            column=column,
            position=position,
            where_effective=how.where_effective,
            key_pinned=how.key_pinned,
        )

    def gap(self, reason: str) -> None:
        """Something was not understood."""
        self.gaps[reason] = None

    def fact(self, name: str) -> None:
        """A yes to one of the language's own facts."""
        self.facts[name] = True

    def settle(self) -> None:
        """Report the columns that were handed on and never used."""
        for sources in self.passed_on:
            self.use(sources - self._used, Position.OUTPUT)
