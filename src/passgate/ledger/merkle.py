"""The Merkle tree of RFC 6962 section 2.1, SHA-256: hashes, a growing head, inclusion proofs.

A *node* is named ``(level, index)``: the root of the complete subtree over leaves ``index << level`` to ``(index + 1) << level``.
Proof makers ask for nodes through a function, so that they work on memory and on tiles alike.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32

Node = Callable[[int, int], bytes]
"""``node(level, index)`` answers the hash of one complete subtree."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The head of a growing tree: one hash for each bit set in ``size``, largest subtree first.

    ``completed`` collects ``(level, hash)`` of each subtree that an appended leaf completes, level 0 being the leaf itself.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self._hashes = list(hashes)
        self.size = size
        if len(self._hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} subtrees, not {len(self._hashes)}")

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def copy(self) -> "CompactRange":
        return CompactRange(self.size, self._hashes)

    def append(self, leaf: bytes, completed: list[tuple[int, bytes]] | None = None) -> None:
        """Add one leaf *hash*."""
        merged, size, hashes, level = leaf, self.size, self._hashes, 0
        if completed is not None:
            completed.append((0, leaf))
        while size & 1:
            merged = sha256(b"\x01" + hashes.pop() + merged).digest()
            size >>= 1
            level += 1
            if completed is not None:
                completed.append((level, merged))
        hashes.append(merged)
        self.size += 1

    def root(self) -> bytes:
        if not self._hashes:
            return EMPTY_ROOT
        reverse = reversed(self._hashes)
        merged = next(reverse)
        for left in reverse:
            merged = node_hash(left, merged)
        return merged


def range_at(size: int, node: Node) -> CompactRange:
    """The head as it was at ``size``."""
    hashes, done = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            hashes.append(node(level, done >> level))
            done += 1 << level
    return CompactRange(size, hashes)


def _subtree(start: int, end: int, node: Node) -> bytes:
    """MTH over leaves ``start`` to ``end``, where ``start`` is where RFC 6962's recursion would split."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    split = start + _split(count)
    return node_hash(_subtree(start, split, node), _subtree(split, end, node))


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """RFC 6962 PATH(m, D[n]), leaf to root. Raises ValueError where the tree has no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            path.append(_subtree(split, end, node))
            end = split
        else:
            path.append(_subtree(start, split, node))
            start = split
    return tuple(reversed(path))


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that ``proof`` leads to (RFC 9162 section 2.1.3.2). Raises ValueError if it has the wrong length."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    merged, place, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if place & 1 or place == last:
            merged = node_hash(step, merged)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            merged = node_hash(merged, step)
        place >>= 1
        last >>= 1
    if last:
        raise ValueError("the proof is too short")
    return merged
