"""From what an action shows, what the decision asks and what the server says, to what is done to each part of a result.

Three sources may each say "mask": lineage, the server's own origin of a column, and the value scan of what is left. None of them
can take back what another one said.
"""

from collections.abc import Mapping, Sequence

from passgate.core.action import Action, ColumnRef, Output
from passgate.core.decision import Decision, LimitRows, Mask, Scan, Strategy, StrategyKind
from passgate.core.shape import Part, PartPlan, Plan, Shape, ValueKind
from passgate.masking.strategies import stricter

_SCANNED = frozenset({ValueKind.TEXT, ValueKind.STRUCTURED, ValueKind.BYTES})
"""Kinds that can hold free text. Numbers, times and the like are masked by column or not at all."""

UNPROVEN = "unproven"
"""The rule named where nothing shows that a part is harmless."""


class LineagePlanner:
    """The ``Planner`` of the pipeline. Pure: the same action, decision and shape give the same plan."""

    def plan(self, action: Action, decision: Decision, shape: Shape) -> Plan:
        masks = [o for o in decision.obligations if isinstance(o, Mask)]
        by_column: dict[ColumnRef, list[Mask]] = {}
        for mask in masks:
            by_column.setdefault(mask.column, []).append(mask)
        scan = next((o.rule for o in decision.obligations if isinstance(o, Scan)), None)
        limits = [o.limit for o in decision.obligations if isinstance(o, LimitRows)]
        outputs = action.outputs if action.complete else None
        if outputs is not None and len(outputs) == len(shape.parts):
            parts = [_proven(output, part, by_column, scan) for output, part in zip(outputs, shape.parts, strict=True)]
        else:
            parts = [_unproven(part, by_column, masks) for part in shape.parts]
        return Plan(parts=tuple(parts), max_rows=min(limits) if limits else None)


def _proven(output: Output, part: Part, by_column: Mapping[ColumnRef, Sequence[Mask]], scan: str | None) -> PartPlan:
    """The part's lineage is known; the server's word is added to it, never put in its place."""
    bare = output.direct and len(output.sources) == 1
    asked = [
        (mask.strategy if bare else _whole(mask.strategy), mask.rule)
        for source in output.sources
        for mask in by_column.get(source, ())
    ]
    computed = bool(asked) and not bare
    asked.extend(_by_origin(part, by_column))
    if asked:
        return _strictest(asked, nulls=computed)
    return PartPlan(scan=True, rule=scan) if scan is not None and part.kind in _SCANNED else PartPlan()


def _unproven(part: Part, by_column: Mapping[ColumnRef, Sequence[Mask]], masks: Sequence[Mask]) -> PartPlan:
    """Nobody can say what this part was made of.

    Harmless is only what the server reads from a relation that policy knows by that very name (it has masked columns there) and
    from a column of it that is not masked. The server names a view's column by the view, so another relation proves nothing.
    """
    asked = _by_origin(part, by_column)
    if asked:
        return _strictest(asked, nulls=False)
    if masks and not _known_relation(part.origin, by_column):
        whole = [(_whole(mask.strategy), mask.rule) for mask in masks]
        label = whole[0][0].label if len({strategy.label for strategy, _ in whole}) == 1 else ""
        strategy = Strategy(kind=_strictest_of(whole)[0].kind, label=label)
        return PartPlan(mask=strategy, nulls=True, rule=UNPROVEN)
    return PartPlan(scan=True, rule=UNPROVEN) if part.kind in _SCANNED else PartPlan()


def _by_origin(part: Part, by_column: Mapping[ColumnRef, Sequence[Mask]]) -> list[tuple[Strategy, str]]:
    if part.origin is None:
        return []
    return [(mask.strategy, mask.rule) for mask in by_column.get(part.origin, ())]


def _known_relation(origin: ColumnRef | None, by_column: Mapping[ColumnRef, Sequence[Mask]]) -> bool:
    return origin is not None and any(
        (column.namespace, column.object) == (origin.namespace, origin.object) for column in by_column
    )


def _whole(strategy: Strategy) -> Strategy:
    """What is computed from a masked column is masked whole: parts, hashes and tokens of it would mean something else.

    So is its NULL: ``nullif(email, 'guess')`` and ``substring(email from '^a')`` say by it what a WHERE would.
    """
    return stricter(strategy, Strategy(kind=StrategyKind.REDACT, label=strategy.label))


def _strictest_of(asked: Sequence[tuple[Strategy, str]]) -> tuple[Strategy, str]:
    strategy, rule = asked[0]
    for other, other_rule in asked[1:]:
        chosen = stricter(strategy, other)
        if chosen != strategy:
            strategy, rule = chosen, other_rule
    return strategy, rule


def _strictest(asked: Sequence[tuple[Strategy, str]], *, nulls: bool) -> PartPlan:
    ordered = sorted(asked, key=lambda pair: (pair[1], str(pair[0])))
    strategy, rule = _strictest_of(ordered)
    return PartPlan(mask=strategy, nulls=nulls, rule=rule)
