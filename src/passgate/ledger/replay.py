"""A session as it was, moment by moment: what came in, what was decided, what the client saw.

Moments come from the session's recording where there is one, and from the log itself for what a recording does not hold (start,
kill, end) or where it was erased. What rows look like is the protocol's business: a ``RowDecoder`` is handed in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import orjson
import zstandard

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType, Json
from passgate.ledger.keys import SessionKey
from passgate.ledger.leaves import Document
from passgate.ledger.reader import Entry, LedgerReader, SessionTexts
from passgate.ledger.recording import Line, joined, lines, recording_folder

_CHUNK_LIMIT = 64 * 1024 * 1024
_TOLD_BY_LOG = frozenset(
    {
        EventType.SESSION_START,
        EventType.SESSION_REFUSED,
        EventType.SESSION_KILLED,
        EventType.SESSION_END,
        EventType.ROW_GUARD,
        EventType.BOUND_HIT,
        EventType.PROTOCOL_ERROR,
        EventType.AUDIT_GAP,
    }
)
_ACTIONS = frozenset({EventType.ACTION_INTENT, EventType.ACTION_OUTCOME, EventType.ACTION_REFUSED})

Cells = tuple[str | None, ...]


class RowDecoder(Protocol):
    """How a protocol's recorded rows read."""

    def rows(self, data: bytes, shape: Document) -> Sequence[Cells]:
        """``data``: all that was stored of one result, perhaps cut at its end; ``shape``: the JSON recorded before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """``at``: seconds since the session began. ``kind``: statement, verdict, result, notice, end, cut or event.

    ``text`` is for people; ``facts`` what it was made of; a result has ``columns`` and ``rows`` (None is NULL). Nothing of it is
    made safe for a terminal.
    """

    at: float
    kind: str
    text: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[Cells, ...] = ()

    def json(self) -> dict[str, Json]:
        body: dict[str, Json] = {"at": f"{self.at:.6f}", "kind": self.kind, "text": self.text, **self.facts}
        if self.kind == "result":
            body |= {"columns": list(self.columns), "rows": [list(row) for row in self.rows]}
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """``recorded``: whether what the client saw is there; False where it was erased or never stored."""

    session: str
    moments: tuple[Moment, ...]
    recorded: bool


def replay(reader: LedgerReader, session: str, decoders: Mapping[str, RowDecoder]) -> Replay | None:
    """None if no log knows the session. ``decoders`` by resource kind. Raises LedgerCorruptError, OSError."""
    entries = reader.session(session)
    if not entries:
        return None
    log = entries[0].log
    keys = reader.session_keys(log, session)
    kind = next((e.event["target"]["kind"] for e in entries if "target" in e.event), "")
    recorded = tuple(recorded_lines(recording_folder(log.directory, session), entries, keys))
    began = entries[0].event["mono"]
    texts = SessionTexts(keys)
    moments: list[Moment] = []
    for entry in entries:
        body = texts.open(entry)
        if entry.type in _TOLD_BY_LOG or (not recorded and entry.type in _ACTIONS):
            moments += _from_log(entry, body or {}, (entry.event["mono"] - began) / 1e6)
    moments += _from_recording(recorded, decoders.get(kind))
    order = {"event": 0}
    moments.sort(key=lambda moment: (moment.at, order.get(moment.kind, 1)))
    ends = [m for m in moments if m.facts.get("type") == EventType.SESSION_END]
    return Replay(session=session, moments=(*(m for m in moments if m not in ends), *ends), recorded=bool(recorded))


def recorded_lines(folder: Path, entries: Sequence[Entry], keys: Mapping[str, SessionKey]) -> Iterator[Line]:
    """In the order in which the log numbers their chunks. A chunk that is gone, or whose key is, is left out."""
    return joined(_parts(folder, entries, keys))


def _parts(folder: Path, entries: Sequence[Entry], keys: Mapping[str, SessionKey]) -> Iterator[Line]:
    for entry in entries:
        if entry.type != EventType.REC_CHUNK:
            continue
        path = folder / entry.event["detail"]["ct_sha256"]
        if not keys or not path.exists():
            continue
        yield from lines(_open_chunk(path.read_bytes(), keys))


def _open_chunk(sealed: bytes, keys: Mapping[str, SessionKey]) -> bytes:
    *others, last = keys.values()
    for key in others:
        try:
            return _unpacked(key.open(sealed))
        except LedgerCorruptError:
            continue  # another of the session's keys sealed it
    return _unpacked(last.open(sealed))


def _unpacked(packed: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_CHUNK_LIMIT)
    except zstandard.ZstdError as error:
        raise LedgerCorruptError("a recorded chunk is malformed") from error


def _from_log(entry: Entry, body: Document, at: float) -> Iterator[Moment]:
    detail: dict[str, Json] = dict(entry.event.get("detail", {}))
    facts: dict[str, Json] = {"type": entry.type, "event": entry.id, "index": entry.index, **detail}
    if entry.type in (EventType.ACTION_INTENT, EventType.ACTION_REFUSED):
        verb = entry.event.get("action", {}).get("verb", "")
        yield Moment(at=at, kind="statement", text=str(body.get("text", f"{verb} (its text was erased)")), facts=facts)
        decision = entry.event.get("decision", {})
        yield Moment(at=at, kind="verdict", text=_verdict({**decision, **body}), facts={**decision, **facts})
    elif entry.type == EventType.ACTION_OUTCOME:
        yield Moment(
            at=at, kind="end", text=f"{detail.get('status', '')} {detail.get('code', '')}".strip(), facts=facts
        )
    else:
        said = ", ".join(f"{key} {value}" for key, value in sorted(detail.items()) if value not in ("", {}))
        yield Moment(at=at, kind="event", text=f"{entry.type} {said}".strip(), facts=facts)


def _from_recording(recorded: Sequence[Line], decoder: RowDecoder | None) -> Iterator[Moment]:
    result = _Result(decoder)
    for line in recorded:
        at = line.at / 1e6
        if line.channel == "rows":
            result.add(at, line.data)
            continue
        if line.channel == "cut":
            yield from result.moments()
            yield _cut(at, line.data)
            continue
        yield from result.moments()
        if line.channel == "in":
            yield Moment(at=at, kind="statement", text=line.data.decode("utf-8", "backslashreplace"))
            continue
        body = _json(line.data)
        if line.channel == "shape":
            result.begin(at, body)
        elif line.channel == "verdict":
            yield Moment(at=at, kind="verdict", text=_verdict(body), facts=body)
        elif line.channel == "notice":
            yield Moment(at=at, kind="notice", text=_notice(body), facts=body)
        else:
            yield Moment(at=at, kind="end", text=_end(body), facts=body)
    yield from result.moments()


class _Result:
    """Gathers one result's rows until something else follows."""

    def __init__(self, decoder: RowDecoder | None) -> None:
        self._decoder = decoder
        self._at = 0.0
        self._shape: dict[str, Json] | None = None
        self._data = bytearray()

    def begin(self, at: float, shape: dict[str, Json]) -> None:
        self._at, self._shape = at, shape

    def add(self, at: float, data: bytes) -> None:
        if self._shape is None:
            self._at, self._shape = at, {}
        self._data += data

    def moments(self) -> Iterator[Moment]:
        shape, data = self._shape, bytes(self._data)
        self._shape = None
        self._data.clear()
        if shape is None:
            return
        names = shape.get("columns")
        columns = tuple(str(name) for name in names) if isinstance(names, list) else ()
        if self._decoder is None:
            yield Moment(at=self._at, kind="result", text=f"{len(data)} bytes", facts=shape, columns=columns)
            return
        rows = tuple(self._decoder.rows(data, shape))
        yield Moment(at=self._at, kind="result", text=f"{len(rows)} rows", facts=shape, columns=columns, rows=rows)


def _json(data: bytes) -> dict[str, Json]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise LedgerCorruptError("a recorded line is malformed")
    return body


def _cut(at: float, data: bytes) -> Moment:
    body = _json(data)
    said = ", ".join(f"{count} bytes ({bound})" for bound, count in sorted(body.items()))
    return Moment(at=at, kind="cut", text=f"not stored, only hashed: {said}", facts=body)


def _verdict(body: Document) -> str:
    said = f"{body.get('outcome', '')} by {body.get('rule', '')}"
    for part in ("reason", "hint"):
        if body.get(part):
            said += f"; {body[part]}"
    return said


def _notice(body: Document) -> str:
    said = f"{body.get('severity', '')} {body.get('sqlstate', '')}: {body.get('message', '')}"
    for part in ("detail", "hint"):
        if body.get(part):
            said += f" ({part}: {body[part]})"
    return said


def _end(body: Document) -> str:
    return str(body.get("tag") or body.get("status") or "")
