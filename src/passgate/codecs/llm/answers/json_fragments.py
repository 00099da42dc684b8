"""A lane for JSON that arrives as fragments of its text: the arguments of a tool call while the model writes them.

Each string is unescaped and has a masking lane of its own, told the names that lead to it; what the lane shows is escaped
again. Numbers are looked at as whole tokens, and become strings where they had to be masked. Structure passes as it is.

Spelling. A string is spelled as it came up to its first change; from there to its end it has one spelling: ``"``, ``\\`` and
control characters escaped, everything else as it is. Both depend on the whole string only, never on how it was cut.

What is not JSON. Inside a string nothing is malformed: an escape that RFC 8259 does not know stands for itself, half of a
surrogate pair for U+FFFD, a control character for itself. Outside of strings, from the first token that is none of JSON's on,
all that follows is one plain text in one lane.
"""

import re
from collections import deque
from collections.abc import Sequence

from passgate.codecs.llm.answer import LaneSource
from passgate.core.finding import Field
from passgate.core.masker import Lane, Shown

MAX_CONTEXT = 96
"""Characters of the names that lead to a value, of which its lane is told the last."""

MAX_TOKEN = 512
"""Bytes of a number. A longer one is plain text."""

SHORT_NUMBER = 2
"""Digits that say nothing about anybody: counts, indexes, ages. The shortest that does is a card's check number."""

MAX_DEPTH = 256
"""Levels. Deeper JSON is plain text from there on."""

MAX_PLAIN = 256
MAX_CLEAN = 4096
"""Bytes of a string, and strings, that are remembered where nothing was found in them."""

CleanString = tuple[Field, bytes, bytes]
"""The field and the context of its lane, and what it says."""

_WHOLE = re.compile(rb'"([^"\\\x00-\x1f]*+)"')
_SPACE = re.compile(rb"[ \t\r\n]+")
_BARE = re.compile(rb'[^][ \t\r\n{}:,"]+')
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_RUN = re.compile(rb'[^"\\]+')
_HEX = re.compile(rb"[0-9a-fA-F]{0,4}")
_UNSAFE = re.compile(rb'["\\\x00-\x1f]')
_LITERALS = frozenset((b"true", b"false", b"null"))
_SIMPLE = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ESCAPED = {code: b"\\u%04x" % code for code in range(0x20)} | {
    0x22: b'\\"',
    0x5C: b"\\\\",
    0x08: b"\\b",
    0x0C: b"\\f",
    0x0A: b"\\n",
    0x0D: b"\\r",
    0x09: b"\\t",
}
_REPLACEMENT = b"\xef\xbf\xbd"


def escaped(text: bytes) -> bytes:
    """What stands between the quotes of a JSON string that says ``text``, in its one spelling."""
    return _UNSAFE.sub(lambda match: _ESCAPED[match.group()[0]], text)


