"""Finds orders to a model inside texts that should hold data: a web page that says to ignore what came before.

Whether an order is where it belongs depends on the part of the conversation that it stands in, which policy knows. So these rules
are kept apart from those for personal data and secrets: they are asked of what goes to a model, and of nothing else.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import re2

from passgate.core.finding import FindingClass, Span
from passgate.masking.detectors.confirm import matches
from passgate.masking.detectors.rule import CompiledRule
from passgate.masking.detectors.rule_set import build_rule_set, parse_table
from passgate.masking.detectors.spans import Match, merge

_MEMORY = 32 * 1024 * 1024
"""Bytes for the automaton of all patterns together; a tenth of it is used."""


class InstructionFinder:
    """Safe to share between threads. Works on UTF-8 bytes; every offset is a byte offset."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        options.never_capture = True
        options.max_mem = _MEMORY
        self._rules = tuple(rules)
        self._any = re2.compile("|".join(f"(?:{rule.rule.pattern})" for rule in rules).encode("ascii"), options).search

    def find(self, text: bytes) -> tuple[Span, ...]:
        """What gives orders in one text, in order, without overlaps. Raises DetectorError."""
        first = self._any(text)
        if first is None:
            return ()
        found: list[Match] = []
        for rule in self._rules:
            found.extend(matches(rule, text, first.start()))
        return tuple(Span(start=f.start, end=f.end, type=f.type, class_=f.class_) for f in merge(found))


@cache
def instruction_finder() -> InstructionFinder:
    """One for the process, over ``rules/injection/*.tsv``. Raises ConfigError for a rule that is not fit for use."""
    folder = files(__package__).joinpath("rules", FindingClass.INJECTION.value)
    tables = sorted((table for table in folder.iterdir() if table.name.endswith(".tsv")), key=lambda table: table.name)
    rules = [
        rule for table in tables for rule in parse_table(table.read_text("utf-8"), FindingClass.INJECTION, table.name)
    ]
    return InstructionFinder(build_rule_set(rules).rules)


def beside(sensitive: tuple[Span, ...], orders: tuple[Span, ...]) -> tuple[Span, ...]:
    """Both together, in order. Where they overlap, what has to be masked stays whole, and of the order the longest rest."""
    if not orders:
        return sensitive
    rests = [rest for order in orders if (rest := _rest(order, sensitive)) is not None]
    return tuple(sorted((*sensitive, *rests), key=lambda span: span.start))


def _rest(order: Span, sensitive: tuple[Span, ...]) -> Span | None:
    """None: it stands inside of what has to be masked."""
    gaps: list[tuple[int, int]] = []
    start = order.start
    for span in sensitive:
        if span.end > start and span.start < order.end:
            gaps.append((start, span.start))
            start = span.end
    gaps.append((start, order.end))
    start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
    return replace(order, start=start, end=end) if start < end else None
