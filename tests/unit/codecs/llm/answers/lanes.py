"""Lanes that mask one word and turn one token back, whatever they are cut into: what a codec can see of masking."""

from collections import Counter

from passgate.core.finding import Field
from passgate.core.masker import Shown

SECRET = b"swordfish"
MASK = b"<MASKED>"
SPACED = b"sword fish"
"""Another, which no id could hold."""

TOKEN = b"<<EMAIL:abc>>"
VALUE = b'jo "\n"@x.io'
"""What the token stands for: with characters that JSON must escape."""

_WORDS = {SECRET: (MASK, MASK), SPACED: (MASK, MASK), TOKEN: (VALUE, TOKEN)}


def delivered(text: bytes) -> bytes:
    return recorded(text).replace(TOKEN, VALUE)


def recorded(text: bytes) -> bytes:
    return text.replace(SECRET, MASK).replace(SPACED, MASK)


class WordLane:
    """Holds back what may be the beginning of a word, and not a byte more."""

    def __init__(self, field: Field, context: bytes) -> None:
        self.field = field
        self.context = context
        self.fed = b""
        self.finished = False
        self.masked: Counter[str] = Counter()
        self.restored: Counter[str] = Counter()
        self._rest = b""

    @property
    def held(self) -> int:
        return len(self._rest)

    def feed(self, data: bytes) -> Shown:
        assert not self.finished
        data.decode()  # whole characters only
        self.fed += data
        return self._shown(self._rest + data, last=False)

    def finish(self) -> Shown:
        assert not self.finished
        self.finished = True
        return self._shown(self._rest, last=True)

    def whole(self, data: bytes) -> Shown:
        first, rest = self.feed(data), self.finish()
        return Shown(delivered=first.delivered + rest.delivered, recorded=first.recorded + rest.recorded)

    def _shown(self, text: bytes, *, last: bool) -> Shown:
        cut = len(text) if last else _cut(text)
        self._rest = text[cut:]
        return Shown(delivered=delivered(text[:cut]), recorded=recorded(text[:cut]))


def _may_grow(tail: bytes) -> bool:
    return any(word.startswith(tail) and word != tail for word in _WORDS)


def _cut(text: bytes) -> int:
    for size in range(min(len(text), max(map(len, _WORDS)) - 1), 0, -1):
        if _may_grow(text[-size:]):
            return len(text) - size
    return len(text)


class Lanes:
    """A lane source that remembers what it was asked for."""

    def __init__(self) -> None:
        self.opened: list[WordLane] = []

    def __call__(self, field: Field, context: bytes) -> WordLane:
        lane = WordLane(field, context)
        self.opened.append(lane)
        return lane

    def fields(self, text: bytes) -> set[Field]:
        """The fields of the lanes that were fed this text."""
        return {lane.field for lane in self.opened if text in lane.fed}
