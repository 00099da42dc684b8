"""Who may ask for access that nobody has standing: what, for how long, and who must agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import re2

from passgate.core.action import VerbClass
from passgate.core.decision import Approvers
from passgate.core.errors import PassRequestError
from passgate.core.principal import Principal, PrincipalKind, folded, spelt_alike
from passgate.identity.request import written
from passgate.pipeline.access_requests import MACHINE, AccessAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """People in one of ``groups``, or named in ``subjects``, may ask for these resources and verbs, for ``max_ttl`` at most.

    ``providers``: those whose word for who somebody is counts here, besides the machine's. ``ticket``: an RE2 pattern that the
    whole of a ticket must match, None where none is needed. ``reason``: whether one must be given.
    """

    name: str
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    max_ttl: timedelta
    approvers: Approvers
    groups: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    ticket: str | None = None
    reason: bool = True

    def is_for(self, asked: AccessAsked) -> bool:
        """Whether the human at the end of the chain is one of those who may ask."""
        human = asked.principal.links()[-1]
        if human.kind is not PrincipalKind.HUMAN or asked.source not in (MACHINE, *self.providers):
            return False
        return bool(self.groups & human.groups) or any(spelt_alike(human.subject, one) for one in self.subjects)

    def covers(self, asked: AccessAsked) -> bool:
        return asked.resources <= self.resources and asked.verbs <= self.verbs


def covering(rules: Sequence[AccessRule], asked: AccessAsked) -> AccessRule:
    """The rule that it is asked under; of several the strictest: the most people, then the least time.

    Raises PassRequestError, which says what would be possible.
    """
    human = asked.principal.links()[-1]
    mine = [rule for rule in rules if rule.is_for(asked)]
    fitting = [rule for rule in mine if rule.covers(asked)]
    if not fitting:
        wanted = f"{', '.join(sorted(asked.verbs)) or 'nothing'} on {', '.join(sorted(asked.resources)) or 'nothing'}"
        known = "; ".join(_offer(rule) for rule in mine) or "nothing"
        raise PassRequestError(f"{human} may not ask for {wanted}; what they may ask for: {known}")
    rule = min(fitting, key=lambda one: (-one.approvers.count, one.max_ttl, one.approvers.expires_seconds, one.name))
    _check(rule, asked)
    return rule


def is_eligible(rules: Sequence[AccessRule], asked: AccessAsked) -> bool:
    return any(rule.is_for(asked) and rule.covers(asked) for rule in rules)


def has_interest(principal: Principal, voter: Principal) -> bool:
    """Whether the voter stands in the chain, by whatever kind: nobody decides on what is asked for in their name."""
    return folded(voter.subject) in {folded(link.subject) for link in principal.links()}


def _check(rule: AccessRule, asked: AccessAsked) -> None:
    if asked.ttl < timedelta(seconds=1):
        raise PassRequestError("it must be asked for some time (--for)")
    if asked.ttl > rule.max_ttl:
        raise PassRequestError(f"the rule {rule.name} gives {written(rule.max_ttl)} at most: ask for less (--for)")
    if rule.reason and not asked.reason.strip():
        raise PassRequestError(f"the rule {rule.name} wants a reason (--why)")
    if rule.ticket is not None and not _is_ticket(rule.ticket, asked.ticket or asked.reason.strip()):
        raise PassRequestError(f"the rule {rule.name} wants a ticket that matches {rule.ticket} (--ticket)")


def _is_ticket(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> "re2._Regexp[str]":
    return re2.compile(pattern)


def _offer(rule: AccessRule) -> str:
    return f"{', '.join(sorted(rule.verbs))} on {', '.join(sorted(rule.resources))} ({rule.name})"
