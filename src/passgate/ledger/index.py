"""Finding things: a SQLite index of all logs, which can be thrown away and built anew.

It holds what the leaves say and what recordings show of what came in, both masked; never a statement's text as judged. Every hit
names the log and the entry, so it is one step from a proof.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.ledger.merkle import leaf_hash
from passgate.ledger.reader import Entry, LedgerReader, LogReader
from passgate.ledger.recording import recording_folder
from passgate.ledger.replay import recorded_lines

FILE = "index.db"
_MEMORY = Path(":memory:")
_SEARCHED = ("in", "sent")
_SCHEMA_VERSION = 4
_MOST = 2**53 - 1
"""Of a number that is kept, or of a sum: others may have told it, and SQLite takes 63 bits."""
_PLAIN = frozenset({EventType.SESSION_END, EventType.ACTION_OUTCOME, EventType.HEARTBEAT, EventType.NODE_BOOT})
"""What is counted, not told."""
_SCHEMA = """
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, log TEXT NOT NULL, first INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER, actor TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL, resource TEXT NOT NULL, kind TEXT NOT NULL, pass TEXT NOT NULL, purpose TEXT NOT NULL, ticket TEXT,
  peer TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', allowed INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
);
CREATE VIRTUAL TABLE words USING fts5 (said, log UNINDEXED, place UNINDEXED, session UNINDEXED, at UNINDEXED, kind UNINDEXED);
CREATE TABLE progress (log TEXT PRIMARY KEY, next INTEGER NOT NULL, last BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session as far as its log tells. ``kind``: of its resource.

    ``opened`` and ``closed`` (None while it lives): microseconds since 1970 UTC.
    """

    id: str
    log: str
    first: int
    opened: int
    closed: int | None
    actor: str
    on_behalf_of: str
    resource: str
    kind: str
    pass_: str
    purpose: str
    ticket: str | None
    peer: str
    reason: str
    allowed: int
    refused: int
    rows: int
    tokens: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """``said`` is what was found, with the words in brackets; ``place`` is the entry's index in ``log``."""

    log: str
    place: int
    session: str
    at: int
    kind: str
    said: str


_COLUMNS = ", ".join("pass" if f.name == "pass_" else f.name for f in fields(SessionRow))


class Index:
    """A broken index is thrown away and built anew; LedgerCorruptError comes from the logs themselves."""

    def __init__(self, reader: LedgerReader, connection: sqlite3.Connection) -> None:
        self._reader = reader
        self._db = connection

    @classmethod
    def open(cls, reader: LedgerReader, *, rebuild: bool = False) -> Self:
        """Open, or begin, the index and bring it up to date. On a folder that cannot be written it lives in memory.

        Raises LedgerCorruptError, LedgerUnavailableError, OSError.
        """
        path = reader.path / FILE
        if rebuild:
            _remove(path)
        try:
            index = cls(reader, _connect(path))
            index.update()
        except sqlite3.OperationalError:
            index = cls(reader, _connect(_MEMORY))
        except sqlite3.DatabaseError:
            index = cls(reader, _begun_anew(path))
        else:
            return index
        index.update()
        return index

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def update(self) -> int:
        """Take in what the logs have gained; how many entries that was. Raises sqlite3.DatabaseError for another ledger's index."""
        taken = 0
        logs = self._reader.logs()
        if not {name for (name,) in self._db.execute("SELECT log FROM progress")} <= {log.name for log in logs}:
            raise sqlite3.DatabaseError("the index knows a log that is not here")
        for log in logs:
            with self._db:
                taken += self._follow(log)
        return taken

    def size(self) -> int:
        """Entries taken in."""
        return int(self._db.execute("SELECT coalesce(sum(next), 0) FROM progress").fetchone()[0])

    def sessions(self, limit: int) -> list[SessionRow]:
        """Newest first."""
        found = self._db.execute(f"SELECT {_COLUMNS} FROM sessions ORDER BY opened DESC LIMIT ?", (limit,))  # noqa: S608 - constant names
        return [_session_row(row) for row in found]

    def beginning_with(self, beginning: str) -> list[SessionRow]:
        """The session of that id, or else those whose ids begin so, at most ten."""
        found = self._db.execute(
            f"SELECT {_COLUMNS} FROM sessions WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id = ?1 DESC LIMIT 10",  # noqa: S608 - constant names
            (_unicode(beginning),),
        )
        rows = [_session_row(row) for row in found]
        return rows[:1] if rows and rows[0].id == _unicode(beginning) else rows

    def search(self, words: str, limit: int) -> list[Hit]:
        """Entries and recorded lines that hold every one of the words; a word may end in ``*``."""
        terms = [
            f'"{word.rstrip("*").replace(chr(34), chr(34) * 2)}"{"*" if word.endswith("*") else ""}'
            for word in _unicode(words).split()
        ]
        if not terms:
            return []
        found = self._db.execute(
            "SELECT log, place, session, at, kind, snippet(words, 0, '[', ']', ' ... ', 24) FROM words WHERE words MATCH ?"
            " ORDER BY rank LIMIT ?",
            (" ".join(terms), limit),
        )
        return [
            Hit(log=log, place=place, session=session, at=at, kind=kind, said=said)
            for log, place, session, at, kind, said in found
        ]

    def forget(self, session: str) -> None:
        """Drop the words of an erased session, also from where SQLite would keep what nobody finds any more.

        Raises LedgerUnavailableError, OSError.
        """
        path = self._reader.path / FILE
        if not self._db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0]:
            _remove(path)  # there is one that could not be used just now
            return
        try:
            with self._db:
                self._db.execute("DELETE FROM words WHERE session = ? AND kind = 'in'", (session,))
                self._db.execute(
                    "INSERT INTO words (words) VALUES ('optimize')"
                )  # its terms stay in their segment until then
        except sqlite3.OperationalError as error:
            raise LedgerUnavailableError(
                f"the index {path} keeps the session's words: {error}; run it again"
            ) from error

    # -- following a log -----------------------------------------------------------------------------------------

    def _follow(self, log: LogReader) -> int:
        known = self._db.execute("SELECT next, last FROM progress WHERE log = ?", (log.name,)).fetchone()
        start, last = known or (0, b"")
        entries = log.entries(max(start - 1, 0))
        if start:
            before = next(entries, None)
            if before is None or leaf_hash(before.leaf) != last:
                raise sqlite3.DatabaseError("the index is of another log")
        place = start
        for entry in entries:
            self._take(entry)
            place, last = entry.index + 1, leaf_hash(entry.leaf)
        if place > start:
            self._db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", (log.name, place, last))
        return int(place - start)

    def _take(self, entry: Entry) -> None:
        if entry.session:
            self._take_session(entry)
        if entry.type == EventType.REC_CHUNK:
            self._take_chunk(entry)
            return
        said = " ".join(_words(entry.event))
        if said:
            self._add(said, entry, entry.type)

    def _add(self, said: str, entry: Entry, kind: str) -> None:
        self._db.execute(
            "INSERT INTO words VALUES (?, ?, ?, ?, ?, ?)",
            (said, entry.log.name, entry.index, entry.session, entry.event["time"], kind),
        )

    def _take_session(self, entry: Entry) -> None:
        event, detail = entry.event, entry.event.get("detail", {})
        if entry.type == EventType.SESSION_START:
            actor, grant, target = (event.get(part, {}) for part in ("actor", "pass", "target"))
            behind = actor.get("on_behalf_of", [])
            self._db.execute(
                "INSERT OR IGNORE INTO sessions"
                " (id, log, first, opened, actor, on_behalf_of, resource, kind, pass, purpose, ticket, peer)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.session,
                    entry.log.name,
                    entry.index,
                    event["time"],
                    _who(actor),
                    ", ".join(_who(one) for one in behind),
                    target.get("name", ""),
                    target.get("kind", ""),
                    grant.get("id", ""),
                    grant.get("purpose", ""),
                    _text(grant.get("ticket")),
                    actor.get("peer", ""),
                ),
            )
        elif entry.type == EventType.SESSION_END:
            self._db.execute(
                "UPDATE sessions SET closed = ?, reason = ?, bytes = ?, rows = coalesce(?, rows) WHERE id = ?",
                (
                    event["time"],
                    str(detail.get("reason", "")),
                    _number(detail.get("bytes", 0)),
                    None if detail.get("rows") is None else _number(detail["rows"]),
                    entry.session,
                ),
            )
        elif entry.type == EventType.ACTION_INTENT:
            self._db.execute("UPDATE sessions SET allowed = allowed + 1 WHERE id = ?", (entry.session,))
        elif entry.type == EventType.ACTION_REFUSED:
            self._db.execute("UPDATE sessions SET refused = refused + 1 WHERE id = ?", (entry.session,))
        elif entry.type == EventType.ACTION_OUTCOME:
            self._db.execute(
                f"UPDATE sessions SET rows = min(rows + ?, {_MOST}), tokens = min(tokens + ?, {_MOST}) WHERE id = ?",  # noqa: S608 - a number
                (_came_back(detail), _number(detail.get("tokens", 0)), entry.session),
            )

    def _take_chunk(self, entry: Entry) -> None:
        keys = self._reader.session_keys(entry.log, entry.session)
        folder = recording_folder(entry.log.directory, entry.session)
        for line in recorded_lines(folder, (entry,), keys):
            if line.channel in _SEARCHED:
                self._add(line.data.decode("utf-8", "replace"), entry, "in")


