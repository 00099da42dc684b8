"""The rules that are left once everything about a session is known, indexed by what an atom says.

A rule's condition is a chain of ``&&``. Terms that speak of the session only (who, which resource, which pass) are evaluated once a
session: a false one drops the rule, a true one is dropped from it, one without a value stays to fail where it is reached. Of the
terms that are left, one equality over an atom's attribute becomes the key under which the rule is found. So a decision costs what
the rules about this verb and this object cost, however many others there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.action import Atom
from passgate.policy.attributes import Moment
from passgate.policy.cel import EvaluationError, Program, conjunction
from passgate.policy.rule import DIMENSIONS, Rule, Term

FAILURES = (EvaluationError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError)
"""What a condition can raise: its own error, and what a defect of ours would be. All of it denies."""

WEIGHT = 1_000_000
"""Rules in a bundle, at most: a weight is outcome x this, less the rule's order."""

_EVERYWHERE = len(DIMENSIONS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A rule under one key. ``test`` is what of its condition is still open, None where nothing is.

    ``weight`` orders outcomes (deny over hold over allow over none), then rules by their place in the bundle.
    """

    rule: Rule
    test: Program[Moment] | None
    weight: int


Tables = tuple[tuple[int, dict[str, tuple[Candidate, ...]]], ...]


def features(atom: Atom) -> tuple[str, ...]:
    """An atom's values in the order of ``DIMENSIONS``, then the key of the rules that have none."""
    target = atom.object
    return (
        target.name,
        atom.column,
        atom.verb,
        target.effect,
        target.kind,
        atom.verb_class,
        atom.position,
        "",
    )


def state(rules: Sequence[Rule], moment: Moment) -> bytes:
    """For each rule 0 where the session rules it out, 1 where it does not, 2 where a term has no value."""
    return bytes(_of_session(rule, moment) for rule in rules)


def _of_session(rule: Rule, moment: Moment) -> int:
    found = 1
    for term in rule.terms:
        if term.of_session:
            try:
                if not term.program(moment):
                    return 0
            except FAILURES:
                found = 2
    return found


def tables(rules: Sequence[Rule], states: bytes) -> Tables:
    buckets: list[dict[str, list[Candidate]]] = [{} for _ in range(_EVERYWHERE + 1)]
    for rule, found in zip(rules, states, strict=True):
        if found == 0:
            continue
        open_terms = [term for term in rule.terms if found == 2 or not term.of_session]
        key = _key(open_terms)
        if key is not None:
            open_terms.remove(key)
        candidate = Candidate(
            rule=rule,
            test=conjunction(tuple(term.program for term in open_terms)) if open_terms else None,
            weight=weight(rule),
        )
        place, names = (_EVERYWHERE, {""}) if key is None else (DIMENSIONS.index(key.dimension), key.keys)
        for name in names:
            buckets[place].setdefault(name, []).append(candidate)
    return tuple(
        (place, {name: tuple(found) for name, found in bucket.items()})
        for place, bucket in enumerate(buckets)
        if bucket
    )


def weight(rule: Rule) -> int:
    return 0 if rule.outcome is None else (rule.outcome.rank + 1) * WEIGHT - rule.order


def _key(terms: Sequence[Term]) -> Term | None:
    keyed = [term for term in terms if term.dimension]
    return min(keyed, key=lambda term: (DIMENSIONS.index(term.dimension), len(term.keys)), default=None)
