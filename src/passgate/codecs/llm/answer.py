"""What comes back, piece by piece: what the caller gets, what the recording keeps, what it cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from passgate.core.finding import Field
from passgate.core.masker import Lane

LaneSource = Callable[[Field, bytes], Lane]
"""Opens a lane for one text of an answer: its field, and what stands before it (the name of a JSON member)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """As the provider counts it; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Whole frames. ``delivered`` goes to the caller; ``recorded`` is the same with every token still a token."""

    delivered: bytes = b""
    recorded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``model``: as the provider names it. ``finish``: its own word for why it stopped. ``tools``: names of the tools it called."""

    usage: Usage = Usage()
    model: str = ""
    finish: str = ""
    answer_id: str = ""
    tools: tuple[str, ...] = ()


class AnswerReader(Protocol):
    """Rewrites one answer of one operation. Whole input and byte-by-byte input give the same concatenated pieces' text.

    Raises RemoteProtocolError for what is not of the dialect, DetectorError for what could not be scanned; the answer ends there.
    """

    @property
    def held(self) -> int:
        """Bytes of text that wait for what follows them."""

    @property
    def unread(self) -> int:
        """Bytes that came and were not looked at yet: the beginning of an event, of a line, of a body."""

    @property
    def summary(self) -> Summary:
        """What is known so far; complete after ``finish``."""

    def feed(self, data: bytes) -> Piece: ...

    def finish(self) -> Piece:
        """The upstream has ended."""
