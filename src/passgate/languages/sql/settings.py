"""Settings: setting one may change how the rest of the session is understood."""

from collections.abc import Sequence

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.knowledge import setting_effect
from passgate.languages.sql.walk import Walk

SEARCH_PATH = "search_path"


def setting(name: str) -> ObjectRef:
    """A setting as policy sees it. Names with a dot are the database's own and mean nothing to the server."""
    lower = name.lower()
    return ObjectRef(kind="setting", name=lower, system="." not in lower, effect=setting_effect(lower))


def act_on_setting(walk: Walk, verb: str, name: str, values: Sequence[str | None]) -> None:
    """One setting set or reset, wherever that is written."""
    found = setting(name)
    walk.found.act(verb, VerbClass.SESSION, found)
    if found.name == SEARCH_PATH:
        path = None if None in values else tuple(value for value in values if value is not None)
        walk.found.remember.append(lambda memory: memory.move_path(path))
