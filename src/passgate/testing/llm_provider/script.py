"""What the stand-in is told to answer: the parts of an answer, how its text is cut, and what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random  # noqa: TID251 - seeded: the same cuts every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """``citations``: quoted source texts, as Anthropic's citations and as OpenAI's annotations."""

    text: str
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """A thinking block, a reasoning item with a summary, or ``reasoning_content``, by dialect; signed by the stand-in."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedThinking:
    """Opaque to everyone but the provider; only Anthropic's dialect has it."""

    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """``arguments``: the JSON text exactly as the model writes it, with whatever escapes it chose."""

    name: str
    arguments: str = "{}"
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    text: str


Part = Text | Thinking | RedactedThinking | ToolCall | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Sizes of pieces: always ``size``, or with a ``seed`` anything from 1 to ``size``. Size 0: in one piece."""

    size: int = 0
    seed: int | None = None

    def lengths(self, total: int) -> list[int]:
        """Lengths of the pieces of something ``total`` long; they add up to it."""
        if self.size <= 0:
            return [total] if total else []
        draw = Random(self.seed) if self.seed is not None else None  # noqa: S311 - the same cuts every time
        lengths = []
        while total:
            length = min(draw.randint(1, self.size) if draw else self.size, total)
            lengths.append(length)
            total -= length
        return lengths

    def text(self, whole: str) -> list[str]:
        at, pieces = 0, []
        for length in self.lengths(len(whole)):
            pieces.append(whole[at : at + length])
            at += length
        return pieces

    def data(self, whole: bytes) -> list[bytes]:
        at, pieces = 0, []
        for length in self.lengths(len(whole)):
            pieces.append(whole[at : at + length])
            at += length
        return pieces


class Writing(StrEnum):
    """How strings are written in JSON: the same text, different bytes."""

    PLAIN = "plain"  # UTF-8 as it is
    ASCII = "ascii"  # \\uXXXX for what is not ASCII
    ESCAPED = "escaped"  # \\uXXXX for every letter and digit of texts


class Fault(StrEnum):
    """What goes wrong after ``Script.faultless`` frames of a stream, or instead of an answer where there is no stream."""

    NONE = "none"
    HANG = "hang"  # says nothing more until the caller goes away
    CUT = "cut"  # closes the connection
    ERROR = "error"  # the dialect's own error event, in a stream only


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as an answer. ``body``: in the dialect's own shape unless given.

    ``retry_after`` in seconds; 529 is Anthropic's word for overloaded.
    """

    status: int
    type: str = ""
    message: str = "The stand-in was told to fail."
    code: str | None = None
    body: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How to answer one request. Without ``parts`` the last text of the caller comes back.

    ``quote``: a regular expression; what it finds first in that text stands in the parts wherever they say ``{quoted}``, as a model
    repeats what it has read.

    ``delta``: how texts are cut into deltas, by characters. ``frame``: how frames are cut into writes, by bytes. ``pace``: seconds
    between frames. ``faultless``: frames that go out before the ``fault``. ``headers`` are added to the answer's own. ``extra``:
    top-level fields that nobody knows yet, of a whole answer and of every event that holds a whole answer.
    """

    parts: tuple[Part, ...] = ()
    quote: str = ""
    delta: Cut = Cut(size=8)
    frame: Cut = Cut()
    pace: float = 0.0
    writing: Writing = Writing.PLAIN
    failure: Failure | None = None
    fault: Fault = Fault.NONE
    faultless: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    gzip: bool = False
    logprobs: bool = False
    pings: int = 0
    redirect: str = ""

    @classmethod
    def failing(cls, status: int, *, headers: Mapping[str, str] | None = None, message: str = "") -> "Script":
        """An error in the dialect's own shape."""
        failure = Failure(status=status, message=message) if message else Failure(status=status)
        return cls(failure=failure, headers=headers or {})


ECHO = Script()
