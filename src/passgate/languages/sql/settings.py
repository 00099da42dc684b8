"""Settings: setting one may change how the rest of the session is understood."""

from collections.abc import Sequence

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.knowledge import setting_effect
from passgate.languages.sql.walk import Walk

SEARCH_PATH = "search_path"

_OWN_VERBS = {"role": "set_role", "session_authorization": "set_session_authorization"}
_TRANSACTION = frozenset({"transaction_isolation", "transaction_read_only", "transaction_deferrable"})


_TAME = {
    "client_encoding": frozenset({"utf8", "unicode"}),
    "standard_conforming_strings": frozenset({"on", "true", "yes", "1"}),
    "client_min_messages": frozenset({"notice", "warning", "error"}),
}
_ALWAYS_TAME = frozenset({"jit"})
"""What drivers and frameworks set at every connect, with the values that change nothing the gate relies on: what is pinned, set to
what it is pinned to; which notices are sent, but no debug messages; how a query is compiled."""


def setting(name: str, values: Sequence[str | None] | None = None) -> ObjectRef:
    """A setting as policy sees it. Names with a dot are the database's own and mean nothing to the server.

    ``values``: what it is set to, where that is written. It decides the effect of the few settings that have tame values.
    """
    lower = name.lower()
    return ObjectRef(
        kind="setting",
        name=lower,
        system="." not in lower,
        effect="tame" if _is_tame(lower, values) else setting_effect(lower),
    )


def _is_tame(name: str, values: Sequence[str | None] | None) -> bool:
    if values is None:
        return False
    if name in _ALWAYS_TAME:
        return True
    tame = _TAME.get(name)
    if tame is None or len(values) != 1:
        return False
    text = values[0]
    if text is None:
        return False
    lower = text.lower()
    return (lower.replace("-", "").replace("_", "") if name == "client_encoding" else lower) in tame


def verb_of_setting(verb: str, name: str) -> str:
    """``SET role`` is SET ROLE, however it is spelled."""
    lower = name.lower()
    return "set_transaction" if lower in _TRANSACTION else _OWN_VERBS.get(lower, verb)


def act_on_setting(walk: Walk, verb: str, name: str, values: Sequence[str | None] | None) -> str:
    """One setting set or reset, wherever that is written; ``values`` None is its default. Returns the verb."""
    found = setting(name, values)
    verb = verb_of_setting(verb, found.name)
    walk.found.act(verb, VerbClass.SESSION, found)
    if found.name == SEARCH_PATH and values is not None:
        path = None if None in values else tuple(value for value in values if value is not None)
        walk.found.remember.append(lambda memory: memory.move_path(path))
    return verb


def listed(text: str) -> list[str | None]:
    """A list of identifiers in one text, as set_config() takes it."""
    return [
        part[1:-1].replace('""', '"') if part[:1] == '"' else part.lower() for part in map(str.strip, text.split(","))
    ]