class JsonFragments:
    """Takes the place of a lane. Fed whole and finished, it gives what the pieces give."""

    def __init__(
        self, lanes: LaneSource, *, field: Field = Field.TOOL_ARGUMENTS, clean: set[CleanString] | None = None
    ) -> None:
        """``clean``: strings in which nothing was found, added to as more are read: they need no second lane."""
        self._clean: set[CleanString] = set() if clean is None else clean
        self._lanes = lanes
        self._field = field
        self._waiting = b""  # the beginning of an escape or of a bare token
        self._string: _StringValue | None = None
        self._plain: Lane | None = None
        self._open: list[tuple[bool, str]] = []  # of each level: is it an object, and the names that lead to it
        self._name_due = False  # the next string is a name
        self._name = b""  # as far as it is read
        self._names = ""  # that lead to the next value

    @property
    def held(self) -> int:
        if self._plain is not None:
            return self._plain.held
        return len(self._waiting) + (self._string.held if self._string is not None else 0)

    def feed(self, data: bytes) -> Shown:
        if self._plain is not None:
            return self._plain.feed(data)
        return self._read(self._waiting + data, last=False)

    def finish(self) -> Shown:
        shown = _Output()
        if self._plain is None:
            shown.add(self._read(self._waiting, last=True))
        if self._string is not None:
            shown.add(self._string.finish())
            self._string = None
        if self._plain is not None:
            shown.add(self._plain.finish())
        return shown.shown()

    def whole(self, data: bytes) -> Shown:
        first, rest = self.feed(data), self.finish()
        return Shown(delivered=first.delivered + rest.delivered, recorded=first.recorded + rest.recorded)

    def _read(self, text: bytes, *, last: bool) -> Shown:
        """``last``: what seems cut off is whole."""
        shown = _Output()
        at = 0
        while at < len(text) and self._plain is None:
            before = at
            if self._string is not None:
                at = self._in_string(self._string, text, at, shown, last=last)
            else:
                at = self._between(text, at, shown, last=last)
            if at == before:
                break
        self._waiting = text[at:]
        if self._plain is not None:
            self._waiting = b""
            shown.add(self._plain.feed(text[at:]))
        return shown.shown()

    def _between(self, text: bytes, at: int, shown: "_Output", *, last: bool) -> int:
        """Reads one token outside of strings; returns where the next begins."""
        space = _SPACE.match(text, at)
        if space is not None:
            shown.both(space.group())
            return space.end()
        bare = _BARE.match(text, at)
        if bare is not None:
            return self._bare(text, at, bare, shown, last=last)
        mark = text[at : at + 1]
        if mark == b'"':
            whole = _WHOLE.match(text, at)
            if whole is not None:
                self._whole_string(whole.group(1), shown)
                return whole.end()
            self._begin_string()
        elif mark in b"{[":
            if len(self._open) >= MAX_DEPTH:
                self._be_plain()
                return at
            self._open.append((mark == b"{", self._names))
            self._name_due = mark == b"{"
        elif mark in b"}]":
            if self._open:
                _, self._names = self._open.pop()
            self._name_due = False
        else:
            self._name_due = mark == b"," and bool(self._open) and self._open[-1][0]
        shown.both(mark)
        return at + 1

    def _bare(self, text: bytes, at: int, bare: re.Match[bytes], shown: "_Output", *, last: bool) -> int:
        token = bare.group()
        if bare.end() == len(text) and not last and len(token) <= MAX_TOKEN:
            return at
        if token in _LITERALS or (len(token) <= SHORT_NUMBER and token.isdigit()):
            shown.both(token)
        elif len(token) <= MAX_TOKEN and _NUMBER.fullmatch(token):
            shown.add(self._number(token))
        else:
            self._be_plain()
            return at
        return bare.end()

    def _number(self, token: bytes) -> Shown:
        shown = self._lanes(self._field, self._context()).whole(token)
        return Shown(
            delivered=token if shown.delivered == token else b'"' + escaped(shown.delivered) + b'"',
            recorded=token if shown.recorded == token else b'"' + escaped(shown.recorded) + b'"',
        )

    def _whole_string(self, said: bytes, shown: "_Output") -> None:
        """One that is there from quote to quote, without escapes."""
        shown.both(b'"')
        if (self._field, self._about(), said) in self._clean:
            shown.both(said)
        else:
            string = _StringValue(self._lanes(self._field, self._about()))
            shown.add(string.whole(said))
            self._remember(string)
        shown.both(b'"')
        if self._name_due:
            self._name = said[-4 * MAX_CONTEXT :]
            self._end_name()

    def _remember(self, string: "_StringValue") -> None:
        """After its end."""
        if string.plain is not None and len(self._clean) < MAX_CLEAN:
            self._clean.add((self._field, self._about(), string.plain))

    def _begin_string(self) -> None:
        self._name = b""
        self._string = _StringValue(self._lanes(self._field, self._about()))

    def _context(self) -> bytes:
        return self._names.encode()

    def _about(self) -> bytes:
        """The context of the next string: a name has none."""
        return b"" if self._name_due else self._context()

    def _end_name(self) -> None:
        above = self._open[-1][1] if self._open else ""
        name = self._name.decode(errors="ignore")
        self._names = f"{above}.{name}"[-MAX_CONTEXT:] if above else name[-MAX_CONTEXT:]
        self._name_due = False

    def _be_plain(self) -> None:
        self._plain = self._lanes(self._field, b"")

    def _in_string(self, string: "_StringValue", text: bytes, at: int, shown: "_Output", *, last: bool) -> int:
        """Reads on to the end of the string, or of what has come of it; returns where the next begins.

        All of it goes to the lane at once: a text that is nothing but escapes must not cost a search for each of them.
        """
        pieces: list[tuple[bytes, bytes]] = []
        while at < len(text) and text[at] != 0x22:
            run = _RUN.match(text, at)
            if run is not None:
                said = run.group()
                pieces.append((said, said))
                at = run.end()
                continue
            size, decoded = _escape(text, at, last=last)
            if not size:
                break
            pieces.append((decoded, text[at : at + size]))
            at += size
        if pieces:
            if self._name_due:
                self._name = (self._name + b"".join(decoded for decoded, _ in pieces))[-4 * MAX_CONTEXT :]
            shown.add(string.feed(pieces))
        if at < len(text) and text[at] == 0x22:
            self._end_string(string, shown)
            return at + 1
        return at

    def _end_string(self, string: "_StringValue", shown: "_Output") -> None:
        shown.add(string.finish())
        shown.both(b'"')
        self._string = None
        self._remember(string)
        if self._name_due:
            self._end_name()


class _Output:
    __slots__ = ("_delivered", "_recorded")

    def __init__(self) -> None:
        self._delivered: list[bytes] = []
        self._recorded: list[bytes] = []

    def both(self, text: bytes) -> None:
        self._delivered.append(text)
        self._recorded.append(text)

    def add(self, shown: Shown) -> None:
        self._delivered.append(shown.delivered)
        self._recorded.append(shown.recorded)

    def shown(self) -> Shown:
        return Shown(delivered=b"".join(self._delivered), recorded=b"".join(self._recorded))


