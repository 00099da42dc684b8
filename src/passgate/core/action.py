"""One thing about to happen, in the same shape for every protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from passgate.core.finding import Field, Finding, FindingClass


class VerbClass(StrEnum):
    """What a verb does to the world, coarse enough for a pass to name (``--verbs read,write``)."""

    READ = "read"
    WRITE = "write"  # changes rows, values, counters
    DDL = "ddl"  # changes structure
    ADMIN = "admin"  # privileges, server administration, maintenance, locks that block others
    CODE = "code"  # defines or runs code that the gate cannot see into
    EGRESS = "egress"  # reaches files, programs or networks beyond the resource
    SESSION = "session"  # settings, roles, transaction control, cursors: the session itself


class Position(StrEnum):
    """Where in an action a column is used."""

    OUTPUT = "output"  # its value, or something computed of it, reaches the caller
    RETURNING = "returning"  # as output, through a write's RETURNING
    PREDICATE = "predicate"  # WHERE, HAVING, ON, CASE WHEN, LIMIT, FILTER: decides which rows or values
    GROUP = "group"
    ORDER = "order"
    JOIN = "join"
    SOURCE = "source"  # read in order to be written somewhere else (INSERT ... SELECT, SET x = col)
    TARGET = "target"  # the column written to
    ARGUMENT = "argument"  # handed to something whose result does not show it
    NONE = "none"  # the atom is about the object as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """One object, resolved: ``kind`` relation, function, setting, role, schema, file, program, transaction, ...

    ``namespace`` is the schema (or server) it was resolved to, empty where the kind has none.
    ``known`` is False where the catalog has no such object: such an action is never complete.
    ``system`` marks what ships with the server. ``effect`` says what a function or setting does
    (``pure``, ``read``, ``write``, ``file``, ``network``, ``dynamic``, ``admin``, ``lock``, ``sleep``, ``unknown``).
    """

    kind: str
    name: str
    namespace: str = ""
    system: bool = False
    known: bool = True
    effect: str = ""
    tags: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """What an action does to one object: ``(verb, object, column, position)``.

    ``where_effective`` and ``key_pinned`` are said of writes: whether the condition really narrows the rows (constants
    folded), and whether it pins the whole primary key to given values. They are False, the strict side, elsewhere.
    """

    verb: str
    verb_class: VerbClass
    object: ObjectRef
    column: str = ""
    position: Position = Position.NONE
    where_effective: bool = False
    key_pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRef:
    """A column of a stored object."""

    namespace: str
    object: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One part of a result by lineage.

    ``sources``: every stored column whose value can show in it. ``direct``: it is a bare copy of exactly one source, so
    that a partial mask keeps its meaning; anything computed is masked whole.
    """

    name: str
    sources: frozenset[ColumnRef] = frozenset()
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A statement, a tool call, a prompt, a command.

    ``kind`` names the language (``sql.query``). ``text`` is the exact slice that will run. ``complete`` is False when
    not all of it was understood, and then ``gaps`` says what was not; nothing incomplete is allowed unless a rule says
    so. ``outputs`` is None when the result's shape cannot be told from the text (then every part is treated as unproven).
    ``inputs`` are bound parameters by position or name, already rendered as text, for rules and the ledger's digest.
    ``fingerprint`` is equal for actions that differ in literals only. ``facts`` are the language's own extra attributes,
    each declared to policy (for SQL: ``sql.cartesian``, ``sql.locking``, ...). ``findings``: what detectors saw in it,
    None where nobody looked.
    """

    kind: str
    verb: str
    verb_class: VerbClass
    text: str
    atoms: tuple[Atom, ...]
    complete: bool = True
    gaps: tuple[str, ...] = ()
    outputs: tuple[Output, ...] | None = None
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    fingerprint: str = ""
    facts: Mapping[str, bool | int | str] = field(default_factory=dict)
    findings: tuple[Finding, ...] | None = None


def finding_atom(verb: str, class_: FindingClass, type_: str, field: Field) -> Atom:
    """``verb``: ``disclose`` where it would reach the target, ``reveal`` where it comes back, ``restore`` where a token of it would
    turn into its value again. The type is the object's name, its class the namespace, the field the column."""
    object_ = ObjectRef(kind="finding", name=type_, namespace=class_)
    return Atom(verb=verb, verb_class=VerbClass.READ, object=object_, column=field)