def _came_back(detail: Any) -> int:  # noqa: ANN401 - a leaf's JSON
    """Of a write, an outcome counts the rows that it touched: none of them came back, and some may be rolled back."""
    return _number(detail.get("rows", 0)) if detail.get("bytes", 0) else 0


def _number(value: Any) -> int:  # noqa: ANN401 - a leaf's JSON
    """Nothing where it is none, and no more than can be added up."""
    return min(max(value, 0), _MOST) if isinstance(value, int) else 0


def _unicode(words: str) -> str:
    """An argument may be in another encoding, or hold a zero byte, which ends a search's text."""
    return words.encode("utf-8", "replace").decode().replace("\0", " ")


def _text(value: Any) -> str | None:  # noqa: ANN401 - a leaf's JSON
    return value if isinstance(value, str) else None


def _who(principal: Any) -> str:  # noqa: ANN401 - a leaf's JSON
    return f"{principal.get('kind', '')}:{principal.get('subject', '')}"


def _words(event: Any) -> Iterator[str]:  # noqa: ANN401 - a leaf's JSON
    action, decision = event.get("action", {}), event.get("decision", {})
    if action:
        yield action.get("verb", "")
        yield from action.get("objects", ())
    if decision:
        yield from (decision["outcome"], decision["rule"])
    if event["type"] == EventType.SESSION_START:
        actor, grant = event.get("actor", {}), event.get("pass", {})
        yield from (actor.get("subject", ""), grant.get("purpose", ""), _text(grant.get("ticket")) or "")
        yield from (event.get("target", {}).get("name", ""), grant.get("id", ""))
        yield from (behind["subject"] for behind in actor.get("on_behalf_of", []))
    elif not action and event["type"] not in _PLAIN:
        # Who was turned away and why, who was locked, what was issued: all of it is in the detail.
        yield from (event["type"], event.get("actor", {}).get("subject", ""))
        yield from (value for value in event.get("detail", {}).values() if isinstance(value, str))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA secure_delete = ON")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _SCHEMA_VERSION):
        connection.close()
        raise sqlite3.DatabaseError("the index is of another version")
    if version == 0:
        connection.executescript(f"{_SCHEMA}PRAGMA user_version = {_SCHEMA_VERSION};")
        if path != _MEMORY:
            path.chmod(0o600)
    return connection


def _begun_anew(path: Path) -> sqlite3.Connection:
    """In memory where the folder cannot be written."""
    try:
        _remove(path)
        return _connect(path)
    except (OSError, sqlite3.OperationalError):
        return _connect(_MEMORY)


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + "-journal")):
        name.unlink(missing_ok=True)


def _session_row(row: tuple[Any, ...]) -> SessionRow:
    return SessionRow(**dict(zip((f.name for f in fields(SessionRow)), row, strict=True)))
