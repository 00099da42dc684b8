"""The first half of verifying: frames, seals, tree and checkpoints of one log. It stops at the first contradiction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import Seal
from passgate.ledger.claims import Claim, Fault
from passgate.ledger.leaves import parse
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.reader import Entry, LogReader
from passgate.ledger.recovery import seals_in
from passgate.ledger.segment import Batch, Leaf, SegmentReader, Tail, read_segment, segment_paths
from passgate.ledger.tiles import Tiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A head that is known from somewhere: the log must have had ``seal.root`` at ``seal.size``."""

    seal: Seal
    source: str
    outside: bool


class _ContradictionError(Exception):
    """Carries the fault to the end of the stream."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class ChainCheck:
    """Streams a log's proven entries; afterwards ``faults`` says what is wrong and ``size`` how far it went."""

    def __init__(self, log: LogReader, expected: Sequence[Expected]) -> None:
        self.faults: list[Fault] = []
        self.tail = Tail(0)
        self.seals = 0
        self.head: Seal | None = None
        self._log = log
        self._range = CompactRange()
        self._due: dict[int, list[Expected]] = {}
        for one in expected:
            self._due.setdefault(one.seal.size, []).append(one)

    @property
    def size(self) -> int:
        return self._range.size

    def entries(self) -> Iterator[Entry]:
        """Each entry once the seal of its batch has been checked. Raises OSError."""
        try:
            paths = segment_paths(self._log.directory)
            self._compare()
            for path in paths:
                yield from self._segment(path, last=path == paths[-1])
        except _ContradictionError as contradiction:
            self.faults.append(contradiction.fault)
        except LedgerCorruptError as error:
            self.faults.append(self._fault(Claim.C3, str(error), index=self.size))
        for size in sorted(self._due):
            if size > self.size and not self.faults:
                one = self._due[size][0]
                what = f"{one.source} is of {size} entries, but only {self.size} are left: the tail was cut off"
                self.faults.append(self._fault(Claim.C4, what, index=self.size))

    def _segment(self, path: Path, *, last: bool) -> Iterator[Entry]:
        with read_segment(path) as reader:
            header = reader.header
            header.check(self._log.verifier)
            if header.first != self.size or header.range.hashes != self._range.hashes:
                what = f"the segment begins with entry {header.first}, the one before it ended with {self.size}"
                raise _ContradictionError(self._fault(Claim.C3, what, index=self.size, segment=path.name))
            for batch in reader.batches():
                yield from self._batch(path, batch)
            assert reader.tail is not None  # noqa: S101 - batches() was exhausted
            self.tail = reader.tail
            self._judge_tail(reader, last=last)

    def _batch(self, path: Path, batch: Batch) -> Iterator[Entry]:
        first = self.size
        for leaf in batch.leaves:
            self._range.append(leaf_hash(leaf.entry))
            if self._range.size in self._due:
                self._compare()
        seal = batch.seal
        if seal.size != self.size or seal.root != self._range.root():
            raise _ContradictionError(self._changed(path, batch.leaves, first))
        if not seal.signed_by(self._log.verifier):
            what = f"the seal of {seal.size} entries was not signed by this log's key"
            raise _ContradictionError(
                self._fault(Claim.C3, what, index=first, segment=path.name, offset=batch.seal_offset)
            )
        self.seals += 1
        self.head = seal
        for index, leaf in enumerate(batch.leaves, first):
            try:
                event = parse(leaf.entry)
            except LedgerCorruptError as error:
                raise _ContradictionError(
                    self._fault(Claim.C3, str(error), index=index, segment=path.name, offset=leaf.offset)
                ) from None
            named = event.get("payload")
            payload = batch.payloads.get(bytes.fromhex(named["ct_sha256"])) if named else None
            yield Entry(
                log=self._log,
                index=index,
                segment=path.name,
                offset=leaf.offset,
                leaf=leaf.entry,
                event=event,
                payload=payload,
            )

    def _compare(self) -> None:
        for one in self._due.get(self.size, ()):
            if one.seal.root != self._range.root():
                claim = Claim.C5 if one.outside else Claim.C3
                what = f"the first {self.size} entries do not hash to what {one.source} says"
                raise _ContradictionError(self._first_change() or self._fault(claim, what))

    def _judge_tail(self, reader: SegmentReader, *, last: bool) -> None:
        """Only the last segment may end in something unsealed, and only in what was never sealed."""
        tail = reader.tail
        if tail is None or tail.unwritten:
            return
        sealed_later = any(seal.signed_by(self._log.verifier) for seal, _ in seals_in(tail.data))
        known_later = any(size > self.size for size in self._due)
        if last and not sealed_later and not known_later:
            return
        what = f"broken {tail.broken}" if tail.broken else "entries without a seal"
        raise _ContradictionError(
            self._fault(
                Claim.C3,
                what.replace(f"at byte {tail.broken_at}: ", "frame: "),
                index=self.size + tail.leaves,
                segment=reader.path.name,
                offset=tail.broken_at or tail.offset,
            )
        )

    def _changed(self, path: Path, leaves: Sequence[Leaf], first: int) -> Fault:
        """Which entry of a batch is not what was sealed: the tiles, if they were left alone, know."""
        place = self._differing([leaf_hash(leaf.entry) for leaf in leaves], first)
        if place is not None:
            return self._fault(
                Claim.C3,
                "the entry is not what was sealed",
                index=first + place,
                segment=path.name,
                offset=leaves[place].offset,
            )
        what = f"entries {first} to {first + len(leaves) - 1} do not hash to what was sealed"
        offset = leaves[0].offset if leaves else None
        return self._fault(Claim.C3, what, index=first, segment=path.name, offset=offset)

    def _differing(self, hashes: Sequence[bytes], first: int) -> int | None:
        directory = self._log.directory / "tiles"
        if not directory.is_dir():
            return None
        with Tiles(directory, writable=False) as tiles:
            for place, hashed in enumerate(hashes):
                try:
                    if tiles.node(0, first + place) != hashed:
                        return place
                except ValueError:
                    return None
        return None

    def _first_change(self) -> Fault | None:
        """After a checkpoint has contradicted a log whose own seals agree: the first entry that the tiles know differently."""
        for path, first, batch in self._log.batches():
            place = self._differing([leaf_hash(leaf.entry) for leaf in batch.leaves], first)
            if place is not None:
                what = "the entry is not what a signed checkpoint says"
                offset = batch.leaves[place].offset
                return self._fault(Claim.C3, what, index=first + place, segment=path.name, offset=offset)
        return None

    def _fault(
        self, claim: Claim, what: str, *, index: int | None = None, segment: str = "", offset: int | None = None
    ) -> Fault:
        return Fault(claim=claim, log=self._log.name, what=what, index=index, segment=segment, offset=offset)
