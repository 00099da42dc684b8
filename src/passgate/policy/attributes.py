"""Every attribute that a condition may use, in one typed table.

A protocol extends the table with attributes of its own, told apart by their first word (``sql.``): in an action of another kind
they are missing values, so a rule guards them with ``action.kind`` or ``resource.kind``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from passgate.core.action import Action, Atom, VerbClass
from passgate.core.principal import Principal
from passgate.core.session import Session
from passgate.policy.cel import (
    BOOL,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    EvaluationError,
    Frame,
    ListType,
    MapType,
    RecordType,
    SetType,
    StringType,
    Type,
    Value,
)
from passgate.policy.vocabulary import (
    ACTION_KINDS,
    COUNTERS,
    EFFECTS,
    FINDING_CLASSES,
    FINDING_FIELDS,
    FINDING_TYPES,
    OBJECT_KINDS,
    OBJECT_TAGS,
    POSITIONS,
    PRINCIPAL_KINDS,
    RESOURCE_KINDS,
    VERB_CLASSES,
    VERBS,
)


class Moment(Frame):
    """What is true while one atom of one action of one session is judged, for one principal of the session's chain."""

    __slots__ = ("_only_reads", "action", "atom", "principal", "session")

    def __init__(self, action: Action, session: Session, atom: Atom) -> None:
        self.steps = 0  # as the base does, without the cost of a call for each decision
        self.variables = {}
        self.action = action
        self.session = session
        self.atom = atom
        self.principal = session.principal
        self._only_reads: bool | None = None

    @property
    def only_reads(self) -> bool:
        """Whether nothing in the action does more than read, so that it can run where writing is impossible."""
        if self._only_reads is None:
            classes = {atom.verb_class for atom in self.action.atoms} | {self.action.verb_class}
            self._only_reads = classes <= _READING
        return self._only_reads


_READING = frozenset({VerbClass.READ, VerbClass.SESSION})


class Scope(IntEnum):
    """How long an attribute keeps its value. What a whole session has in common is evaluated once."""

    SESSION = 0
    ACTION = 1
    ATOM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Attribute):
    """``assumed``: its value in a rule's own tests that do not give it, None for the empty value of its type.

    ``volatile``: it may differ the next time the same action is asked about, so that no decision by it may be kept.
    ``personal``: it differs from one principal of a chain to the next.
    """

    scope: Scope
    read: Callable[[Moment], Value]
    assumed: Value = None
    volatile: bool = False
    personal: bool = False


def _of_session(name: str, kind: Type, read: Callable[[Session], Value], *, optional: bool = False) -> Declared:
    def found(moment: Moment) -> Value:
        value = read(moment.session)
        if value is None:
            raise EvaluationError(f"{name} has no value")
        return value

    return Declared(name=name, type=kind, optional=optional, scope=Scope.SESSION, read=found)


def _of_principal(name: str, kind: Type, read: Callable[[Principal], Value]) -> Declared:
    return Declared(
        name=f"principal.{name}",
        type=kind,
        scope=Scope.SESSION,
        read=lambda moment: read(moment.principal),
        personal=True,
    )


def _of_delegator(name: str, kind: Type, read: Callable[[Principal], Value]) -> Declared:
    whole = f"principal.on_behalf_of.{name}"

    def found(moment: Moment) -> Value:
        delegator = moment.principal.on_behalf_of
        if delegator is None:
            raise EvaluationError(f"{whole} has no value")
        return read(delegator)

    return Declared(name=whole, type=kind, optional=True, scope=Scope.SESSION, read=found, personal=True)


def _of_action(name: str, kind: Type, read: Callable[[Moment], Value], *, assumed: Value = None) -> Declared:
    return Declared(name=name, type=kind, scope=Scope.ACTION, read=read, assumed=assumed)


def _of_atom(name: str, kind: Type, read: Callable[[Moment], Value], *, assumed: Value = None) -> Declared:
    return Declared(name=name, type=kind, scope=Scope.ATOM, read=read, assumed=assumed)


def _of_finding(name: str, kind: Type, read: Callable[[Atom], Value]) -> Declared:
    def found(moment: Moment) -> Value:
        atom = moment.atom
        if atom.object.kind != "finding":
            raise EvaluationError(f"{name} is of findings only, and this is {atom.verb} on {atom.object.kind or 'all'}")
        return read(atom)

    return Declared(name=name, type=kind, optional=True, scope=Scope.ATOM, read=found)


def _fact(name: str, kind: Type, default: bool | int | str) -> Declared:
    """A language's own fact. Where the language ran and did not state it, it does not hold."""
    family = name.partition(".")[0] + "."

    def found(moment: Moment) -> Value:
        action = moment.action
        if not action.kind.startswith(family):
            raise EvaluationError(f"{name} is of {family}* actions only, and this is {action.kind or 'of no kind'}")
        return action.facts.get(name, default)

    return _of_action(name, kind, found)


def _findings(moment: Moment) -> Value:
    findings = moment.action.findings
    if findings is None:
        raise EvaluationError(f"nobody looked for findings in this action of kind {moment.action.kind!r}")
    return tuple([{"class": f.class_, "type": f.type, "field": f.field, "count": f.count} for f in findings])


_FINDING_CLASS = StringType(values=FINDING_CLASSES)
_FINDING_TYPE = StringType(values=FINDING_TYPES)
_FINDING_FIELD = StringType(values=FINDING_FIELDS)
FINDING = RecordType("finding", {"class": _FINDING_CLASS, "type": _FINDING_TYPE, "field": _FINDING_FIELD, "count": INT})

