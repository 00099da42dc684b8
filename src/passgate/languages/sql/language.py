"""PostgreSQL's SQL as a language of the pipeline: text to actions, and what a session must remember to understand the next text."""

import re
from collections.abc import Mapping, Sequence

from passgate.core.action import Action, ColumnRef, VerbClass
from passgate.core.errors import NotUnderstoodError
from passgate.core.session import Session
from passgate.languages.sql import statements
from passgate.languages.sql.catalog import Catalog, effective_path
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.lineage import outputs
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.names import Names
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.settings import SEARCH_PATH
from passgate.languages.sql.templates import Probe, Template, Templates, cut
from passgate.languages.sql.tree import ParsedStatement
from passgate.languages.sql.views import ViewReader
from passgate.languages.sql.walk import Environment, Walk
from passgate.pipeline.protocols import Input, Understood

KIND = "sql.query"

_REMEMBERED = frozenset(
    {"prepare", "deallocate", "declare", "close", "discard", "set", "reset", "create", "create_as", "explain"}
)
"""Verbs of statements that change what the session remembers."""

_FACTS: Mapping[str, bool | int | str] = {
    "sql.cartesian": False,  # rows multiply: a join without a condition, or a recursion without one
    "sql.cascades": False,  # a foreign key changes rows of other relations too
    "sql.concurrently": False,  # cannot run inside a transaction
    "sql.in_batch": False,  # one of several statements of one text
    "sql.locking": False,
    "sql.modifies_data_in_read": False,  # a SELECT over a WITH that writes
    "sql.statements": 1,
    "sql.truncated": False,
}

_NEAR = re.compile(r' (?:at or near|near) ".*"', re.DOTALL)
"""The parser quotes the text it stumbled over, which may be a value."""


class SqlLanguage:
    """One resource's SQL. ``catalog`` is replaced when a new snapshot is taken; open sessions follow at their next statement."""

    def __init__(self, *, catalog: Catalog, parser: Parser) -> None:
        self._parser = parser
        self._views = ViewReader(parser)
        self._names = Names(catalog, self._views)

    @property
    def catalog(self) -> Catalog:
        return self._names.catalog

    def use(self, catalog: Catalog) -> None:
        """Another snapshot is in force from now on."""
        if catalog.version != self._names.catalog.version:
            self._names = Names(catalog, self._views)

    @property
    def names(self) -> Names:
        return self._names

    @property
    def parser(self) -> Parser:
        return self._parser

    def open(self, session: Session) -> "SqlUnderstander":
        return SqlUnderstander(language=self, session=session)


