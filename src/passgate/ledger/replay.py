"""A session as it was, moment by moment: what came in, what was decided, what the client saw.

Moments come from the session's recording where there is one, and from the log itself for what a recording does not hold (start,
kill, end) or where it was erased. What the lines say is the protocol's business: its ``RecordingReader`` is handed in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson
import zstandard

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType, Json
from passgate.core.moment import Moment, RecordedLine, RecordingReader, verdict_text
from passgate.ledger.chunk_files import CHUNK_LIMIT, read_chunk
from passgate.ledger.keys import SessionKey
from passgate.ledger.leaves import Document
from passgate.ledger.reader import Entry, LedgerReader, SessionTexts
from passgate.ledger.recording import Line, joined, lines, recording_folder

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """``recorded``: whether what the client saw is there; False where it was erased or never stored."""

    session: str
    moments: tuple[Moment, ...]
    recorded: bool


def replay(reader: LedgerReader, session: str, readers: Mapping[str, RecordingReader]) -> Replay | None:
    """None if no log knows the session. ``readers`` by resource kind; of a kind that has none only the log is told.

    Raises LedgerCorruptError, OSError.
    """
    entries = reader.session(session)
    if not entries:
        return None
    log = entries[0].log
    keys = reader.session_keys(log, session)
    kind = next((e.event["target"]["kind"] for e in entries if "target" in e.event), "")
    readable = readers.get(kind)
    recorded = tuple(recorded_lines(recording_folder(log.directory, session), entries, keys)) if readable else ()
    shown = any(line.channel != "cut" for line in recorded)
    began = entries[0].event["mono"]
    texts = SessionTexts(keys)
    moments: list[Moment] = []
    for entry in entries:
        body = texts.open(entry)
        if entry.type in _TOLD_BY_LOG or (not shown and entry.type in _ACTIONS):
            moments += _from_log(entry, body or {}, (entry.event["mono"] - began) / 1e6)
    if readable is not None:
        moments += readable.moments(recorded)
    order = {"event": 0}
    moments.sort(key=lambda moment: (moment.at, order.get(moment.kind, 1)))
    ends = [m for m in moments if m.facts.get("type") == EventType.SESSION_END]
    return Replay(session=session, moments=(*(m for m in moments if m not in ends), *ends), recorded=shown)


def recorded_lines(folder: Path, entries: Sequence[Entry], keys: Mapping[str, SessionKey]) -> Iterator[RecordedLine]:
    """In the order in which the log numbers their chunks. A chunk that is gone is a ``cut``; one whose key is gone is left out."""
    return joined(_parts(folder, entries, keys))


def _parts(folder: Path, entries: Sequence[Entry], keys: Mapping[str, SessionKey]) -> Iterator[Line]:
    for entry in entries:
        if entry.type != EventType.REC_CHUNK:
            continue
        detail = entry.event["detail"]
        if not keys:
            continue  # erased, or a copy without the wrapping key
        try:
            sealed = read_chunk(folder / detail["ct_sha256"])
        except FileNotFoundError:
            yield Line("cut", detail.get("t0", 0), orjson.dumps({"missing": detail.get("bytes", 0)}))
            continue
        if sha256(sealed).hexdigest() != detail["ct_sha256"]:  # another of the session's own would open
            raise LedgerCorruptError("a recorded chunk is not the one that the log names")
        yield from lines(_open_chunk(sealed, keys))


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
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=CHUNK_LIMIT)
    except zstandard.ZstdError as error:
        raise LedgerCorruptError("a recorded chunk is malformed") from error


def _from_log(entry: Entry, body: Document, at: float) -> Iterator[Moment]:
    detail: dict[str, Json] = dict(entry.event.get("detail", {}))
    facts: dict[str, Json] = {"type": entry.type, "event": entry.id, "index": entry.index, **detail}
    if entry.type in (EventType.ACTION_INTENT, EventType.ACTION_REFUSED):
        verb = entry.event.get("action", {}).get("verb", "")
        yield Moment(at=at, kind="statement", text=str(body.get("text", f"{verb} (its text was erased)")), facts=facts)
        decision = entry.event.get("decision", {})
        yield Moment(at=at, kind="verdict", text=verdict_text({**decision, **body}), facts={**decision, **facts})
    elif entry.type == EventType.ACTION_OUTCOME:
        yield Moment(
            at=at, kind="end", text=f"{detail.get('status', '')} {detail.get('code', '')}".strip(), facts=facts
        )
    else:
        said = ", ".join(f"{key} {value}" for key, value in sorted(detail.items()) if value not in ("", {}))
        yield Moment(at=at, kind="event", text=f"{entry.type} {said}".strip(), facts=facts)
