"""One event, provable to somebody who has nothing but a public key: C2SP tlog-proof.

The text is ``c2sp.org/tlog-proof@v1``, ``index <n>``, one base64 hash per line from leaf to root, a blank line, and a checkpoint.
"""

import base64
from contextlib import suppress
from dataclasses import dataclass

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import MAX_DIGITS, Seal, open_checkpoint
from passgate.ledger.merkle import HASH_BYTES, CompactRange, inclusion_proof, leaf_hash, root_from_inclusion
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.reader import Entry, LogReader
from passgate.ledger.tiles import Tiles

_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That the leaf ``index`` is in the tree that ``checkpoint``, a signed note, is the head of."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def text(self) -> str:
        hashes = "".join(f"{base64.b64encode(h).decode()}\n" for h in self.hashes)
        return f"{_FIRST_LINE}\nindex {self.index}\n{hashes}\n{self.checkpoint.decode()}"

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Raises LedgerCorruptError."""
        head, blank, checkpoint = text.partition("\n\n")
        first, *rest = head.split("\n")
        if not blank or first != _FIRST_LINE or not rest:
            raise LedgerCorruptError("not a tlog-proof")
        word, _, number = rest[0].partition(" ")
        if word != "index" or not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
            raise LedgerCorruptError("the proof names no index")
        try:
            hashes = tuple(base64.b64decode(line, validate=True) for line in rest[1:])
        except ValueError as error:
            raise LedgerCorruptError("a hash of the proof is not base64") from error
        if any(len(h) != HASH_BYTES for h in hashes):
            raise LedgerCorruptError("a hash of the proof has the wrong length")
        return cls(index=int(number), hashes=hashes, checkpoint=checkpoint.encode())

    def check(self, leaf: bytes, verifier: NoteVerifier) -> Seal:
        """The signed head that holds ``leaf``, byte for byte. Raises LedgerCorruptError if the proof does not show it."""
        seal = open_checkpoint(self.checkpoint, verifier)
        try:
            root = root_from_inclusion(self.index, seal.size, leaf_hash(leaf), self.hashes)
        except ValueError as error:
            raise LedgerCorruptError(f"the proof is malformed: {error}") from error
        if root != seal.root:
            raise LedgerCorruptError("the proof does not lead to the checkpoint's root")
        return seal


def prove(entry: Entry) -> Proof:
    """Against the published checkpoint, or the newest seal where that is older than the entry.

    Checked before it is handed out. Raises LedgerCorruptError, OSError.
    """
    log = entry.log
    head = log.published()
    if head is None or entry.index >= head.size:
        head = log.head()
    if head is None or entry.index >= head.size:
        raise LedgerCorruptError(f"entry {entry.index} is not sealed")
    proof = Proof(index=entry.index, hashes=_hashes(log, entry.index, head), checkpoint=head.note(log.verifier))
    proof.check(entry.leaf, log.verifier)
    return proof


def _hashes(log: LogReader, index: int, head: Seal) -> tuple[bytes, ...]:
    """From the tiles where they lead to the signed root, else from the log itself."""
    directory = log.directory / "tiles"
    if directory.is_dir():
        # ValueError: a gate that starts may build them anew meanwhile.
        with Tiles(directory, writable=False) as tiles, suppress(ValueError):
            if tiles.leads_to(head.size, head.root):
                return inclusion_proof(index, head.size, tiles.node)
    nodes: dict[tuple[int, int], bytes] = {}
    tree = CompactRange()
    for _, _, batch in log.batches():
        for leaf in batch.leaves:
            if tree.size == head.size:
                break
            completed: list[tuple[int, bytes]] = []
            tree.append(leaf_hash(leaf.entry), completed)
            nodes.update({(level, tree.size - 1 >> level): subtree for level, subtree in completed})
    if tree.size < head.size:
        raise LedgerCorruptError(
            f"{log.name} has {tree.size} entries left of the {head.size} that its checkpoint is of"
        )
    return inclusion_proof(index, head.size, lambda level, place: nodes[level, place])
