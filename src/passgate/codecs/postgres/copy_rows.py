"""Rewrites ``COPY ... TO STDOUT``: the same plan as for rows, on the fields of the copied data."""

from collections.abc import Iterator, Sequence
from typing import Final

from passgate.codecs.postgres.cells import Answers, Batch, CellMasker, Column
from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.copy_formats import MAX_ROW, CopyFormat, CopyOptions, CopyRow, open_format
from passgate.codecs.postgres.hot._rows import PASS
from passgate.codecs.postgres.rows import Rewritten
from passgate.codecs.postgres.types import carrier, value_kind
from passgate.codecs.postgres.wire import BINARY_FORMAT, HEADER_LENGTH, TEXT_FORMAT
from passgate.core.errors import RemoteProtocolError
from passgate.core.masker import Masker
from passgate.core.shape import Plan

_UNKNOWN_TYPE: Final = 0


def copy_columns(
    types: Sequence[int | None], options: CopyOptions, text_like: frozenset[int] = frozenset()
) -> tuple[Column, ...]:
    """What the copied columns can hold, by their type OIDs, None where the type is not known."""
    form = BINARY_FORMAT if options.format is CopyFormat.BINARY else TEXT_FORMAT
    oids = [_UNKNOWN_TYPE if oid is None else oid for oid in types]
    return tuple(Column(kind=value_kind(oid, text_like), carrier=carrier(oid, form, text_like)) for oid in oids)


class CopyRewriter:
    """One COPY. Rows go out one per CopyData, as the server itself sends them and drivers have come to expect."""

    def __init__(
        self,
        *,
        plan: Plan,
        columns: Sequence[Column],
        options: CopyOptions,
        masker: Masker,
        max_row: int = MAX_ROW,
    ) -> None:
        """Raises LocalProtocolError for a plan of another width or options that cannot be."""
        self._format = open_format(options, len(columns), max_row)
        self._cells = CellMasker(plan=plan, columns=columns, masker=masker)
        self._left = plan.max_rows

    def rewrite(self, run: bytes) -> Rewritten:
        """``run``: one or more whole CopyData messages. Raises RemoteProtocolError and DetectorError."""
        rows: list[CopyRow] = []
        for payload in _payloads(run):
            rows += self._format.feed(payload)
        data = [row for row in rows if row.data]
        kept = data if self._left is None else data[: self._left]
        if self._left is not None:
            self._left -= len(kept)
        cells: list[Batch] = [[] for _ in range(self._cells.batches)]
        for row in kept:
            self._collect(row, cells)
        answers = self._cells.answer(cells)
        masked = [0] * len(self._cells.actions)
        at = [0] * len(cells)
        out: list[bytes] = []
        written = 0
        for row in rows:
            if not row.data:
                out.append(row.raw)
            elif written < len(kept):
                written += 1
                out.append(self._rebuilt(row, cells, answers, at, masked))
        return Rewritten(
            data=b"".join(CopyData(data=row).encode() for row in out),
            rows=len(kept),
            masked=tuple(masked),
            dropped=len(data) - len(kept),
        )

    def finish(self) -> None:
        """CopyDone has come. Raises RemoteProtocolError if the data was not whole."""
        self._format.finish()

    def _collect(self, row: CopyRow, cells: list[Batch]) -> None:
        for action, nulls, field in zip(self._cells.actions, self._cells.nulls, row.fields, strict=True):
            if action >= 0:
                value = self._format.decode(field)
                if value is not None or nulls:
                    cells[action].append(value or b"")

    def _rebuilt(
        self, row: CopyRow, cells: list[Batch], answers: list[Answers], at: list[int], masked: list[int]
    ) -> bytes:
        fields: list[bytes | None] | None = None
        for column, action in enumerate(self._cells.actions):
            if action == PASS:
                continue
            if not self._cells.nulls[column] and self._format.decode(row.fields[column]) is None:
                continue
            answer: bytes | None = None
            if action >= 0:
                index = at[action]
                at[action] += 1
                answer = answers[action][index]
                if answer is cells[action][index]:
                    continue
            fields = list(row.fields) if fields is None else fields
            fields[column] = self._format.encode(answer)
            masked[column] += 1
        return row.raw if fields is None else self._format.join(fields)


def _payloads(run: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(run):
        end = at + 1 + int.from_bytes(run[at + 1 : at + HEADER_LENGTH])
        if run[at] != CopyData.TYPE or not at + HEADER_LENGTH <= end <= len(run):
            raise RemoteProtocolError("a run of CopyData holds something else")
        yield run[at + HEADER_LENGTH : end]
        at = end
