"""Candidates to matches: RE2 for the exact span, then neighbours, checksum and context words, cheapest first."""

import re
from collections.abc import Iterator

from passgate.core.abandoning import go_on
from passgate.core.errors import DetectorError
from passgate.masking.detectors.ends import own_end
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_TAIL, CompiledRule
from passgate.masking.detectors.spans import Match


def matches(rule: CompiledRule, data: bytes, position: int = 0) -> Iterator[Match]:
    """Accepted matches of one rule that begin at ``position`` or later, leftmost first, never overlapping.

    A rejected candidate consumes one byte only, so it never hides a good one.
    """
    high = len(data)
    while (found := rule.search(data, position)) is not None:
        begin, stop = found.span()
        match = accept(rule, data, found.span(1) if rule.grouped else (begin, stop), (begin, stop), (0, high))
        if match is None:
            position = begin + 1
        else:
            yield match
            position = match.stop


def accept(
    rule: CompiledRule, data: bytes, secret: tuple[int, int], whole: tuple[int, int], cell: tuple[int, int]
) -> Match | None:
    """Judge one candidate: ``secret`` is the part to mask of the ``whole`` that the pattern matched inside ``cell``.

    A group that took no part in the match means the whole. Raises AbandonedError: a text may be made of candidates.
    """
    go_on()
    start, end = secret if secret[0] >= 0 else whole
    low, high = cell
    stop = whole[1]
    if rule.loose and (own := own_end(data, start, end)) < end:
        end = stop = own
    if rule.clear is not None and not rule.clear(data, start, end, low, high):
        return None
    if rule.valid is not None and not _valid(rule, data[start:end]):
        return None
    if rule.words is not None and not _spoken(rule.words, data, whole, cell):
        return None
    if (
        rule.tail is not None
        and end == stop == whole[1]
        and (run := rule.tail.match(data, end, min(high, end + MAX_TAIL))) is not None
    ):
        end = stop = run.end()
    return Match(
        begin=whole[0],
        stop=stop,
        start=start,
        end=end,
        rank=rule.rule.rank,
        type=rule.rule.label,
        class_=rule.rule.class_,
        rule=rule.rule.id,
    )


def _valid(rule: CompiledRule, value: bytes) -> bool:
    assert rule.valid is not None  # noqa: S101 - asked of rules with a validator only
    try:
        return rule.valid(value)
    except (ValueError, LookupError, ArithmeticError):  # a check that cannot cope with what the pattern lets through
        raise DetectorError(f"the check of rule {rule.rule.id} failed") from None  # the cause would quote the value


def _spoken(words: re.Pattern[bytes], data: bytes, whole: tuple[int, int], cell: tuple[int, int]) -> bool:
    """Whether a context word stands in reach. The bytes beyond the reach still say whether a word is a whole one."""
    low, high = cell
    begin, stop = whole
    return _says(words, data, max(low, begin - CONTEXT_REACH), begin, high) or _says(
        words, data, stop, min(high, stop + CONTEXT_REACH), high
    )


def _says(words: re.Pattern[bytes], data: bytes, first: int, last: int, high: int) -> bool:
    """Whether any word stands between ``first`` and ``last``, whatever else begins where it does."""
    beyond = min(high, last + 1)
    while (found := words.search(data, first, beyond)) is not None:
        if found.end() <= last:
            return True
        first = found.start() + 1
    return False


def settled(
    rule: CompiledRule, data: bytes, position: int, horizon: int
) -> tuple[list[Match], int, tuple[Match, int] | None]:
    """What ``matches`` finds where ``data`` is only the beginning of a text, as far as no continuation can change it.

    Returns the matches, the place before which there is no other (``horizon``, or the first candidate that cannot be judged yet),
    and the match, if there is one, whose tail may go on, with the end of its head. No match that is not whole in ``data`` begins
    before ``horizon``, which the caller answers for.
    """
    found: list[Match] = []
    high = len(data)
    while (candidate := rule.search(data, position)) is not None:
        whole = candidate.span()
        begin = whole[0]
        if begin >= horizon:
            break
        secret = candidate.span(1) if rule.grouped else whole
        if not _judged(rule, data, secret, whole):
            return found, begin, None
        match = accept(rule, data, secret, whole, (0, high))
        if match is None:
            position = begin + 1
            continue
        if rule.tail is not None and match.stop == match.end == high < whole[1] + MAX_TAIL:
            return found, horizon, (match, whole[1])
        found.append(match)
        position = match.stop
    return found, horizon, None


def resumed(rule: CompiledRule, data: bytes, position: int, limit: int) -> Match:
    """The rest, from ``position`` on, of a match whose tail went on; it may be empty. It starts a byte early, being no new one."""
    assert rule.tail is not None  # noqa: S101 - only a tail goes on
    run = rule.tail.match(data, position, min(len(data), limit))
    end = position if run is None else run.end()
    return Match(
        begin=position,
        stop=end,
        start=position - 1,
        end=end,
        rank=rule.rule.rank,
        type=rule.rule.label,
        class_=rule.rule.class_,
        rule=rule.rule.id,
    )


def _judged(rule: CompiledRule, data: bytes, secret: tuple[int, int], whole: tuple[int, int]) -> bool:
    """Whether all is known that ``accept`` looks at, or enough of it."""
    high = len(data)
    start, end = secret if secret[0] >= 0 else whole
    if rule.loose:
        end = own_end(data, start, end)
    neighbours = rule.clear is None or end + rule.reach <= high
    if rule.clear is not None and neighbours and not rule.clear(data, start, end, 0, high):
        return True
    if rule.valid is not None and not _valid(rule, data[start:end]):
        return True
    if not neighbours:
        return False
    if rule.words is None or whole[1] + CONTEXT_REACH < high:
        return True
    begin, stop = whole
    # A word that ends where the known text does may go on and be another one.
    return _says(rule.words, data, max(0, begin - CONTEXT_REACH), begin, high) or _says(
        rule.words, data, stop, max(stop, high - 1), high
    )
