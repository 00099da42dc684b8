"""The rules that are left once everything about a session is known, indexed by what an atom says.

A rule's condition is a chain of ``&&``. Terms that speak of the session only (who, which resource, which pass) are evaluated once a
session: a false one drops the rule, a true one is dropped from it, one without a value stays to fail where it is reached. Of the
terms that are left, one equality over an atom's attribute becomes the key under which the rule is found. So a decision costs what
the rules about this verb and this object cost, however many others there are.

Whoever acts for somebody is judged with everybody it acts for: the rules that are left for each of them. Most rules say of none of
them anything else than of the first, and are not judged twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.action import Atom
from passgate.core.decision import Outcome
from passgate.core.principal import Principal
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """One principal of a session's chain, and the rules to judge it by. ``holds``: it has a pass of its own, so it needs grants; of
    the others only what denies, holds or obliges counts."""

    principal: Principal
    tables: Tables
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Personal:
    """A rule that may say of one principal something else than of the next. ``stays_open``: in a term asked of each atom."""

    place: int
    rule: Rule
    stays_open: bool
    only_grants: bool


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


def personal(rules: Sequence[Rule]) -> tuple[Personal, ...]:
    return tuple(
        Personal(
            place=place,
            rule=rule,
            stays_open=any(term.personal and not term.of_session for term in rule.terms),
            only_grants=_only_grants(rule),
        )
        for place, rule in enumerate(rules)
        if any(term.personal for term in rule.terms)
    )


def others(rules: Sequence[Personal], first: bytes, moment: Moment, *, holds: bool) -> bytes | None:
    """The states of another principal than the first, as far as they can make a difference; None where none can.

    Who holds a pass needs all of its own rules, unless they are the very same. Who holds none needs no grant, and what says of it
    what it says of the first need not be asked twice.
    """
    states = bytearray(first) if holds else bytearray(len(first))
    differs = False
    for one in rules:
        found = _of_session(one.rule, moment)
        if holds:
            states[one.place] = found
        elif one.only_grants:
            continue
        if found != first[one.place] or (found and (one.stays_open or found == 2)):
            states[one.place] = found
            differs = differs or holds or found != 0
    return bytes(states) if differs else None


def _only_grants(rule: Rule) -> bool:
    then = rule.definition.then
    return then.outcome is Outcome.ALLOW and not then.obligations and then.mask is None


def weight(rule: Rule) -> int:
    return 0 if rule.outcome is None else (rule.outcome.rank + 1) * WEIGHT - rule.order


def _key(terms: Sequence[Term]) -> Term | None:
    keyed = [term for term in terms if term.dimension]
    return min(keyed, key=lambda term: (DIMENSIONS.index(term.dimension), len(term.keys)), default=None)
