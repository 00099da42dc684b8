"""Rewrites results: each run of DataRow messages as the plan says."""

from dataclasses import dataclass

from passgate.codecs.postgres.cells import CellMasker, Column
from passgate.codecs.postgres.hot._rows import RowCutter
from passgate.codecs.postgres.row_description import RowDescription
from passgate.codecs.postgres.types import carrier, value_kind
from passgate.core.errors import RemoteProtocolError
from passgate.core.masker import Masker
from passgate.core.shape import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """``rows`` rows are in ``data``; ``masked`` counts changed cells per column; ``dropped`` rows were over the plan's limit."""

    data: bytes
    rows: int
    masked: tuple[int, ...]
    dropped: int = 0


class RowRewriter:
    """One result. ``description`` must have the formats that were bound (``RowDescription.bound``).

    ``text_like``: OIDs that are known from a catalog to behave as text (see ``types.value_kind``).
    """

    def __init__(
        self, *, plan: Plan, description: RowDescription, masker: Masker, text_like: frozenset[int] = frozenset()
    ) -> None:
        """Raises LocalProtocolError if the plan is for another number of columns."""
        columns = [
            Column(kind=value_kind(part.type, text_like), carrier=carrier(part.type, part.format, text_like))
            for part in description.fields
        ]
        self._cells = CellMasker(plan=plan, columns=columns, masker=masker)
        self._cutter = RowCutter(self._cells.actions, self._cells.batches, RemoteProtocolError, self._cells.nulls)
        self._left = plan.max_rows

    def rewrite(self, run: bytes) -> Rewritten:
        """``run``: one or more whole DataRow messages, as the splitter hands them out; comes back as it is where nothing changes.

        Raises RemoteProtocolError and DetectorError; nothing of the run may then be sent on.
        """
        rows, cells = self._cutter.collect(run)
        dropped = 0
        if self._left is not None:
            dropped = max(0, rows - self._left)
            self._left -= rows - dropped
            if dropped:
                rows -= dropped
                run = run[: self._cutter.prefix(run, rows)]
                cells = self._cutter.collect(run)[1]
        answers = self._cells.answer(cells)
        data, masked = self._cutter.rebuild(run, cells, answers)
        return Rewritten(data=data, rows=rows, masked=tuple(masked), dropped=dropped)
