"""Prepared statements and portals, as far as the gate must know them: which text and values an Execute is about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, final

from passgate.codecs.postgres.bind import Bind

MOST = 10_000
"""Statements, and portals, that one session may keep open. pgJDBC keeps 256, asyncpg 100, PgBouncer 200 by default."""

RESERVED = "passgate_"
"""Names with this prefix are the gate's own: prepared statements, portals, savepoints."""

LONGEST = 63
"""Bytes of a name that the server looks at (NAMEDATALEN less its NUL): two longer ones that begin alike are one to it."""

Undo = Callable[[], None]


def unusable(what: str, name: str) -> tuple[str, str] | None:
    """SQLSTATE and reason why a client cannot give this name to something; None if it can."""
    if name.startswith(RESERVED):
        return "42602", f"{what} names that begin with {RESERVED} are the gate's own"
    if len(name.encode()) > LONGEST:
        return "42622", f"{what} names may have {LONGEST} bytes"
    return None


@dataclass(slots=True, kw_only=True, eq=False)
class Statement:
    """One Parse.

    ``parameter_types`` are those of Parse until a Describe says what the server chose. ``description`` is the whole RowDescription
    message, empty where the server said NoData, None while nothing is known; ``epoch`` numbers the meaning it was asked under.
    ``ask_at_bind``: its Bind is asked about too, since planning alone may run what the values say.
    """

    name: str
    text: str
    parameter_types: tuple[int, ...] = ()
    description: bytes | None = None
    epoch: int = -1
    ask_at_bind: bool = False


@final
class Portal:
    """One Bind, tied to the very statement it was bound to, whatever that name means later.

    ``data`` is the message itself, for binding once more. ``round`` counts Syncs and simple queries: when a transaction ends,
    every portal of the rounds up to then is gone.
    """

    __slots__ = ("bind", "data", "name", "round", "statement")

    def __init__(self, *, name: str, statement: Statement, bind: Bind, data: bytes, round: int) -> None:  # noqa: A002 - as the protocol counts
        self.name: Final = name
        self.statement: Final = statement
        self.bind: Final = bind
        self.data: Final = data
        self.round: Final = round


T = TypeVar("T", Statement, Portal)


class Names(Generic[T]):
    """A table as the server will have it once it has carried out everything sent so far.

    Every change answers with how to undo it, for the server may skip the message that asked for it: a name must never point to a
    text the server does not have under it.
    """

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[str, T] = {}

    def get(self, name: str) -> T | None:
        return self._entries.get(name)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        return len(self._entries) >= MOST

    def set(self, name: str, entry: T) -> Undo:
        return self._change(name, entry)

    def remove(self, name: str) -> Undo:
        return self._change(name, None)

    def forget(self, names: Iterable[str] | None) -> None:
        """These, or all."""
        for name in tuple(self._entries) if names is None else names:
            self._entries.pop(name, None)

    def drop(self, gone: Callable[[T], bool]) -> None:
        for name in [name for name, entry in self._entries.items() if gone(entry)]:
            del self._entries[name]

    def _change(self, name: str, entry: T | None) -> Undo:
        entries = self._entries
        before = entries.get(name)
        _put(entries, name, entry)
        return lambda: _put(entries, name, before)


def _put(entries: dict[str, T], name: str, entry: T | None) -> None:
    if entry is None:
        entries.pop(name, None)
    else:
        entries[name] = entry
