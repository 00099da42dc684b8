"""Takes cells out of a run of DataRow messages and puts others in their place.

Two walks over the run: ``collect`` checks every length and hands out the cells to look at, in batches; ``rebuild`` copies the
run up to each changed cell, so what is not changed is never cut up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.strings import BytesWriter, read_i16_be, read_i32_be, write_i32_be

if TYPE_CHECKING:
    from mypy_extensions import i64  # for the compiler only: nothing below may need it when interpreted

# What to do with a column: a number from 0 up is the batch its cells go into.
PASS: Final = -1
NULL: Final = -2

_DATA_ROW: Final = 0x44
_BODY: Final = 7  # type byte, length word, column count


@final
class RowCutter:
    """``actions``: one per column. Batch 0 may be shared by several columns, in the order of the rows; the others belong to
    one each. ``nulls``: whether NULL is collected from a column too, as an empty cell that its answer replaces; only for a column
    with a batch of its own.

    Raises ``error`` for a run that is not what the columns say.
    """

    def __init__(
        self, actions: list[int], batches: int, error: type[Exception], nulls: list[bool] | None = None
    ) -> None:
        self._actions = actions
        self._nulls: list[bool] = [False] * len(actions) if nulls is None else nulls
        self._batches = batches
        self._error = error

    def prefix(self, run: bytes, rows: int) -> int:
        """Where the first ``rows`` messages of the run end."""
        size: i64 = len(run)
        pos: i64 = 0
        left: i64 = rows
        while left > 0 and pos < size:
            pos = self._end(run, pos, size)
            left -= 1
        return int(pos)

    def collect(self, run: bytes) -> tuple[int, list[list[bytes]]]:
        """The number of rows, and for each batch its cells: those that are not NULL, unless ``nulls``."""
        batches: list[list[bytes]] = [[] for _ in range(self._batches)]
        actions = self._actions
        nulls = self._nulls
        columns: i64 = len(actions)
        size: i64 = len(run)
        pos: i64 = 0
        rows: i64 = 0
        while pos < size:
            end = self._end(run, pos, size)
            if end < pos + _BODY:
                raise self._error("DataRow: cut short")
            if read_i16_be(run, pos + 5) != columns:
                raise self._error(f"DataRow: {read_i16_be(run, pos + 5)} columns, not {columns} as described")
            pos += _BODY
            for column in range(columns):
                if pos + 4 > end:
                    raise self._error("DataRow: cut short")
                length: int = read_i32_be(run, pos)
                pos += 4
                if length < 0:
                    if length != -1:
                        raise self._error("DataRow: a value of negative length")
                    if nulls[column]:
                        batches[actions[column]].append(b"")
                    continue
                if pos + length > end:
                    raise self._error("DataRow: cut short")
                action = actions[column]
                if action >= 0:
                    batches[action].append(run[pos : pos + length])
                pos += length
            if pos != end:
                raise self._error(f"DataRow: {end - pos} bytes too many")
            rows += 1
        return int(rows), batches

    def rebuild(
        self, run: bytes, cells: list[list[bytes]], answers: list[list[bytes | None]]
    ) -> tuple[bytes, list[int]]:
        """The run with every answer that is not its cell in the cell's place, and how many that was in each column.

        ``run`` must have gone through ``collect``, whose batches ``cells`` are; ``answers`` are as many, None for NULL.
        """
        actions = [action if action < 0 or answers[action] is not cells[action] else PASS for action in self._actions]
        nulls = self._nulls
        columns: i64 = self._through(actions)
        masked = [0] * len(actions)
        at = [0] * self._batches
        out = BytesWriter()
        size: i64 = len(run)
        copied: i64 = 0
        row: i64 = 0
        while row < size and columns > 0:
            size_word: int = read_i32_be(run, row + 1)
            end: i64 = row + 1 + size_word
            header: i64 = -1
            growth: i64 = 0
            pos: i64 = row + _BODY
            for column in range(columns):
                length: int = read_i32_be(run, pos)
                pos += 4
                action = actions[column]
                if length < 0:
                    if action < 0 or not nulls[column]:
                        continue
                    length = 0
                answer: bytes | None = None
                same = action == PASS
                if action >= 0:
                    index = at[action]
                    at[action] = index + 1
                    answer = answers[action][index]
                    same = answer is cells[action][index]
                if same:
                    pos += length
                    continue
                if header < 0:
                    header = len(out) + row - copied + 1
                out.write(run[copied : pos - 4])
                pos += length
                copied = pos
                masked[column] += 1
                if answer is None:
                    write_i32_be(out, -1)
                    growth -= length
                else:
                    write_i32_be(out, len(answer))
                    out.write(answer)
                    growth += len(answer) - length
            if header >= 0:
                # The row's own length word is in ``out`` only once its first change is, so it is put right afterwards.
                out.write(run[copied:end])
                copied = end
                body: int = end - row - 1 + growth
                out[header] = (body >> 24) & 255
                out[header + 1] = (body >> 16) & 255
                out[header + 2] = (body >> 8) & 255
                out[header + 3] = body & 255
            row = end
        if copied == 0:
            return run, masked
        out.write(run[copied:])
        return out.getvalue(), masked

    def _through(self, actions: list[int]) -> int:
        """How many columns from the left must be walked to meet every one that is acted on."""
        for column in range(len(actions) - 1, -1, -1):
            if actions[column] != PASS:
                return column + 1
        return 0

    def _end(self, run: bytes, pos: i64, size: i64) -> i64:
        if pos + 5 > size or run[pos] != _DATA_ROW:
            raise self._error("a run of rows holds something else")
        size_word: int = read_i32_be(run, pos + 1)
        end: i64 = pos + 1 + size_word
        if end < pos + 5 or end > size:
            raise self._error("DataRow: cut short")
        return end