_PRINCIPAL_KIND = StringType(values=PRINCIPAL_KINDS)
_VERB_CLASS = StringType(values=VERB_CLASSES)
_COUNTERS = MapType(INT, default=0, keys=COUNTERS)

_TABLE: tuple[Declared, ...] = (
    # the atom
    _of_atom("verb", StringType(values=VERBS), lambda m: m.atom.verb),
    _of_atom("verb_class", _VERB_CLASS, lambda m: m.atom.verb_class),
    _of_atom("object.kind", StringType(values=OBJECT_KINDS), lambda m: m.atom.object.kind),
    _of_atom("object.name", STRING, lambda m: m.atom.object.name),
    _of_atom("object.namespace", STRING, lambda m: m.atom.object.namespace),
    _of_atom("object.system", BOOL, lambda m: m.atom.object.system),
    _of_atom("object.known", BOOL, lambda m: m.atom.object.known, assumed=True),
    _of_atom("object.effect", StringType(values=EFFECTS), lambda m: m.atom.object.effect),
    _of_atom("object.tags", SetType(StringType(values=OBJECT_TAGS)), lambda m: m.atom.object.tags),
    _of_atom("column", STRING, lambda m: m.atom.column),
    _of_atom("position", StringType(values=POSITIONS), lambda m: m.atom.position),
    _of_atom("where_effective", BOOL, lambda m: m.atom.where_effective),
    _of_atom("key_pinned", BOOL, lambda m: m.atom.key_pinned),
    _of_finding("finding.class", _FINDING_CLASS, lambda atom: atom.object.namespace),
    _of_finding("finding.type", _FINDING_TYPE, lambda atom: atom.object.name),
    _of_finding("finding.field", _FINDING_FIELD, lambda atom: atom.column),
    # the action
    _of_action("action.kind", StringType(values=ACTION_KINDS), lambda m: m.action.kind),
    _of_action("action.verb", StringType(values=VERBS), lambda m: m.action.verb),
    _of_action("action.verb_class", _VERB_CLASS, lambda m: m.action.verb_class),
    _of_action("action.only_reads", BOOL, lambda m: m.only_reads),
    _of_action("action.fingerprint", STRING, lambda m: m.action.fingerprint),
    _of_action("complete", BOOL, lambda m: m.action.complete, assumed=True),
    _of_action("inputs", ListType(STRING), lambda m: tuple(v for v in m.action.inputs.values() if v is not None)),
    _of_action("findings", ListType(FINDING), _findings),
    _fact("sql.cartesian", BOOL, False),
    _fact("sql.locking", BOOL, False),
    _fact("sql.statements", INT, 1),
    _fact("sql.in_batch", BOOL, False),
    _fact("sql.modifies_data_in_read", BOOL, False),
    _fact("sql.concurrently", BOOL, False),
    _fact("sql.truncated", BOOL, False),
    _fact("llm.model", STRING, ""),
    _fact("llm.provider", STRING, ""),
    _fact("llm.path", STRING, ""),
    _fact("llm.stream", BOOL, False),
    _fact("llm.max_tokens", INT, 0),
    _fact("llm.messages", INT, 0),
    _fact("llm.tools", INT, 0),
    _fact("llm.input_bytes", INT, 0),
    _fact("llm.opaque", INT, 0),
    # what may change during a session
    _of_action("session.tags", SetType(STRING), lambda m: m.session.tags),
    Declared(
        name="session.counters",
        type=_COUNTERS,
        scope=Scope.ACTION,
        read=lambda m: m.session.counters,
        volatile=True,
    ),
    Declared(
        name="task.counters",
        type=_COUNTERS,
        scope=Scope.ACTION,
        read=lambda m: m.session.task.counters,
        volatile=True,
    ),
    _of_action("session.user", STRING, lambda m: m.session.user),
    _of_action("session.database", STRING, lambda m: m.session.database),
    # what may not
    _of_session("session.peer", STRING, lambda s: s.peer),
    _of_session("session.opened", TIMESTAMP, lambda s: s.opened),
    _of_principal("kind", _PRINCIPAL_KIND, lambda p: p.kind),
    _of_principal("subject", STRING, lambda p: p.subject),
    _of_principal("groups", SetType(STRING), lambda p: p.groups),
    _of_principal("chain", ListType(STRING), lambda p: tuple([str(link) for link in p.links()])),
    _of_delegator("kind", _PRINCIPAL_KIND, lambda p: p.kind),
    _of_delegator("subject", STRING, lambda p: p.subject),
    _of_delegator("groups", SetType(STRING), lambda p: p.groups),
    _of_session("pass.purpose", STRING, lambda s: s.pass_.purpose),
    _of_session("pass.ticket", STRING, lambda s: s.pass_.ticket, optional=True),
    _of_session("pass.task", STRING, lambda s: s.pass_.task),
    _of_session("pass.verbs", SetType(_VERB_CLASS), lambda s: s.pass_.verbs),
    _of_session("pass.issued", TIMESTAMP, lambda s: s.pass_.issued),
    _of_session("pass.expires", TIMESTAMP, lambda s: s.pass_.expires),
    _of_session("resource.name", STRING, lambda s: s.resource.name),
    _of_session("resource.kind", StringType(values=RESOURCE_KINDS), lambda s: s.resource.kind),
    _of_session("resource.labels", MapType(STRING), lambda s: s.resource.labels),
)

ATTRIBUTES: Mapping[str, Declared] = {attribute.name: attribute for attribute in _TABLE}
READERS: Mapping[str, Callable[[Moment], Value]] = {attribute.name: attribute.read for attribute in _TABLE}
