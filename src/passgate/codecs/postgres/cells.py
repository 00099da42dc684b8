"""What is done to the cells of a result, column by column, in batches; the same for rows and for COPY.

A cell is masked where the type can hold the mask, and becomes NULL where it cannot. A cell is scanned where text can be found
in it; where it may hold text in a form that is not known, it becomes NULL.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from passgate.codecs.postgres.hot._rows import NULL, PASS
from passgate.codecs.postgres.types import Carrier
from passgate.codecs.postgres.wire import Reader
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import DetectorError, LocalProtocolError, RemoteProtocolError
from passgate.core.masker import Masker
from passgate.core.shape import PartPlan, Plan, ValueKind

Batch = list[bytes]
Answers = list[bytes | None]

_DOCUMENTS = (Carrier.JSON, Carrier.JSONB)
_SCANNED = 0  # the batch that all plainly scanned columns share


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    kind: ValueKind
    carrier: Carrier


class Reading(Protocol):
    """Finds the text in a cell that is not plain text, and puts a replacement back."""

    def text(self, cell: bytes) -> bytes:
        """The text to look at. Raises RemoteProtocolError for a cell that is not of its type."""

    def masked(self, text: bytes) -> bytes | None:
        """The cell that holds the mask of a whole value; None if none does."""

    def replaced(self, text: bytes) -> bytes | None:
        """The cell that holds its text with the findings replaced; None if none does."""


class _Plain:
    def text(self, cell: bytes) -> bytes:
        return cell

    def masked(self, text: bytes) -> bytes | None:
        return text

    def replaced(self, text: bytes) -> bytes | None:
        return text


class _Json:
    """A masked document is a string. Escapes are undone before a scan: ``a\\u0040b`` is the same value as ``a@b``."""

    _ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)

    def text(self, cell: bytes) -> bytes:
        return self._ESCAPE.sub(self._unescaped, cell) if b"\\" in cell else cell

    def masked(self, text: bytes) -> bytes | None:
        return json.dumps(text.decode(errors="replace"), ensure_ascii=False).encode()

    def replaced(self, text: bytes) -> bytes | None:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return self.masked(text)
        return text

    @staticmethod
    def _unescaped(match: "re.Match[bytes]") -> bytes:
        if match[1] is None:
            return b"/" if match[2] == b"/" else match[0]
        character = chr(int(match[1], 16))
        must_stay = character < " " or character in '"\\' or "\ud800" <= character <= "\udfff"
        return match[0] if must_stay else character.encode()


class _Jsonb(_Json):
    _VERSION = b"\x01"

    def text(self, cell: bytes) -> bytes:
        if not cell.startswith(self._VERSION):
            raise RemoteProtocolError("a jsonb value of a version that is not known")
        return super().text(cell[1:])

    def masked(self, text: bytes) -> bytes | None:
        return self._VERSION + json.dumps(text.decode(errors="replace"), ensure_ascii=False).encode()

    def replaced(self, text: bytes) -> bytes | None:
        found = _Json().replaced(text)
        return None if found is None else self._VERSION + found


class _Bytes:
    """What of it reads as text is scanned; a finding hides the whole value."""

    def text(self, cell: bytes) -> bytes:
        return cell.decode(errors="replace").encode()

    def masked(self, text: bytes) -> bytes | None:  # noqa: ARG002 - no text fits
        return None

    def replaced(self, text: bytes) -> bytes | None:  # noqa: ARG002 - no text fits
        return None


class _Hex(_Bytes):
    """``bytea_output = hex``; in the other form, ``escape``, text shows as it is."""

    def text(self, cell: bytes) -> bytes:
        if not cell.startswith(b"\\x"):
            return cell
        try:
            return super().text(bytes.fromhex(cell[2:].decode("ascii")))
        except ValueError:
            raise RemoteProtocolError("a bytea value that is not hexadecimal") from None


class _TextArray(_Bytes):
    """Binary array of text: the elements are scanned together, and a finding hides the whole array."""

    def text(self, cell: bytes) -> bytes:
        reader = Reader(cell, "array")
        dimensions, _, _ = reader.uint32(), reader.uint32(), reader.uint32()
        count = 1 if dimensions else 0
        for _ in range(dimensions):
            count *= reader.uint32()
            reader.uint32()
        if count * 4 > reader.left:
            raise reader.error("more elements announced than sent")
        elements = [reader.value() for _ in range(count)]
        reader.end()
        return b"\n".join(element for element in elements if element is not None)


_PLAIN = _Plain()
_READINGS: dict[Carrier, Reading] = {
    Carrier.PLAIN: _PLAIN,
    Carrier.JSON: _Json(),
    Carrier.JSONB: _Jsonb(),
    Carrier.BYTES: _Bytes(),
    Carrier.HEX: _Hex(),
    Carrier.TEXT_ARRAY: _TextArray(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is done to one batch: ``strategy`` None is a scan. ``nulls``: an empty cell stands for NULL."""

    strategy: Strategy | None
    reading: Reading
    nulls: bool = False


