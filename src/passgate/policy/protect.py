"""The ``protect:`` section: a short way to write the rules that a protected table or column needs.

    protect:
    - {object: payments, as: never}
    - {object: customers, column: ssn, as: never}
    - {object: customers, column: email, as: {mask: {strategy: partial, keep_last: 4}}, inference: deny}

It is sugar and nothing else: each line becomes rules with ids of their own (``protect:customers.email/mask``), which explain shows.
``inference`` is what a masked column means where its value decides or is passed on without being shown (WHERE, ORDER BY, a copy
into another table): ``deny``, the default, ``hold`` or ``allow``. ``when`` limits whom and where a line concerns. Of two lines
about one column one has an ``id``, which its rules' ids bear behind the column's name (``protect:customers.email:support/mask``).
"""

import re
from collections.abc import Iterator, Mapping

from ruamel.yaml.nodes import Node

from passgate.core.decision import Outcome, Strategy
from passgate.policy.attributes import ATTRIBUTES
from passgate.policy.cel import ConditionError, check, parse
from passgate.policy.consequence import read_strategy
from passgate.policy.definition import Definition, Then
from passgate.policy.document import Document, is_mapping, is_text

_KEYS = ("id", "object", "namespace", "column", "as", "when", "inference", "message", "hint")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")

_SHOWN = "position in ['output', 'returning']"
_INFERRED = "position in ['predicate', 'group', 'order', 'join', 'argument', 'source']"


def read_protection(document: Document, node: Node, source: str) -> Iterator[Definition]:
    given = document.mapping(node, "a line of protect", _KEYS)
    before = document.problems
    name = document.name(given.get("object"), "object")
    column = document.name(given.get("column"), "column") or ""
    namespace = document.name(given.get("namespace"), "namespace") or ""
    _check_names(document, given, name or "", column, namespace)
    if document.problems > before and (not name or ("column" in given and not column)):
        return  # what would be protected is not what is meant
    if not name or "as" not in given:
        document.report(
            node, "a line of protect needs object and as", "write {object: customers, column: ssn, as: never}"
        )
        return
    writer = _Writer(
        document=document,
        node=node,
        source=source,
        subject=".".join(part for part in (namespace, name, column) if part) + _distinction(document, given.get("id")),
        condition=_condition(document, given.get("when"), namespace, name, column),
        message=document.sentence(given.get("message"), "message"),
        hint=document.sentence(given.get("hint"), "hint"),
    )
    way = given["as"]
    if is_text(way):
        if document.choice(way, "as", ("never", "{mask: {...}}")):
            if "inference" in given:
                document.report(given["inference"], "inference belongs to a masked column")
            yield writer.rule("", "", Then(outcome=Outcome.DENY), "{object} is protected." if not column else "")
        return
    if not is_mapping(way):
        document.report(way, "as is never or a mask", "write {mask: {strategy: partial}}")
        return
    problems = document.problems
    mask = document.mapping(way, "as", ("mask",)).get("mask")
    if mask is None and document.problems == problems:
        document.report(way, "as says nothing", "write never or {mask: {strategy: partial}}")
    strategy = None if mask is None else read_strategy(document, mask)
    inference = document.choice(given.get("inference"), "inference", list(Outcome)) or Outcome.DENY.value
    if not column:
        document.report(node, "a mask needs a column", "write column: email")
    elif strategy is not None:
        yield from writer.masked(strategy, Outcome(inference))


class _Writer:
    """Writes the rules of one line."""

    def __init__(
        self, *, document: Document, node: Node, source: str, subject: str, condition: str, message: str, hint: str
    ) -> None:
        self._document = document
        self._node = node
        self._source = source
        self._subject = subject
        self._condition = condition
        self._message = message
        self._hint = hint

    def rule(self, name: str, extra: str, then: Then, message: str) -> Definition:
        place = self._document.place(self._node)
        return Definition(
            id=f"protect:{self._subject}{name}",
            when=self._condition + (f" && {extra}" if extra else ""),
            then=then,
            place=place,
            source=self._source,
            place_in=lambda _: place,
            message=self._message or message or "Column {column} of {object} is protected.",
            hint=self._hint,
        )

    def masked(self, strategy: Strategy, inference: Outcome) -> Iterator[Definition]:
        yield self.rule("/mask", _SHOWN, Then(mask=strategy), "")
        if inference is not Outcome.ALLOW:
            message = "Column {column} of {object} is masked, so its value may not decide or be copied ({position})."
            yield self.rule("/inference", _INFERRED, Then(outcome=inference), message)


def _check_names(document: Document, given: Mapping[str, Node], name: str, column: str, namespace: str) -> None:
    """A name that no object bears protects nothing, and nobody would be told."""
    for key, word in (("object", name), ("column", column), ("namespace", namespace)):
        if any(c in "*?%" for c in word):
            document.report(
                given[key], f"{key} is one name, and {word!r} is a pattern", "write a rule with matches() in its when"
            )
    schema, dot, rest = name.partition(".")
    if dot and not namespace:
        document.report(
            given["object"],
            f"object is a name without its schema, and {name!r} has a dot in it",
            f"write namespace: {schema}, object: {rest}" if schema and rest else "name the namespace too",
        )


def _distinction(document: Document, node: Node | None) -> str:
    word = document.text(node, "id")
    if node is None or word is None:
        return ""
    if not _ID.fullmatch(word):
        document.report(node, f"{word!r} is not an id", "use lower-case letters, digits and . _ -")
    return f":{word}"


def _condition(document: Document, when: Node | None, namespace: str, name: str, column: str) -> str:
    terms = ["object.kind == 'relation'", f"object.name == {_quoted(name)}"]
    if namespace:
        terms.append(f"object.namespace == {_quoted(namespace)}")
    if column:
        terms.append(f"column == {_quoted(column)}")
    whom = document.text(when, "when")
    if when is not None and whom is not None:
        try:
            check(parse(whom), ATTRIBUTES)
        except ConditionError as error:
            document.report_in(when, error.offset, error.message, error.remedy)
        else:
            terms.insert(0, f"({whom}\n)")  # on a line of its own: a comment in it ends there
    return " && ".join(terms)


def _quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in "\\'" else f"\\U{ord(c):08x}" for c in text)
    return f"'{escaped}'"
