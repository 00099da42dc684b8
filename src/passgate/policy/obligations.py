"""What must be done to what passes: every matching obligation applies, duplicates become one, the strictest of a kind stays."""

from collections.abc import Iterable, Sequence
from functools import reduce

from passgate.core.action import Atom, ColumnRef
from passgate.core.decision import (
    LimitRows,
    Mask,
    MaxRows,
    Notify,
    Obligation,
    ReadOnly,
    Record,
    Scan,
    Strategy,
    StrategyKind,
    Tag,
)
from passgate.policy.rule import Rule

_SHOWS_LESS = (StrategyKind.PARTIAL, StrategyKind.TOKEN, StrategyKind.HASH, StrategyKind.REDACT, StrategyKind.NULL)


def merged(fired: Iterable[tuple[Rule, Atom]]) -> tuple[Obligation, ...]:
    """The obligations of the rules that fired, in an order of their own: that of the rules changes nothing."""
    found: dict[tuple[str, ...], Obligation] = {}
    masks: dict[tuple[str, ...], list[Mask]] = {}
    for rule, atom in fired:
        then = rule.definition.then
        for obligation in then.obligations:
            _add(found, obligation)
        if then.mask is not None and shows(atom):
            column = ColumnRef(namespace=atom.object.namespace, object=atom.object.name, column=atom.column)
            mask = Mask(column=column, strategy=then.mask, rule=rule.id)
            masks.setdefault(_key(mask), []).append(mask)
    found.update((key, _strictest(several)) for key, several in masks.items())
    return tuple(found[key] for key in sorted(found))


_SHOWS_NOTHING = frozenset({"relation", "model", "tool", "batch"})
"""Kinds of objects that hold values in parts with names of their own: naming the whole shows none."""


def shows(atom: Atom) -> bool:
    """Whether a mask on the atom means something: a column, a finding, or the whole of what has no parts.

    What a token stood for comes back or does not, by grants of its own (``restore``): there is nothing in between to mask.
    """
    if atom.object.kind == "finding":
        return atom.verb != "restore"
    return bool(atom.column) or atom.object.kind not in _SHOWS_NOTHING


def _add(found: dict[tuple[str, ...], Obligation], new: Obligation) -> None:
    key = _key(new)
    known = found.get(key)
    found[key] = new if known is None else _stricter(known, new)


def _key(obligation: Obligation) -> tuple[str, ...]:
    match obligation:
        case Mask(column=column):
            return ("mask", column.namespace, column.object, column.column)
        case MaxRows() | LimitRows() | ReadOnly() | Record() | Scan():
            return (type(obligation).__name__,)
        case Notify(channel=channel):
            return ("notify", channel)
        case Tag(tag=tag):
            return ("tag", tag)


def _strictest(masks: Sequence[Mask]) -> Mask:
    """By the rule that says it just so; where none does, since two together show less than either, by the first of theirs."""
    if len(masks) == 1:
        return masks[0]
    strategy = reduce(_shows_less, (mask.strategy for mask in masks))
    exact = [mask.rule for mask in masks if mask.strategy == strategy]
    alike = [mask.rule for mask in masks if mask.strategy.kind is strategy.kind]
    return Mask(column=masks[0].column, strategy=strategy, rule=min(exact or alike))


def _stricter(known: Obligation, new: Obligation) -> Obligation:
    """Of two of one kind the stricter; of two equal ones the one whose rule's id sorts first, whatever their order was."""
    match known, new:
        case MaxRows(), MaxRows():
            return known if (known.limit, known.rule) <= (new.limit, new.rule) else new
        case LimitRows(), LimitRows():
            return known if (known.limit, known.rule) <= (new.limit, new.rule) else new
        case Record(), Record():
            return known if (known.mode != "strict", known.rule) <= (new.mode != "strict", new.rule) else new
        case Scan(), Scan():
            return Scan(classes=known.classes | new.classes, rule=min(known.rule, new.rule))
    return known if known.rule <= new.rule else new


def _shows_less(left: Strategy, right: Strategy) -> Strategy:
    if left.kind is StrategyKind.PARTIAL and right.kind is StrategyKind.PARTIAL:
        return Strategy(
            kind=StrategyKind.PARTIAL,
            keep_first=min(left.keep_first, right.keep_first),
            keep_last=min(left.keep_last, right.keep_last),
            label=max(left.label, right.label),
        )
    return max(left, right, key=lambda s: (_SHOWS_LESS.index(s.kind), s.label))
