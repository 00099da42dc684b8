"""What a codec asks of masking, without knowing it: values in batches, never one call per cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from passgate.core.decision import Strategy
from passgate.core.finding import FindingClass, Span
from passgate.core.text_plan import LanePlan


class Masker(Protocol):
    """Works on UTF-8 text. One instance serves one session (tokens are scoped to it)."""

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        """Mask whole values of one column. ``None`` in the answer means NULL. Raises DetectorError."""

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        """Look for sensitive text inside values; answers only the values to replace, by index. Raises DetectorError."""

    def scan_text(self, text: bytes) -> bytes:
        """The same for one running text (an error message, a plan): returns it with every finding masked."""

    def counts(self) -> Mapping[str, int]:
        """How many values and findings of each type were masked so far: for the ledger, which never sees values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """``value``: UTF-8. ``context``: what stands before it (the name of a JSON member), looked at, never shown."""

    value: bytes
    context: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A piece of masked text in two forms: ``delivered`` to the caller, tokens restored where the plan says so, and ``recorded``,
    where every token stays a token."""

    delivered: bytes
    recorded: bytes


class Lane(Protocol):
    """One text that comes in pieces. However it is cut, all pieces together give the same."""

    @property
    def held(self) -> int:
        """Bytes that wait for what follows them."""

    @property
    def masked(self) -> Mapping[str, int]:
        """How many findings of each type were masked so far."""

    @property
    def restored(self) -> Mapping[str, int]:
        """How many tokens of each type were turned back so far."""

    def feed(self, data: bytes) -> Shown:
        """What can be shown now; whole UTF-8 characters only. Raises DetectorError, and nothing may be shown after that."""

    def finish(self) -> Shown:
        """The rest. Raises DetectorError."""

    def whole(self, data: bytes) -> Shown:
        """``feed`` of all of a text and ``finish``: nothing has to wait for what follows. Raises DetectorError."""


class TextMasker(Masker, Protocol):
    """Works on conversations: finds, replaces by plan, follows streams, restores tokens. One instance serves one session."""

    @property
    def types(self) -> frozenset[tuple[FindingClass, str]]:
        """Every type that can be found."""

    def find(self, texts: Sequence[Text]) -> Sequence[tuple[Span, ...]]:
        """Of each text its findings, in order, without overlaps; offsets count from the value. Raises DetectorError."""

    def replace(self, text: bytes, spans: Sequence[Span], plan: LanePlan) -> bytes:
        """The text with its findings masked by the plan. A reversible token's value is kept for ``lane`` to restore."""

    def lane(self, plan: LanePlan, *, context: bytes = b"") -> Lane:
        """A new lane; fed whole and finished, it gives what the pieces give."""

    def close(self) -> None:
        """Forget what every token stands for."""
