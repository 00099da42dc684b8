"""How sessions of statements and results read: what came in, the verdict, the rows as the client saw them, how it ended.

What rows look like is the protocol's business: a ``RowDecoder`` is handed in.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import orjson

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import Json
from passgate.core.moment import Cells, Moment, RecordedLine, cut_text, verdict_text
from passgate.ledger.leaves import Document


class RowDecoder(Protocol):
    """How a protocol's recorded rows read."""

    def rows(self, data: bytes, shape: Document) -> Sequence[Cells]:
        """``data``: all that was stored of one result, perhaps cut at its end; ``shape``: the JSON recorded before it."""


class RecordedStatements:
    """A ``RecordingReader``."""

    def __init__(self, decoder: RowDecoder) -> None:
        self._decoder = decoder

    def moments(self, lines: Iterable[RecordedLine]) -> Iterator[Moment]:
        result = _Result(self._decoder)
        for line in lines:
            if line.channel == "rows":
                result.add(line.at / 1e6, line.data)
                continue
            yield from result.moments()
            if line.channel == "shape":
                result.begin(line.at / 1e6, _json(line.data))
            else:
                yield _moment(line)
        yield from result.moments()


def _moment(line: RecordedLine) -> Moment:
    at = line.at / 1e6
    if line.channel == "in":
        return Moment(at=at, kind="statement", text=line.data.decode("utf-8", "backslashreplace"))
    body = _json(line.data)
    match line.channel:
        case "cut":
            return Moment(at=at, kind="cut", text=cut_text(body), facts=body)
        case "verdict":
            return Moment(at=at, kind="verdict", text=verdict_text(body), facts=body)
        case "notice":
            return Moment(at=at, kind="notice", text=_notice(body), facts=body)
        case _:
            return Moment(at=at, kind="end", text=_end(body), facts=body)


class _Result:
    """Gathers one result's rows until something else follows."""

    def __init__(self, decoder: RowDecoder) -> None:
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


def _notice(body: Document) -> str:
    said = f"{body.get('severity', '')} {body.get('sqlstate', '')}: {body.get('message', '')}"
    for part in ("detail", "hint"):
        if body.get(part):
            said += f" ({part}: {body[part]})"
    return said


def _end(body: Document) -> str:
    return str(body.get("tag") or body.get("status") or "")
