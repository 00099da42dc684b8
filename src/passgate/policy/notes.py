"""What of a bundle loads and may still not be meant: for people to read, and never a reason to refuse it."""

from collections.abc import Iterator, Sequence

from passgate.core.decision import Outcome, Tag
from passgate.policy.problems import Problem
from passgate.policy.rule import Rule

_PACKS = "packs/"
_OF_THE_GATE = frozenset({"sensitive-read"})
"""Tags that the gate itself sets."""
_POSTGRES_KINDS = frozenset({"relation", "sequence", "function", "procedure", "index", "type", "trigger"})


def notes_on(rules: Sequence[Rule]) -> Iterator[Problem]:
    """Of the rules of one's own; the packs leave room on purpose."""
    strict = _indexed([rule for rule in rules if rule.outcome in (Outcome.DENY, Outcome.HOLD)])
    known = {o.tag for rule in rules for o in rule.definition.then.obligations if isinstance(o, Tag)} | _OF_THE_GATE
    for rule in rules:
        if rule.definition.source.startswith(_PACKS):
            continue
        place, name = rule.definition.place, rule.id
        if rule.definition.when.strip() == "false":
            yield Problem(place, f"rule {name} is switched off", "take it out once nobody misses it")
        found = (other for key in _keys_of(rule) for other in strict.get(key, ()) if _shadows(other, rule))
        by = min(found, key=lambda other: other.order, default=None)
        if by is not None:
            said = "denies" if by.outcome is Outcome.DENY else "holds"
            yield Problem(
                place,
                f"rule {name} never decides: {by.id} ({by.definition.place}) {said} whatever it matches",
                "narrow the stricter one, or leave this one out",
            )
        for tag in sorted(rule.tags_asked - known):
            yield Problem(place, f"rule {name} asks for the tag {tag!r}, which no rule sets", "write then: {tag: ...}")
        for term in rule.terms:
            if term.limit is None or term.limit.path != "object.name" or not _of_postgres(rule):
                continue
            for dotted in sorted(str(value) for value in term.limit.values if "." in str(value)):
                yield Problem(
                    place,
                    f"rule {name} asks for an object named {dotted!r}: a name has no schema in it",
                    "ask for object.namespace as well",
                )


Key = tuple[str, object]
_ANYWHERE: Key = ("", "")


def _indexed(strict: Sequence[Rule]) -> dict[Key, list[Rule]]:
    """By a value that each asks for, so that not every rule is compared with every other."""
    found: dict[Key, list[Rule]] = {}
    for rule in strict:
        limits = [term.limit for term in rule.terms if term.limit is not None and not term.limit.others]
        keys = [(limits[0].path, value) for value in limits[0].values] if limits else [_ANYWHERE]
        for key in keys:
            found.setdefault(key, []).append(rule)
    return found


def _keys_of(rule: Rule) -> Iterator[Key]:
    """Under one of which whatever shadows it stands: all the values that it asks for are among those of the wider one."""
    yield _ANYWHERE
    for term in rule.terms:
        if term.limit is not None and not term.limit.others and term.limit.values:
            yield (term.limit.path, min(term.limit.values, key=str))


def _shadows(strict: Rule, rule: Rule) -> bool:
    """Whether the strict one matches wherever the other does, as far as the text shows."""
    if rule.outcome is None or strict.outcome is None or strict.outcome.rank <= rule.outcome.rank:
        return False
    return all(any(own.implies(term) for own in rule.terms) for term in strict.terms)


def _of_postgres(rule: Rule) -> bool:
    for term in rule.terms:
        limit = term.limit
        if limit is None or limit.others:
            continue
        if (limit.path, limit.values) == ("resource.kind", frozenset({"postgres"})):
            return True
        if limit.path == "object.kind" and limit.values <= _POSTGRES_KINDS:
            return True
    return False