class _StringValue:
    """One string on its way: its lane, and how what the lane shows is spelled."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._delivered = _Spelling()
        self._recorded = _Spelling()
        self._raw: bytes | None = b""  # None: it is long, or has escapes

    @property
    def plain(self) -> bytes | None:
        """What a short string without escapes says, if nothing was found in it; to be asked after its end."""
        return self._raw if self._delivered.kept and self._recorded.kept else None

    @property
    def held(self) -> int:
        held = self._lane.held
        return max(held, self._delivered.waiting) if held else 0

    def feed(self, pieces: Sequence[tuple[bytes, bytes]]) -> Shown:
        """Each as it reads, and as it is spelled: one object where that is the same."""
        for decoded, raw in pieces:
            if self._raw is not None:
                self._raw = self._raw + raw if decoded is raw and len(self._raw) + len(raw) <= MAX_PLAIN else None
            self._delivered.expect(decoded, raw)
            self._recorded.expect(decoded, raw)
        return self._spelled(self._lane.feed(b"".join(decoded for decoded, _ in pieces)))

    def finish(self) -> Shown:
        return self._spelled(self._lane.finish())

    def whole(self, text: bytes) -> Shown:
        """Of a string without escapes: its lane is told all of it at once."""
        self._raw = text if len(text) <= MAX_PLAIN else None
        if text:
            self._delivered.expect(text, text)
            self._recorded.expect(text, text)
        return self._spelled(self._lane.whole(text))

    def _spelled(self, shown: Shown) -> Shown:
        return Shown(
            delivered=self._delivered.spell(shown.delivered),
            recorded=self._recorded.spell(shown.recorded),
        )


class _Spelling:
    """Gives back the spelling that came, up to the first change. A run without escapes is spelled as it reads: one object,
    twice."""

    __slots__ = ("_changed", "_expected")

    def __init__(self) -> None:
        self._expected: deque[tuple[bytes, bytes]] = deque()
        self._changed = False

    @property
    def waiting(self) -> int:
        return sum(len(raw) for _, raw in self._expected)

    @property
    def kept(self) -> bool:
        """Whether everything so far was spelled as it came."""
        return not self._changed and not self._expected

    def expect(self, decoded: bytes, raw: bytes) -> None:
        if not self._changed:
            self._expected.append((decoded, raw))

    def spell(self, text: bytes) -> bytes:
        """``text``: the next that the lane shows."""
        spelled: list[bytes] = []
        at = 0
        while at < len(text) and self._expected and not self._changed:
            decoded, raw = self._expected[0]
            if text.startswith(decoded, at):
                spelled.append(raw)
                at += len(decoded)
                self._expected.popleft()
            elif decoded is raw:
                same = _common(decoded, text[at:])
                spelled.append(decoded[:same])
                at += same
                rest = decoded[same:]
                self._expected[0] = (rest, rest)
                self._changed = at < len(text)
            else:
                self._changed = True
        if at < len(text):
            self._changed = True
            self._expected.clear()
            spelled.append(escaped(text[at:]))
        return b"".join(spelled)


def _common(one: bytes, other: bytes) -> int:
    """Bytes that both begin with."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def _escape(text: bytes, at: int, *, last: bool) -> tuple[int, bytes]:
    """The escape at a backslash: its bytes, and what it says. 0 bytes: it is not whole yet."""
    kind = text[at + 1 : at + 2]
    if not kind:
        return (1, b"\\") if last else (0, b"")
    if kind != b"u":
        # An escape that nobody knows stands for itself; its second byte may begin a longer character and is left to what follows.
        return (2, _SIMPLE[kind]) if kind in _SIMPLE else (1, b"\\")
    code = _code_unit(text, at)
    if code is None:
        return (0, b"") if _cut_off(text, at) and not last else (1, b"\\")
    if not 0xD800 <= code < 0xE000:
        return 6, chr(code).encode()
    if code >= 0xDC00:
        return 6, _REPLACEMENT
    low = _code_unit(text, at + 6)
    if low is not None and 0xDC00 <= low < 0xE000:
        return 12, chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)).encode()
    if low is None and _cut_off(text, at + 6) and not last:
        return 0, b""
    return 6, _REPLACEMENT


def _code_unit(text: bytes, at: int) -> int | None:
    """What ``\\uXXXX`` at this place says; None if it is not there, or not whole."""
    if text[at : at + 2] != b"\\u":
        return None
    digits = text[at + 2 : at + 6]
    found = _HEX.match(digits)
    return int(digits, 16) if found is not None and found.end() == 4 else None


def _cut_off(text: bytes, at: int) -> bool:
    """The text ends inside of what may become ``\\uXXXX``."""
    rest = text[at : at + 6]
    if len(rest) == 6:
        return False
    return (
        b"\\u"[: len(rest)] == rest[:2] and (found := _HEX.match(rest[2:])) is not None and found.end() == len(rest[2:])
    )
