"""A recorded session being played back: lines as they were stored, and the moments that people are shown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from passgate.core.event import Json

Cells = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """``at``: microseconds since the session began. What each channel holds is the protocol's business, but for ``cut``: JSON that
    says how many bytes are missing, by what bound."""

    channel: str
    at: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """``at``: seconds since the session began. ``kind``: of any session ``verdict``, ``notice``, ``end``, ``cut``, ``event``; of
    statements ``statement``, ``result``; of a conversation ``request``, ``message``, ``scan``, ``answer``, ``text``, ``call``.

    ``text`` is for people; ``facts`` what it was made of; a result has ``columns`` and ``rows`` (None is NULL); what came bit by
    bit has ``pieces``, each with its own time, which together are the text. Nothing of it is made safe for a terminal.
    """

    at: float
    kind: str
    text: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[Cells, ...] = ()
    pieces: tuple[tuple[float, str], ...] = ()

    @property
    def until(self) -> float:
        return self.pieces[-1][0] if self.pieces else self.at

    def json(self) -> dict[str, Json]:
        """Times as text with six digits, in seconds."""
        body: dict[str, Json] = {"at": f"{self.at:.6f}", "kind": self.kind, "text": self.text, **self.facts}
        if self.kind == "result":
            body |= {"columns": list(self.columns), "rows": [list(row) for row in self.rows]}
        if self.pieces:
            body["pieces"] = [[f"{at:.6f}", text] for at, text in self.pieces]
        return body


class RecordingReader(Protocol):
    """How a protocol's recorded lines read."""

    def moments(self, lines: Iterable[RecordedLine]) -> Iterator[Moment]:
        """Of one session, in order. Raises LedgerCorruptError for a line that nobody can have written."""


def verdict_text(body: Mapping[str, Any]) -> str:
    """``body``: a recorded verdict, or a decision in the ledger with its reason."""
    said = f"{body.get('outcome', '')} by {body.get('rule', '')}"
    for part in ("reason", "hint"):
        if body.get(part):
            said += f"; {body[part]}"
    return said


def cut_text(body: Mapping[str, Any]) -> str:
    """``body``: of a line of the channel ``cut``."""
    said = ", ".join(f"{count} bytes ({bound})" for bound, count in sorted(body.items()))
    return f"not stored, only hashed: {said}"