class SqlUnderstander:
    """One session's understanding."""

    def __init__(self, *, language: SqlLanguage, session: Session) -> None:
        self._language = language
        self._session = session
        self._memory = Memory()
        self._templates = Templates()
        self._version = ""
        self._versioned: tuple[object, ...] = ()

    @property
    def version(self) -> str:
        """Asked for at every statement, so it is put together anew only where a part of it is another object."""
        language, session, memory = self._language, self._session, self._memory
        path = session.search_path
        known = self._versioned
        if (
            not known
            or known[0] is not language.names
            or known[1] is not session.user
            or known[2] is not path
            or known[3] != memory.version
        ):
            known = self._versioned = (language.names, session.user, path, memory.version)
            self._version = f"{language.catalog.version}/{session.user}/{','.join(path)}/{memory.version}"
        return self._version

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        return self._in_full(text, inputs) if inputs is not None else self._by_template(text)

    def _by_template(self, text: str) -> Understood:
        """As another text was understood that differs in literals only, where that is shown to be right."""
        try:
            data = self._language.parser.checked(text)
        except NotUnderstoodError:
            return self._in_full(text, None)
        parts = cut(data)
        if parts is None:
            return self._in_full(text, None)
        templates = self._templates
        templates.forget(self.version)
        key = b"\0".join(parts)
        known = templates.find(key)
        if known is not None:
            return known.understood(data)
        understood = self._in_full(text, None)
        if templates.repeats(key):
            found = self._proven(Probe(parts))
            templates.keep(key, found if found is not None and found.explains(understood) else None)
        return understood

    def _proven(self, probe: Probe) -> Template | None:
        """What the probe shows to be true of every text like it; None if that is nothing."""
        try:
            parsed = self._language.parser.parse(probe.data)
        except NotUnderstoodError:
            return None
        if len(parsed) != 1 or not probe.watch(parsed[0]):
            return None
        statement = parsed[0]
        action, found = self._one(statement, self._memory, None, 1)
        if not (probe.unseen and action.complete) or found.remember or found.stateful:
            return None
        behind = len(probe.data) - statement.position - len(statement.text.encode())
        return Template(action=action, inputs_matter=found.inputs_matter, before=statement.position, behind=behind)

    def _in_full(self, text: str, inputs: Sequence[Input] | None) -> Understood:
        try:
            parsed = self._language.parser.parse(text)
        except NotUnderstoodError as error:
            return Understood(actions=(_not_understood(text, _NEAR.sub("", str(error))),))
        if not parsed:
            return Understood(
                actions=(Action(kind=KIND, verb="empty", verb_class=VerbClass.SESSION, text=text, atoms=()),)
            )
        memory = self._memory if len(parsed) == 1 else self._memory.copy()
        actions: list[Action] = []
        matter = False
        cacheable = True
        for statement in parsed:
            action, found = self._one(statement, memory, inputs, len(parsed))
            actions.append(action)
            matter = matter or found.inputs_matter
            cacheable = cacheable and not found.stateful
            if len(parsed) > 1:
                _carried_out(memory, found)
        return Understood(actions=tuple(actions), inputs_matter=matter, cacheable=cacheable)

    def succeeded(self, action: Action) -> None:
        if action.verb not in _REMEMBERED and not any(atom.object.name == SEARCH_PATH for atom in action.atoms):
            return
        try:
            parsed = self._language.parser.parse(action.text)
        except NotUnderstoodError:  # it was understood before it ran: only a parser that died in between gets here
            self._memory.forget()
            return
        for statement in parsed:
            _, found = self._one(statement, self._memory, None, 1)
            _carried_out(self._memory, found)

    def transaction_ended(self, *, committed: bool) -> None:
        self._memory.end_transaction(committed=committed)

    def name_taken(self, kind: str, name: str) -> None:
        """A cursor may have gone unseen, with a savepoint that was rolled back: what now has its name is another query."""
        if kind == "cursor":
            self._memory.close(name)
        else:
            self._memory.deallocate(name)

    def origin(self, container: int, part: int) -> ColumnRef | None:
        return self._language.names.origin(container, part)

    def close(self) -> None:
        self._memory = Memory()

    def _one(
        self, statement: ParsedStatement, memory: Memory, inputs: Sequence[Input] | None, count: int
    ) -> tuple[Action, Findings]:
        found = Findings()
        session = self._session
        paths = memory.paths
        own = effective_path((name.strip('"') for name in session.search_path), session.user)
        environment = Environment(
            names=self._language.names,
            paths=() if paths is None else (own, *(path for path in paths if path != own)),
            database=session.database,
            shadowed=memory.shadowed,
            cursors=frozenset(memory.cursors),
            inputs=inputs,
            parse=self._language.parser.parse,
        )
        walk = Walk(environment, found)
        verb, verb_class, fields = "unknown", VerbClass.CODE, None
        try:
            verb, verb_class, fields = statements.read_statement(walk, statement.tag, statement.node, memory)
            found.settle()
        except NotUnderstoodError as error:
            found.gap(str(error))
        except RecursionError:
            found.gap("the statement nests too deeply")
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            found.gap(f"the tree of {statement.tag} is not as expected: {type(error).__name__}")
        facts = {**_FACTS, **found.facts, "sql.statements": count, "sql.in_batch": count > 1}
        if verb != "select":
            facts["sql.modifies_data_in_read"] = False
        action = Action(
            kind=KIND,
            verb=verb,
            verb_class=verb_class,
            text=statement.text,
            atoms=tuple(found.atoms),
            complete=not found.gaps,
            gaps=tuple(found.gaps),
            outputs=None if fields is None or found.gaps else outputs(fields),
            inputs={str(number): one.value for number, one in enumerate(inputs or (), 1)},
            fingerprint=statement.fingerprint,
            facts=facts,
        )
        return action, found


def _carried_out(memory: Memory, found: Findings) -> None:
    for change in found.remember:
        change(memory)


def _not_understood(text: str, reason: str) -> Action:
    return Action(
        kind=KIND, verb="unknown", verb_class=VerbClass.CODE, text=text, atoms=(), complete=False, gaps=(reason,)
    )
