"""Finds personal data and secrets in bytes: a gate over all rules at once, then a closer look where it fired."""

import importlib.util
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from passgate.core.errors import DetectorError
from passgate.masking.detectors.confirm import accept, matches, resumed, settled
from passgate.masking.detectors.gate import Gate
from passgate.masking.detectors.glued import loosened, parted
from passgate.masking.detectors.literals import LiteralGate
from passgate.masking.detectors.rule import MAX_TAIL, SEPARATOR, CompiledRule, Rule
from passgate.masking.detectors.rule_set import RuleSet, build_rule_set, built_in_rules, fingerprint_of
from passgate.masking.detectors.spans import Finding, Match, OpenMatch, merge
from passgate.masking.detectors.trial import check_own
from passgate.masking.detectors.watch import Watch

BLOCK_BYTES = 16 * 1024
"""Cells are joined up to this size per scan: below it the calls cost, above it a hit looks at too much."""


class Settled(NamedTuple):
    """``matches``: nothing that follows can change them. ``going_on``: those that reach the end and may go on. ``place``: before it
    no other match begins, whatever follows."""

    matches: list[Match]
    going_on: list[OpenMatch]
    place: int


_NONE: Final[Mapping[int, int]] = {}


class Detector:
    """Safe to share between threads. Works on UTF-8 bytes; every offset is a byte offset."""

    def __init__(self, rules: RuleSet, gate: Gate) -> None:
        self.rules = rules
        self.types = frozenset((rule.rule.class_, rule.rule.label) for rule in rules.rules)
        self._gate = gate

    def findings(self, data: bytes) -> tuple[Finding, ...]:
        """Everything sensitive in one text, in order, without overlaps. Raises DetectorError."""
        found = self.matches(data)
        return merge(found) if found else ()

    def suspicious(self, data: bytes) -> bool:
        """Whether a closer look is needed at all. False is certain. Raises DetectorError."""
        return bool(self._gate.fired(data)) or ((loose := loosened(data)) is not None and bool(self._gate.fired(loose)))

    def findings_batch(self, values: Sequence[bytes]) -> Mapping[int, tuple[Finding, ...]]:
        """Findings of each of many short values, by index, for those that have any.

        The same as ``findings`` of each, at a fraction of the price. Raises DetectorError.
        """
        found: dict[int, tuple[Finding, ...]] = {}
        first = 0
        size = 0
        for index, value in enumerate(values):
            size += len(value) + 1
            if size >= BLOCK_BYTES:
                self._scan_block(values[first : index + 1], first, found)
                first = index + 1
                size = 0
        if first < len(values):
            self._scan_block(values[first:], first, found)
        return found

    def _scan_block(self, values: Sequence[bytes], first: int, found: dict[int, tuple[Finding, ...]]) -> None:
        joined = SEPARATOR.join(values)
        starts = [0, *accumulate(len(value) + 1 for value in values)]
        crossed: set[int] = set()
        by_cell: dict[int, list[Match]] = {}
        for index in self._gate.fired(joined):
            self._match_cells(self.rules.rules[index], joined, starts, by_cell, crossed)
        if (loose := loosened(joined)) is not None:
            glued: dict[int, list[Match]] = {}
            for index in self._gate.fired(loose):
                self._match_cells(self.rules.rules[index], loose, starts, glued, crossed)
            for cell, matches_ in glued.items():
                by_cell[cell] = parted(by_cell.get(cell, ()), matches_)
        for cell in sorted(by_cell.keys() | crossed):
            alone = self.findings(values[cell]) if cell in crossed else _in_cell(by_cell[cell], starts[cell])
            if alone:
                found[first + cell] = alone

    def _match_cells(
        self,
        rule: CompiledRule,
        joined: bytes,
        starts: Sequence[int],
        by_cell: dict[int, list[Match]],
        crossed: set[int],
    ) -> None:
        position = 0
        while (candidate := rule.search(joined, position)) is not None:
            begin, stop = whole = candidate.span()
            cell = bisect_right(starts, begin) - 1
            low, high = starts[cell], starts[cell + 1] - 1
            if stop > high:  # it ran over a border: these cells are looked at alone
                crossed.update(range(cell, bisect_right(starts, stop - 1)))
                position = begin + 1
                continue
            match = accept(rule, joined, candidate.span(1) if rule.grouped else whole, whole, (low, high))
            if match is None:
                position = begin + 1
            else:
                by_cell.setdefault(cell, []).append(match)
                position = match.stop

    def settled(self, data: bytes, position: int, running: Mapping[int, int]) -> Settled:
        """What is found from ``position`` on where ``data`` is only the beginning of a text. Raises DetectorError.

        ``running``: rules of which a match goes on at ``position``, and until where it may.
        """
        settled_ = self._settled(data, position, self._running(running))
        loose = loosened(data)
        beside = self._running(running, beside=True)
        if loose is None and not beside:
            return settled_
        read = self._settled(data if loose is None else loose, position, beside)
        count = len(self.rules.rules)
        going_on = [*settled_.going_on, *(o._replace(rule_index=o.rule_index + count) for o in read.going_on)]
        return Settled(parted(settled_.matches, read.matches), going_on, min(settled_.place, read.place))

    def _settled(self, data: bytes, position: int, running: Mapping[int, int]) -> Settled:
        watch = self._watch
        fired = {*self._gate.fired(data), *watch.candidates(data, position), *running}
        place = max(position, len(data) - watch.beginnings.held(data))
        found: list[Match] = []
        going_on: list[OpenMatch] = []
        for index in fired:
            rule = self.rules.rules[index]
            first = position
            if (limit := running.get(index)) is not None:
                rest = resumed(rule, data, position, limit)
                if rest.end == len(data) < limit:
                    going_on.append(OpenMatch(rest, position, limit, index))
                    continue
                if rest.end > position:
                    found.append(rest)
                first = rest.end
            own, place, last = settled(rule, data, first, place)
            found.extend(own)
            if last is not None:
                going_on.append(OpenMatch(last[0], last[1], last[1] + MAX_TAIL, index))
        return Settled(found, going_on, place)

    def _running(self, running: Mapping[int, int], *, beside: bool = False) -> Mapping[int, int]:
        """Those of the text as it stands, or those of the text as it reads with escapes: they count on from the last rule."""
        count = len(self.rules.rules)
        if beside:
            return {index - count: limit for index, limit in running.items() if index >= count}
        return {index: limit for index, limit in running.items() if index < count} if running else running

    def prepare(self) -> None:
        """Make what streams need now (a seventh of a second), and not when the first of them comes. Raises DetectorError."""
        self._watch.beginnings.held(b"")

    @cached_property
    def _watch(self) -> Watch:
        return Watch(self.rules)

    def matches(self, data: bytes, position: int = 0, running: Mapping[int, int] = _NONE) -> list[Match]:
        """Every rule's accepted matches from ``position`` on, not merged. ``running`` as for ``settled``. Raises DetectorError."""
        found = self._matches(data, position, self._running(running))
        loose = loosened(data)
        beside = self._running(running, beside=True)
        if loose is None and not beside:
            return found
        return parted(found, self._matches(data if loose is None else loose, position, beside))

    def _matches(self, data: bytes, position: int, running: Mapping[int, int]) -> list[Match]:
        found: list[Match] = []
        for index in {*self._gate.fired(data), *running}:
            rule = self.rules.rules[index]
            first = position
            if (limit := running.get(index)) is not None:
                rest = resumed(rule, data, position, limit)
                if rest.end > position:
                    found.append(rest)
                first = rest.end
            found.extend(matches(rule, data, first))
        return found


