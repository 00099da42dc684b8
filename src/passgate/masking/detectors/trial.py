"""Tries rules out before they are trusted: what is drawn from a pattern must be found, whatever stands around it.

An engine that runs many patterns at once has been seen to compile one so that it met some texts only where nothing stood before
them, and a gate that is silent is believed. Which pattern that happens to depends on the others and on the processor, so it is
tried out where the patterns were compiled.
"""

from collections.abc import Iterator, Sequence
from random import Random  # noqa: TID251 - of samples nothing depends on chance
from typing import Final

from passgate.core.errors import ConfigError
from passgate.masking.detectors.gate import Gate
from passgate.masking.detectors.rule import CompiledRule
from passgate.masking.detectors.samples import draw

_DRAWN: Final = 4
_DRAWN_OF_OWN: Final = 64

_AROUND: Final = (
    (b"", b""),
    (b"a" * 19 + b"\n", b"\nAPP"),
    (b"b" * 39 + b" ", b" and so on"),
    (b"A1 -b x=y\n", b"\n"),
    (b"x y z " * 20, b", x y z" * 20),
    (b"0" * 30 + b"\n", b"\n" + b"0" * 30),
    (b"/" * 33 + b" ", b" " + b"/" * 33),
    (b'"key": "', b'"}'),
    (b"x", b"x"),
)
"""What stands before a sample and behind it, and says nothing itself."""


def passed_over(gate: Gate, rules: Sequence[CompiledRule]) -> frozenset[int]:
    """Indexes of the rules of which the gate misses a sample. Raises DetectorError."""
    missed: set[int] = set()
    for index, rule in enumerate(rules):
        if any(index not in gate.fired(text) for text in _texts(rule, _DRAWN) if _speaks(rule, text)):
            missed.add(index)
    return frozenset(missed)


def check_own(rule: CompiledRule) -> None:
    """Raises ConfigError where nothing that the pattern describes is found, or what is found holds none of its anchors: such a rule
    would be silent where its author believes that it watches."""
    anchors = [anchor.encode() for anchor in rule.rule.anchors]
    finds = False
    for text in _texts(rule, _DRAWN_OF_OWN):
        found = rule.search(text, 0)
        if found is None:
            continue
        finds = True
        first, last = found.span()
        if anchors and not any(anchor in text[first:last].lower() for anchor in anchors):
            raise ConfigError(f"rule {rule.rule.id}: it matches what holds none of its anchors")
    if not finds:
        raise ConfigError(f"rule {rule.rule.id}: RE2 finds nothing that the pattern seems to describe")


def _speaks(rule: CompiledRule, text: bytes) -> bool:
    return (rule.words is None or rule.words.search(text) is not None) and rule.search(text, 0) is not None


def _texts(rule: CompiledRule, count: int) -> Iterator[bytes]:
    """Raises DetectorError where no sample can be drawn."""
    random = Random(rule.rule.pattern)  # noqa: S311 - the same samples at every start
    for turn in range(count):
        drawn = draw(rule.rule.pattern, random)
        word = random.choice(rule.rule.context).encode() + b" " if rule.rule.context else b""
        other = drawn.swapcase() if turn % 2 else drawn
        for before, behind in _AROUND:
            yield before + word + other + behind
            if turn % 2:
                yield before + word + drawn + behind
