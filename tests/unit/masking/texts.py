"""Texts put together at random of everything that is difficult: values of every rule whole, cut and damaged, words that speak for
them, tokens, JSON, letters of many scripts, and one thing inside another."""

from collections.abc import Sequence
from random import Random

from tests.unit.masking.detectors.test_detector import TEXTS, examples, filled

_BETWEEN = (
    b"", b"", b" ", b"\n", b": ", b"=", b"'", b'"', b",", b'":"', b"-", b".", b"@", b"//", b"  ", b"\x00", b"<", b"<<", b"\\",
    b"&lt;", b"{", b"[", b"\\n", b"\\\\t", b"%3D", b"\\u003c", b"\x1b[31m", b"\\x1b[0;1m",
)  # fmt: skip
_PROSE = (
    b"Sure, here it is: the invoice of 2024-11-05 wasn't paid, 3,200 parcels (12.5%) came back, and `total([10, -3])` is 7."
    b" Write to the customer at once; her number is in the file, as are card and account."
)
_HEADS = (
    b"-----BEGIN RSA PRIVATE KEY-----\n", b"sk-ant-api03-", b"sk-proj-", b"Bearer ", b"eyJhbGciOiJIUzI1NiJ9.eyJ", b"xoxb-",
    b"api_key = ", b"glc_", b"Private-Lines: 12\n",
)  # fmt: skip
_BODIES = (b"ABCDEFabcdef0123456789+/", b"ABCDEFGHIJabcdefghij0123456789_-", b"ABCDEF234567")


class Texts:
    """``words``: that speak for values. ``tokens``: of the session that will read the texts."""

    def __init__(self, words: Sequence[bytes], tokens: Sequence[bytes]) -> None:
        self._words = words
        self._tokens = tokens
        self._examples = examples()

    def draw(self, random: Random) -> bytes:
        pieces = [
            self._damaged(self._piece(random), random) + random.choice(_BETWEEN) for _ in range(random.randint(1, 10))
        ]
        return random.choice((b"", b"", b"", b"{", b"[")) + b"".join(pieces)

    def draw_long(self, random: Random) -> bytes:
        """With a key in it that has no bound of its own, and other things inside that."""
        alphabet = random.choice(_BODIES)
        head = random.choice(_HEADS)
        text = head + bytes(random.choices(alphabet, k=random.choice((300, 900, 1000, 1100, 1500, 2500))))
        for _ in range(random.randint(0, 3)):
            place = random.randint(len(head), len(text))
            text = (
                text[:place]
                + random.choice((b"\n", b" ", b"=", b".eyJ", random.choice(_HEADS), self._piece(random)))
                + text[place:]
            )
        return self.draw(random) + text + random.choice(_BETWEEN) + self.draw(random)

    def _piece(self, random: Random) -> bytes:
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                return random.choice(TEXTS)
            case 4 | 5:
                return filled(random.choice(self._examples)[1], random).replace("«", "").replace("»", "").encode()
            case 6:
                return random.choice(self._words)
            case 7:
                return random.choice(self._tokens)
            case 8:
                return "".join(random.choices("aé日本ü😀 .@1", k=random.randint(0, 30))).encode()
            case 9:
                place = random.randrange(len(_PROSE))
                return _PROSE[place : place + random.randint(0, 60)]
            case 10:
                return bytes(
                    random.choices(
                        random.choice((b"0123456789", b"abcdef0123456789", b"x", b" ")), k=random.randint(0, 90)
                    )
                )
            case _:
                return bytes(random.choices(random.choice(_BODIES), k=random.randint(0, 700)))

    @staticmethod
    def _damaged(piece: bytes, random: Random) -> bytes:
        if not piece:
            return piece
        place = random.randrange(len(piece))
        match random.randrange(10):
            case 0 | 1:
                return piece[:place]
            case 2:
                return piece[place:]
            case 3:
                return piece.swapcase()
            case 4:
                return piece[:place] + bytes([random.randrange(32, 127)]) + piece[place + 1 :]
            case _:
                return piece
