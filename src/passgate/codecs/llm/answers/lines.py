"""Answers in JSON Lines: what a batch answered, the content of a file. Each line is masked when it is whole, and leaves at
once."""

from passgate.codecs.llm.answer import LaneSource, Piece, Summary
from passgate.codecs.llm.answers.body import mask_body
from passgate.codecs.llm.answers.whole_texts import WholeTexts
from passgate.codecs.llm.rules import Rule
from passgate.core.errors import RemoteProtocolError

MAX_LINE = 32 * 1024 * 1024
"""Bytes of one line."""


class LinesReader:
    """The ``AnswerReader`` of JSON Lines. ``summary`` stays empty: a file has no usage of its own.

    A line that is not strict JSON raises RemoteProtocolError: a file of another kind is not delivered.
    """

    summary = Summary()

    def __init__(self, table: Rule, lanes: LaneSource, *, max_line: int = MAX_LINE) -> None:
        self._table = table
        self._lanes = lanes
        self._max_line = max_line
        self._rest: list[bytes] = []  # of a line that is not whole
        self._size = 0

    @property
    def held(self) -> int:
        return self._size

    @property
    def unread(self) -> int:
        return self._size

    def feed(self, data: bytes) -> Piece:
        end = data.rfind(b"\n") + 1
        whole = b"".join((*self._rest, data[:end])) if end else b""
        if end:
            self._rest, self._size = [], 0
        if rest := data[end:]:
            self._rest.append(rest)
            self._size += len(rest)
            self._check(self._size)
        return self._masked(whole) if whole else Piece()

    def finish(self) -> Piece:
        rest, self._rest, self._size = b"".join(self._rest), [], 0
        return self._masked(rest)

    def _check(self, size: int) -> None:
        if size > self._max_line:
            raise RemoteProtocolError(f"a line is longer than {self._max_line} bytes")

    def _masked(self, text: bytes) -> Piece:
        delivered: list[bytes] = []
        recorded: list[bytes] = []
        for line in text.splitlines(keepends=True) if b"\r" not in text else _lines(text):
            self._check(len(line))
            piece = Piece(delivered=line, recorded=line)
            if line.strip():
                piece, _ = mask_body(line, self._table, WholeTexts(self._lanes))
            delivered.append(piece.delivered)
            recorded.append(piece.recorded)
        return Piece(delivered=b"".join(delivered), recorded=b"".join(recorded))


def _lines(text: bytes) -> list[bytes]:
    """Lines end with LF; a CR in front of it is white space, as anywhere in JSON."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines
