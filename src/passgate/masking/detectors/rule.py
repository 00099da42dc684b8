"""One detection rule, and what makes it fit for use: linear, bounded, and refused at load otherwise."""

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import re2

from passgate.core.errors import ConfigError
from passgate.core.finding import FindingClass
from passgate.masking.detectors.edges import EDGES, REACH
from passgate.masking.detectors.validators import LOOSE, VALIDATORS

MAX_WIDTH = 512
"""Bytes one pattern may match, its ``tail`` aside: what a stream has to hold back (a 4 KB prompt is scanned in one go)."""

MAX_TAIL = 16 * 1024
"""Bytes a tail may run on: an RSA key of 16,384 bits fits. What goes on beyond it is no key, and no stream waits for its end."""

CONTEXT_REACH = 48
"""Bytes on either side of a match in which a context word counts; a form's label, not the paragraph before it."""

SEPARATOR = b"\x00"
"""Between the cells of a batch. Not a word byte, so ``\\b`` sees what it sees at the end of a cell."""


class Found(Protocol):
    """The part of RE2's match object in use."""

    def span(self, group: int = 0) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``pattern``: RE2 syntax over bytes; its first group, where it has one, is what to mask.

    ``label``: the type shown (``EMAIL``). ``rank`` (0 to 100): how certain a match is; it names unions of overlapping matches, and
    a detector asks for a least one. ``anchors``: lower-case literals of which a match holds at least one; empty where none is sure.
    ``validator``: name of the check a match has to pass. ``edge``: name of the check on its neighbours. ``context``: words of which
    one must stand within CONTEXT_REACH bytes, as a whole word; empty where the match speaks for itself. ``tail``: a byte class; a
    match goes on while bytes are of it (keys and certificates have no bound of their own). ``note``: the public format it follows.
    """

    id: str
    class_: FindingClass
    label: str
    rank: int
    pattern: str
    anchors: tuple[str, ...] = ()
    validator: str = ""
    edge: str = ""
    context: tuple[str, ...] = ()
    tail: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule that passed every check at load. ``search(data, pos)`` is RE2's, in linear time. ``reach``: bytes after a match that
    ``clear`` looks at. ``loose``: nothing but its own signs bounds what is masked."""

    rule: Rule
    search: Callable[[bytes, int], Found | None]
    grouped: bool
    valid: Callable[[bytes], bool] | None
    clear: Callable[[bytes, int, int, int, int], bool] | None
    words: re.Pattern[bytes] | None
    tail: re.Pattern[bytes] | None = field(default=None)
    reach: int = 0
    loose: bool = False


def compile_rule(rule: Rule) -> CompiledRule:
    """Raises ConfigError naming the rule and what is wrong with it."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # one byte is one character: offsets are byte offsets
    options.log_errors = False
    try:
        compiled = re2.compile(rule.pattern.encode("ascii"), options)
    except (re2.error, UnicodeEncodeError) as error:
        raise ConfigError(f"rule {rule.id}: not a pattern that RE2 takes: {error}") from error
    _check_shape(rule)
    if rule.validator and rule.validator not in VALIDATORS:
        raise ConfigError(f"rule {rule.id}: no validator is called {rule.validator!r}")
    if rule.edge and rule.edge not in EDGES:
        raise ConfigError(f"rule {rule.id}: no edge check is called {rule.edge!r}")
    if compiled.groups > 1:
        raise ConfigError(f"rule {rule.id}: one group at most, the part to mask")
    return CompiledRule(
        rule=rule,
        search=compiled.search,
        grouped=compiled.groups == 1,
        valid=VALIDATORS[rule.validator] if rule.validator else None,
        clear=EDGES[rule.edge] if rule.edge else None,
        words=_words(rule.context) if rule.context else None,
        tail=_tail(rule) if rule.tail else None,
        reach=REACH.get(rule.edge, 0),
        loose=compiled.groups == 1 and rule.validator in LOOSE,
    )


def _check_shape(rule: Rule) -> None:
    if not 0 <= rule.rank <= 100:
        raise ConfigError(f"rule {rule.id}: rank {rule.rank} is not within 0 and 100")
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", rule.label):
        raise ConfigError(f"rule {rule.id}: label {rule.label!r} is not UPPER_CASE")
    if any(anchor != anchor.lower() or not anchor for anchor in rule.anchors):
        raise ConfigError(f"rule {rule.id}: anchors are lower-case literals")
    parser = importlib.import_module("re._parser")
    try:
        parsed = parser.parse(rule.pattern.encode("ascii"))
    except re.error as error:
        raise ConfigError(f"rule {rule.id}: outside the common ground of RE2 and re: {error}") from error
    least, most = parsed.getwidth()
    if least == 0:
        raise ConfigError(f"rule {rule.id}: it can match nothing at all")
    if most > MAX_WIDTH:
        raise ConfigError(
            f"rule {rule.id}: a match may be {most} bytes long, more than {MAX_WIDTH}; bound it or give it a tail"
        )
    if _looks_outside(parsed):
        raise ConfigError(
            f"rule {rule.id}: ^, $, \\A and \\z are not for rules: a cell, a line and a stream must give the same"
        )


def _looks_outside(parsed: object) -> bool:
    """Whether an anchor other than ``\\b`` or ``\\B`` stands anywhere in the parsed pattern."""
    return any(place in repr(parsed) for place in ("AT_BEGINNING", "AT_END"))


def _words(context: tuple[str, ...]) -> re.Pattern[bytes]:
    """Whole words, also as parts of ``snake_case`` and ``camelCase`` names; a space stands for up to two separators. No part of a
    longer word of Greek, Cyrillic and the like either, though their words may go on (cases), and a number may follow at once.

    The shortest comes first, so that a longer one which runs out of reach does not hide it.
    """
    known = sorted((form for word in context for form in forms(word)), key=len)
    before = r"(?:(?<![A-Za-z0-9])|(?<=[a-z0-9])(?=[A-Z]))(?<![\xc3-\xdf][\x80-\xbf])"
    after = r"(?:(?![A-Za-z0-9])|(?<=[a-z])(?=[A-Z]))"
    words = (rf"(?i:{spaced(word)}){after if word[-1].isascii() else ''}" for word in known)
    return re.compile(f"{before}(?:".encode() + "|".join(words).encode() + b")")


def spaced(word: str) -> str:
    """A context word as a pattern: between two parts of one stand a blank, a sign of a name, or nothing."""
    return re.escape(word).replace("\\ ", r"[\s_.\-]{0,2}")


def forms(word: str) -> Sequence[str]:
    """A context word as it is also written: patterns are of bytes, and know the two cases of ASCII only."""
    return (word,) if word.isascii() else tuple(dict.fromkeys((word, word.upper(), word.capitalize(), word.title())))


def _tail(rule: Rule) -> re.Pattern[bytes]:
    tail = re.compile(f"[{rule.tail}]*".encode("ascii"))
    if tail.match(SEPARATOR + b"x") is None or tail.fullmatch(SEPARATOR) is not None:
        raise ConfigError(f"rule {rule.id}: a tail may not cross the separator of cells")
    if tail.fullmatch(b"<") is not None or tail.fullmatch(b"&") is not None:
        raise ConfigError(f"rule {rule.id}: a tail may not cross a token, which begins with < or &")
    return tail
