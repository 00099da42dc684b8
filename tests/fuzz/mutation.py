"""Seeded mutation of byte strings: what breaks parsers of length-prefixed messages."""

from random import Random

_INTERESTING = (
    0,
    1,
    2,
    3,
    4,
    5,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
_MOST_BYTES = 4096


class Mutator:
    """The same seed gives the same inputs."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def mutate(self, data: bytes, other: bytes) -> bytes:
        """One to six changes; ``other`` is something to splice with."""
        made = bytearray(data)
        for _ in range(self.random.randint(1, 6)):
            change = self.random.choice(
                (self._flip, self._byte, self._number, self._insert, self._delete, self._repeat, self._cut, self._text)
            )
            change(made)
        if self.random.random() < 0.1:
            at = self.random.randint(0, len(made))
            made[at:] = other[self.random.randint(0, len(other)) :]
        return bytes(made[:_MOST_BYTES])

    def cuts(self, data: bytes) -> list[bytes]:
        """The same bytes in pieces."""
        pieces = []
        start = 0
        while start < len(data):
            end = start + self.random.randint(1, self.random.choice((1, 3, 9, 200)))
            pieces.append(data[start:end])
            start = end
        return pieces

    def _at(self, made: bytearray) -> int:
        return self.random.randrange(len(made) + 1)

    def _flip(self, made: bytearray) -> None:
        if made:
            made[self.random.randrange(len(made))] ^= 1 << self.random.randrange(8)

    def _byte(self, made: bytearray) -> None:
        if made:
            made[self.random.randrange(len(made))] = self.random.randrange(256)

    def _number(self, made: bytearray) -> None:
        size = self.random.choice((1, 2, 4))
        at = self._at(made)
        value = self.random.choice((*_INTERESTING, len(made), len(made) - at, len(made) - at + 1)) % (1 << 8 * size)
        made[at : at + size] = value.to_bytes(size)

    def _insert(self, made: bytearray) -> None:
        at = self._at(made)
        made[at:at] = self.random.randbytes(self.random.randint(1, 8))

    def _delete(self, made: bytearray) -> None:
        at = self._at(made)
        del made[at : at + self.random.randint(1, 8)]

    def _repeat(self, made: bytearray) -> None:
        at = self._at(made)
        made[at:at] = made[at : at + self.random.randint(1, 64)] * self.random.randint(1, 4)

    def _cut(self, made: bytearray) -> None:
        if self.random.random() < 0.3:
            del made[self._at(made) :]

    def _text(self, made: bytearray) -> None:
        at = self._at(made)
        made[at : at + 1] = self.random.choice(
            (b"\0", b"\n", b"\\", b'"', b"'", b"\t", b",", b"\\N", b"\xff", b"\xc3", b"\\u0040")
        )