def _in_cell(found: Sequence[Match], start: int) -> tuple[Finding, ...]:
    """Matches of one cell, counted from its own first byte."""
    if len(found) == 1:
        (m,) = found
        return (Finding(start=m.start - start, end=m.end - start, type=m.type, class_=m.class_, rule=m.rule),)
    return tuple(replace(f, start=f.start - start, end=f.end - start) for f in merge(found))


_LEAST_RANK = 10


def open_detector(
    *,
    cache: Path | None = None,
    own: Sequence[Rule] = (),
    without: Collection[str] = (),
    least_rank: int = _LEAST_RANK,
    engine: str = "",
) -> Detector:
    """The detector for a process: the built-in rules plus the operator's ``own``, less those ``without``.

    ``least_rank``: rules below it are off; the default leaves out what is personal in some data only (any URL, any postal code).
    ``cache``: folder for the compiled database. ``engine``: ``vectorscan`` or ``literals``; empty takes Vectorscan where its wheel
    is. Raises ConfigError for a rule that is not fit for use, DetectorError if the engine does not start.
    """
    chosen = [rule for rule in (*built_in_rules(), *own) if rule.id not in without and rule.rank >= least_rank]
    rules = build_rule_set(chosen)
    theirs = {rule.id for rule in own}
    for compiled in rules.rules:
        if compiled.rule.id in theirs:
            check_own(compiled)
    available = importlib.util.find_spec("hyperscan") is not None
    if engine not in ("", "vectorscan", "literals"):
        raise DetectorError(f"no engine is called {engine!r}")
    if engine == "literals" or (not engine and not available):
        return Detector(rules, LiteralGate(rules.rules))
    from passgate.masking.detectors.vectorscan import VectorscanGate

    file = _database(cache, rules.fingerprint) if cache is not None else None
    return Detector(rules, VectorscanGate(rules.rules, fingerprint=rules.fingerprint, cache=file))


def is_compiled(cache: Path) -> bool:
    """Whether the built-in rules need not be compiled: that takes seconds, and memory that a process never gives back."""
    rules = fingerprint_of([rule for rule in built_in_rules() if rule.rank >= _LEAST_RANK])
    return _database(cache, rules).exists() or importlib.util.find_spec("hyperscan") is None


def _database(cache: Path, fingerprint: str) -> Path:
    return cache / f"rules-{fingerprint[:16]}.db"
