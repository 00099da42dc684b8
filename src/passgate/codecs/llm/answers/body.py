"""Answers that are one JSON body, an error's above all: read whole, then every text in them masked in place.

Where nothing was changed the body leaves as it came. The lists of numbers of embeddings are cut out before anything looks at
the rest.
"""

import re
from collections.abc import Callable

from passgate.codecs.llm.answer import LaneSource, Piece, Summary
from passgate.codecs.llm.answers.whole_texts import Edit, WholeTexts
from passgate.codecs.llm.answers.words import AnswerReading
from passgate.codecs.llm.json_text import MAX_ANSWER_SCALARS, Json, parse, splice
from passgate.codecs.llm.rules import Rule
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field

MAX_BODY = 64 * 1024 * 1024
"""Bytes: 2048 embeddings of 3072 numbers each are 64 MB of text at most."""

_VECTOR = re.compile(rb'(?<!\\)"embedding"\s*:\s*\[([-+0-9.eE,\s]{64,}+)\]')
"""A bare quote in front and a colon behind: this is a name, and no text inside a string."""

SummaryOf = Callable[[Json], Summary]


def mask_body(text: bytes, table: Rule, whole: WholeTexts) -> tuple[Piece, Json]:
    """The body masked, and what it says. Raises RemoteProtocolError for what is not strict JSON, DetectorError."""
    looked_at, cuts = _without_vectors(text)
    document = parse(looked_at, most=MAX_ANSWER_SCALARS)
    reading = AnswerReading(document)
    table.read(reading, document.tree, "")
    delivered, recorded = whole.edits(reading.leaves)
    if recorded or whole.blank(reading.copies):
        blanks: list[Edit] = [(copy.start, copy.end, copy.gone) for copy in reading.copies]
        delivered, recorded = sorted(delivered + blanks), sorted(recorded + blanks)
    piece = Piece(delivered=splice(text, _moved(delivered, cuts)), recorded=splice(text, _moved(recorded, cuts)))
    return piece, document.tree


class BodyReader:
    """The ``AnswerReader`` of one JSON body. Nothing leaves before its end."""

    def __init__(self, table: Rule, summary_of: SummaryOf, lanes: LaneSource, *, max_body: int = MAX_BODY) -> None:
        self._table = table
        self._summary_of = summary_of
        self._whole = WholeTexts(lanes)
        self._max_body = max_body
        self._chunks: list[bytes] = []
        self._size = 0
        self.summary = Summary()

    @property
    def held(self) -> int:
        return self._size

    @property
    def unread(self) -> int:
        return self._size

    def feed(self, data: bytes) -> Piece:
        self._size += len(data)
        if self._size > self._max_body:
            raise RemoteProtocolError(f"an answer is longer than {self._max_body} bytes")
        self._chunks.append(data)
        return Piece()

    def finish(self) -> Piece:
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks, self._size = [], 0
        if not body.strip():
            return Piece(delivered=body, recorded=body)
        piece, tree = mask_body(body, self._table, self._whole)
        self.summary = self._summary_of(tree)
        return piece


class ErrorReader(BodyReader):
    """The same for a body that an upstream, or what stands before it, sends with an error: what is not JSON is one text."""

    def finish(self) -> Piece:
        body = b"".join(self._chunks)
        try:
            return super().finish()
        except RemoteProtocolError:
            try:
                body.decode()
            except UnicodeDecodeError:
                raise RemoteProtocolError("an error's body is neither JSON nor UTF-8") from None
            shown = self._whole.shown(body, Field.METADATA, is_json=True)  # what is none becomes plain text by itself
            return Piece(
                delivered=body if shown.delivered == body else shown.delivered,
                recorded=body if shown.recorded == body else shown.recorded,
            )


def _without_vectors(text: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """The text with the numbers of its embeddings cut out; where each cut is in the shorter text, and how long it was."""
    if b'"embedding"' not in text:
        return text, []
    pieces: list[bytes] = []
    cuts: list[tuple[int, int]] = []
    at = kept = 0
    for match in _VECTOR.finditer(text):
        pieces.append(text[at : match.start(1)])
        kept += match.start(1) - at
        at = match.end(1)
        cuts.append((kept, at - match.start(1)))
    pieces.append(text[at:])
    return (b"".join(pieces), cuts) if cuts else (text, [])


def _moved(edits: list[Edit], cuts: list[tuple[int, int]]) -> list[Edit]:
    if not cuts or not edits:
        return edits
    moved: list[Edit] = []
    for start, end, token in edits:
        by = sum(size for place, size in cuts if place <= start)
        moved.append((start + by, end + by, token))
    return moved
