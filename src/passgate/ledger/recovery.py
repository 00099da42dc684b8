"""Finding out where a log stands after its last process went away, without changing a byte.

Order matters: the scan ends, and the result is compared with every checkpoint known, *before* anything is cut. What contradicts a
signature is never repaired by itself: that is for a person to look at. One such case a person may settle: the disk kept the last
batch's seal at a power cut, and not all of its entries. Nobody can tell that from a batch that was damaged after it had been
acknowledged, so it takes a word from outside, and leaves a scar in the log.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType
from passgate.ledger.checkpoint import SEAL_BYTES, Seal
from passgate.ledger.frames import HEAD_BYTES, BrokenFrameError, FrameKind, decode
from passgate.ledger.leaves import parse
from passgate.ledger.merkle import EMPTY_ROOT, CompactRange, leaf_hash
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.segment import Batch, SegmentReader, Tail, first_leaf, read_segment, segment_paths

_SEAL_FRAME = HEAD_BYTES + SEAL_BYTES


@dataclass(slots=True)
class Standing:
    """Where a log stands at its last seal.

    ``leaf_hashes`` are those of the scanned segments, from leaf ``scanned_from`` on, where the root was ``scanned_root``.
    ``clean``: the last process said good-bye.
    """

    scanned_from: int
    scanned_root: bytes
    range: CompactRange
    epoch: int = 0
    open_intents: dict[str, str] = field(default_factory=dict)
    clean: bool = False
    last_seal: Seal | None = None
    leaf_hashes: list[bytes] = field(default_factory=list)

    def take(self, entry: bytes) -> None:
        hashed = leaf_hash(entry)
        self.range.append(hashed)
        self.leaf_hashes.append(hashed)
        event = parse(entry)
        kind = event["type"]
        self.clean = False
        if kind == EventType.ACTION_INTENT:
            self.open_intents[event["id"]] = event.get("session", "")
        elif kind == EventType.ACTION_OUTCOME:
            self.open_intents.pop(event.get("intent", ""), None)
        elif kind == EventType.NODE_BOOT:
            self.epoch = event["epoch"]
        elif kind == EventType.HEARTBEAT:
            self.clean = event.get("detail", {}).get("closing", False)


@dataclass(frozen=True, slots=True)
class Recovered:
    """``segment`` is the file to go on with, None for a log that never began; ``tail`` what follows its last seal.

    ``lost``: the seal of a last batch that is not whole, which will be given up.
    """

    standing: Standing
    segment: Path | None
    tail: Tail
    lost: Seal | None = None


def recover(
    directory: Path, verifier: NoteVerifier, known: Sequence[Seal], *, give_up_batch: bool = False
) -> Recovered:
    """Scan from the newest segment that the highest of the ``known`` checkpoints does not precede.

    ``give_up_batch``: a last batch of which the seal is there and not all of the rest may be cut off.
    Raises LedgerCorruptError where frames, seals, tree and checkpoints do not agree, and OSError.
    """
    highest = max(known, key=lambda seal: seal.size, default=None)
    paths = segment_paths(directory)
    if not paths:
        if highest is not None and highest.size:
            raise LedgerCorruptError(f"a checkpoint of {highest.size} entries is known, but the log is empty")
        return Recovered(Standing(0, EMPTY_ROOT, CompactRange()), None, Tail(0))
    due = {seal.size: seal for seal in known}
    start = len(paths) - 1
    while start and highest is not None and first_leaf(paths[start]) > highest.size:
        start -= 1
    standing: Standing | None = None
    tail = Tail(0)
    for path in paths[start:]:
        with read_segment(path) as reader:
            standing, tail = _scan(reader, verifier, standing, due)
            if path != paths[-1] and not tail.unwritten:
                raise LedgerCorruptError(f"{path.name} is broken {tail.broken or 'after its last seal'}")
    assert standing is not None  # noqa: S101 - paths is not empty
    if highest is not None and highest.size > standing.range.size:
        raise LedgerCorruptError(
            f"a checkpoint of {highest.size} entries was signed, but only {standing.range.size} are left: the tail is missing"
        )
    return Recovered(standing, paths[-1], tail, _given_up(paths[-1], tail, verifier, give_up=give_up_batch))


def _scan(
    reader: SegmentReader, verifier: NoteVerifier, standing: Standing | None, due: dict[int, Seal]
) -> tuple[Standing, Tail]:
    header = reader.header
    header.check(verifier)
    if standing is None:
        standing = Standing(
            scanned_from=header.first,
            scanned_root=header.range.root(),
            range=header.range,
            epoch=header.epoch,
            open_intents=dict(header.open_intents),
        )
        _compare(due, standing.range)
    elif header.range.hashes != standing.range.hashes or header.first != standing.range.size:
        raise LedgerCorruptError(f"{reader.path.name} does not go on where the segment before it ended")
    seal: Seal | None = None
    for batch in reader.batches():
        _take_batch(reader, batch, standing, due)
        seal = batch.seal
    assert reader.tail is not None  # noqa: S101 - batches() was exhausted
    if seal is not None:
        if not seal.signed_by(verifier):
            raise LedgerCorruptError(f"{reader.path.name}: the seal at {seal.size} entries has a wrong signature")
        standing.last_seal = seal
    elif standing.range.size and header.signature:
        standing.last_seal = Seal(header.first, header.range.root(), header.signature)
    return standing, reader.tail


def _take_batch(reader: SegmentReader, batch: Batch, standing: Standing, due: dict[int, Seal]) -> None:
    for leaf in batch.leaves:
        try:
            standing.take(leaf.entry)
        except LedgerCorruptError as error:
            raise LedgerCorruptError(f"{reader.path.name} at byte {leaf.offset}: {error}") from error
        _compare(due, standing.range)
    if batch.seal.size != standing.range.size or batch.seal.root != standing.range.root():
        raise LedgerCorruptError(
            f"{reader.path.name} at byte {batch.seal_offset}: entries {standing.range.size - len(batch.leaves)} to "
            f"{standing.range.size} do not hash to what was sealed"
        )


def _compare(due: dict[int, Seal], tree: CompactRange) -> None:
    seal = due.get(tree.size)
    if seal is not None and seal.root != tree.root():
        raise LedgerCorruptError(f"the first {tree.size} entries do not hash to what the checkpoint of that size says")


def _given_up(path: Path, tail: Tail, verifier: NoteVerifier, *, give_up: bool) -> Seal | None:
    """A signed seal inside the tail means that it was written whole once: this is damage, or the disk kept a batch in parts.

    Raises LedgerCorruptError unless the second is what a person has said, and there is nothing behind that one seal.
    """
    found = [(seal, offset) for seal, offset in seals_in(tail.data) if seal.signed_by(verifier)]
    if not found:
        return None
    seal, offset = found[0]
    if give_up and len(found) == 1 and not any(tail.data[offset + _SEAL_FRAME :]):
        return seal
    raise LedgerCorruptError(
        f"{path.name} is broken {tail.broken or f'at byte {tail.offset}'}, before a seal of {seal.size} entries "
        f"at byte {tail.offset + offset}"
    )


def seals_in(data: bytes) -> Iterable[tuple[Seal, int]]:
    """Every whole seal frame anywhere in ``data``, with its offset, whatever lies between."""
    view = memoryview(data)
    marker = bytes([FrameKind.SEAL])
    place = data.find(marker, HEAD_BYTES - 1)
    while place != -1:
        start = place - HEAD_BYTES + 1
        try:
            frame = decode(view, start)
        except BrokenFrameError:
            frame = None
        if frame is not None and frame.kind is FrameKind.SEAL:
            yield Seal.parse(frame.payload), start
        place = data.find(marker, place + 1)