class CellMasker:
    """``actions`` and ``batches`` tell a cutter what to collect; ``answer`` says what to put in the place of what it collected.

    ``nulls``: the columns whose NULL is collected too, as an empty cell, and answered.
    """

    def __init__(self, *, plan: Plan, columns: Sequence[Column], masker: Masker) -> None:
        """Raises LocalProtocolError if the plan is for another number of columns."""
        if len(plan.parts) != len(columns):
            raise LocalProtocolError(f"a plan for {len(plan.parts)} parts, but {len(columns)} columns")
        self._masker = masker
        self._tasks = [_Task(strategy=None, reading=_PLAIN)]
        self.actions = [self._action(part, column) for part, column in zip(plan.parts, columns, strict=True)]
        self.nulls = [action >= 0 and self._tasks[action].nulls for action in self.actions]

    @property
    def batches(self) -> int:
        return len(self._tasks)

    def answer(self, cells: list[Batch]) -> list[Answers]:
        """For each batch what replaces it, cell by cell; the very same list where nothing changes.

        Raises DetectorError, and RemoteProtocolError for a cell that is not of its type.
        """
        answers = [cast("Answers", batch) for batch in cells]
        for index, task in enumerate(self._tasks):
            if task.strategy is not None and cells[index]:
                answers[index] = self._masked(cells[index], task.strategy, task)
        self._scan(cells, answers)
        return answers

    def _action(self, part: PartPlan, column: Column) -> int:
        if part.mask is not None:
            text = column.kind is ValueKind.TEXT and column.carrier is Carrier.PLAIN
            if part.mask.kind is StrategyKind.NULL or not (text or column.carrier in _DOCUMENTS):
                return NULL
            return self._task(part.mask, column.carrier, nulls=part.nulls)
        if not part.scan or column.carrier is Carrier.INERT:
            return PASS
        if column.carrier is Carrier.OPAQUE:
            return NULL
        return _SCANNED if column.carrier is Carrier.PLAIN else self._task(None, column.carrier)

    def _task(self, strategy: Strategy | None, carrier: Carrier, *, nulls: bool = False) -> int:
        self._tasks.append(_Task(strategy=strategy, reading=_READINGS[carrier], nulls=nulls))
        return len(self._tasks) - 1

    def _masked(self, batch: Batch, strategy: Strategy, task: _Task) -> Answers:
        reading = task.reading
        plain = reading is _PLAIN
        texts = batch if plain else [cell if task.nulls and not cell else reading.text(cell) for cell in batch]
        masks = self._masker.mask(texts, strategy)
        if len(masks) != len(batch):
            raise DetectorError(f"{len(batch)} values went in, {len(masks)} masks came out")
        if plain:
            return list(masks)
        return [None if mask is None else reading.masked(mask) for mask in masks]

    def _scan(self, cells: list[Batch], answers: list[Answers]) -> None:
        """One scan for all columns of the run, whatever their type."""
        scanned = [index for index, task in enumerate(self._tasks) if task.strategy is None and cells[index]]
        if not scanned:
            return
        if scanned == [_SCANNED]:
            texts = cells[_SCANNED]
        else:
            texts = [self._tasks[index].reading.text(cell) for index in scanned for cell in cells[index]]
        found = self._masker.scan(texts)
        if not found:
            return
        if not all(0 <= at < len(texts) for at in found):
            raise DetectorError("a finding in a value that was never handed in")
        start = 0
        for index in scanned:
            end = start + len(cells[index])
            hits = {at - start: text for at, text in found.items() if start <= at < end}
            if hits:
                answers[index] = list(answers[index])
                for at, text in hits.items():
                    answers[index][at] = self._tasks[index].reading.replaced(text)
            start = end
