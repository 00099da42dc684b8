"""What a client has made of its connection since log-in, so that another connection can be brought to the same.

Settings and roles are kept as the statements that made them, once their transaction has held, to be said again in order. What
cannot be said again (temporary tables, settings inside code that the gate does not see into) is remembered as a reason why not.
"""

from passgate.core.action import Action, Atom, VerbClass

_SAID_AGAIN = frozenset({"set", "reset", "set_role", "set_session_authorization", "set_transaction", "discard"})

_MOST = 64
"""Statements kept: a client that sets more than this is not followed any more."""

_KNOWN = 256
"""Meanings that were found to leave a session as it is; applications repeat a few."""

_TEMPORARY = "pg_temp"


class OwnSettings:
    """``unknown``: why another connection cannot be made the same; empty if it can, by ``statements``."""

    def __init__(self) -> None:
        self.statements: tuple[str, ...] = ()
        self.unknown = ""
        self._unsettled: list[str] = []  # of the transaction that is open, or of the round that is not over
        self._failed = False  # since the server was last idle
        self._ended: frozenset[str] = frozenset()  # how transactions have ended since then
        self._clean: dict[int, tuple[Atom, ...]] = {}

    def carried_out(self, action: Action, tag: str) -> None:
        """The server has done it; ``tag``: the verb of its answer, since it may answer COMMIT with ROLLBACK."""
        if self.unknown:
            return
        if action.verb in _SAID_AGAIN:
            self._unsettled.append(action.text)
            if len(self.statements) + len(self._unsettled) > _MOST:
                self.unknown = "the session has changed its settings too often"
        elif action.verb == "rollback_to":
            self._failed = True  # what comes before it may be undone or not
        elif tag in ("COMMIT", "ROLLBACK"):
            self._ended |= {tag}
        elif self._clean.get(id(action.atoms)) is not action.atoms:
            self._look(action)

    def failed(self) -> None:
        """The server has said no to something."""
        self._failed = True

    def transaction_over(self) -> None:
        """The server is idle again: what was set since it last was so holds, or does not."""
        if self._unsettled:
            if "COMMIT" in self._ended and (self._failed or "ROLLBACK" in self._ended):
                self.unknown = "the session has changed its settings in a transaction of which only a part holds"
            elif not (self._failed or self._ended - {"COMMIT"}):
                self.statements = (*self.statements, *self._unsettled)
            self._unsettled = []
        self._failed, self._ended = False, frozenset()

    def _look(self, action: Action) -> None:
        self.unknown = _hidden(action)
        if len(self._clean) >= _KNOWN:
            self._clean.clear()
        self._clean[id(action.atoms)] = action.atoms


def _hidden(action: Action) -> str:
    """What of it another connection would not have; empty where there is nothing."""
    if action.verb_class is VerbClass.CODE or not action.complete:
        return "the session has run code that may have changed its settings"
    for atom in action.atoms:
        if atom.object.namespace == _TEMPORARY:
            return "the session has temporary tables"
        if atom.object.kind == "setting" and atom.verb != "show":
            return "the session has changed its settings inside a statement"
        if atom.object.kind == "function" and atom.verb_class is VerbClass.CODE:
            return "the session has run code that may have changed its settings"
    return ""
