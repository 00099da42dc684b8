"""The read-only floor below what an agent may do.

An agent's session starts with ``default_transaction_read_only=on``, so that a statement misjudged as a read cannot write ordinary
tables. A pass that may write lifts the floor where a write was allowed: the row guard runs it in a READ WRITE transaction of its
own, and a transaction block that the client opens without an access mode is given READ WRITE. The settings behind the floor cannot
be changed, and under a pass that may not write no transaction can be made READ WRITE.

What it does not cover: PostgreSQL itself lets a read-only transaction write temporary tables, send notifications, take locks, call
functions that reach files or networks, and run VACUUM or ANALYZE. Inside the client's own READ WRITE block a read runs without the
floor. Sessions of people and services have none.
"""

import re
from collections.abc import Iterable

from passgate.core.action import Action, VerbClass
from passgate.core.principal import PrincipalKind
from passgate.core.session import Session

PARAMETER = ("default_transaction_read_only", "on")

_GUARDED_SETTINGS = frozenset({"default_transaction_read_only", "transaction_read_only"})
_CHANGING = frozenset({VerbClass.WRITE, VerbClass.DDL, VerbClass.ADMIN, VerbClass.CODE, VerbClass.EGRESS})
_OPENING = frozenset({"begin", "set_transaction", "set"})
_LINE_END = re.compile(r"[\r\n]")


class Floor:
    """``stands``: whether this session has one. ``liftable``: whether its pass may write at all."""

    def __init__(self, session: Session) -> None:
        self.stands = session.principal.kind is PrincipalKind.AGENT
        self.liftable = bool(session.pass_.verbs & _CHANGING)

    def objection(self, actions: Iterable[Action]) -> str:
        """Why these actions would take the floor away; empty if they would not."""
        if not self.stands:
            return ""
        for action in actions:
            if any(
                atom.object.kind == "setting" and atom.object.name in _GUARDED_SETTINGS and atom.verb != "show"
                for atom in action.atoms
            ):
                return "the read-only default of an agent's session cannot be changed"
            if not self.liftable and action.verb in _OPENING and "WRITE" in _words(action.text):
                return "the pass does not cover writing, so its transactions are read-only"
        return ""

    def opened(self, actions: tuple[Action, ...]) -> str | None:
        """The text that opens a transaction block so that writes can run in it; None where the client's own will do."""
        if not (self.stands and self.liftable):
            return None
        texts = [_read_write(action) for action in actions]
        if all(text is None for text in texts):
            return None
        return ";\n".join(action.text if text is None else text for action, text in zip(actions, texts, strict=True))


def changes(action: Action) -> bool:
    """Whether a read-only transaction would stand in its way, or should."""
    return action.verb_class in _CHANGING or any(atom.verb_class in _CHANGING for atom in action.atoms)


def _read_write(action: Action) -> str | None:
    if action.verb != "begin":
        return None
    words = _words(action.text)
    return None if "READ" in words and ("ONLY" in words or "WRITE" in words) else " ".join([*words, "READ WRITE"])


def _words(text: str) -> list[str]:
    """A transaction statement's words, upper case. It holds keywords and commas only: neither names nor strings."""
    kept: list[str] = []
    depth = position = 0
    while position < len(text):
        pair = text[position : position + 2]
        if pair == "/*":
            depth += 1
        elif pair == "*/" and depth:
            depth -= 1
        elif pair == "--" and not depth:
            end = _LINE_END.search(text, position)
            position = end.start() if end is not None else len(text)
            continue
        else:
            kept.append(" " if depth else text[position])
            position += 1
            continue
        kept.append(" ")
        position += 2
    return "".join(kept).upper().replace(",", " , ").replace(";", " ").split()
