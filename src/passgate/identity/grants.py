"""Who may ask for what: standing eligibility, no standing access."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.errors import BeyondGrantsError, PassRequestError, StepUpRequiredError
from passgate.identity.oidc.token import Identity
from passgate.identity.request import written

AGENTS = "agents"
"""In the place of a provider: registered agents that sign in with a key of their own. The claim ``agent`` is the name of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Identities of ``provider`` that are in one of ``groups`` (any, if none is named) and say all of ``claims`` may ask for passes
    on these resources with these verbs, for ``max_ttl`` at most. ``ticket``: they must name one.

    How they must have signed in: ``acr``, to one of these contexts; ``amr``, by all of these methods; ``max_auth_age``, at most so
    long ago.
    """

    provider: str
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    max_ttl: timedelta
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict)
    ticket: bool = False
    acr: Sequence[str] = ()
    amr: frozenset[str] = frozenset()
    max_auth_age: timedelta | None = None

    def is_for(self, identity: Identity) -> bool:
        who = identity.principal
        return (
            identity.provider == self.provider
            and (not self.groups or bool(self.groups & who.groups))
            and all(who.claims.get(name) == value for name, value in self.claims.items())
        )

    def step_up(self, identity: Identity) -> StepUpRequiredError | None:
        """What is missing of how they signed in. What the provider does not say counts as missing."""
        signed_in = identity.authentication
        wanted: list[str] = []
        if self.acr and not signed_in.acr & set(self.acr):
            wanted.append(f"to {' or '.join(self.acr)}")
        if not self.amr <= signed_in.amr:
            wanted.append(f"with {' and '.join(sorted(self.amr))}")
        old = self.max_auth_age
        if old is not None and (signed_in.age is None or signed_in.age > old):
            wanted.append(f"within the last {int(old.total_seconds())} seconds")
        if not wanted:
            return None
        return StepUpRequiredError(
            f"this needs a stronger sign-in: {', '.join(wanted)}",
            acr_values=tuple(self.acr),
            max_age=None if old is None else int(old.total_seconds()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A registered agent: what it may ever be given, whoever it acts for, and until when it may."""

    name: str
    purpose: str
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What of a request stands: how long it may be for, and whether a ticket is asked for."""

    max_ttl: timedelta
    ticket: bool


def allowance(
    grants: Sequence[Grant],
    identity: Identity,
    resources: Iterable[str],
    verbs: frozenset[VerbClass],
    *,
    ttl: timedelta | None = None,
) -> Allowance:
    """Every resource needs a grant of its own that covers all the verbs; the strictest of those used sets the bounds.

    Raises BeyondGrantsError naming what is not covered, or how long ``ttl`` may be at most, StepUpRequiredError where only a
    stronger sign-in is missing.
    """
    mine = [grant for grant in grants if grant.is_for(identity)]
    used: list[Grant] = []
    for resource in sorted(resources):
        covering = [grant for grant in mine if resource in grant.resources and verbs <= grant.verbs]
        if not covering:
            wanted = ", ".join(sorted(verbs))
            raise BeyondGrantsError(f"{identity.principal} may not ask for {wanted} on {resource}")
        used.append(_best(covering, identity))
    most = min(grant.max_ttl for grant in used)
    if ttl is not None and ttl > most:
        raise BeyondGrantsError(f"the time to live is {written(ttl)}, but the maximum is {written(most)}")
    return Allowance(max_ttl=most, ticket=any(grant.ticket for grant in used))


def _best(covering: Sequence[Grant], identity: Identity) -> Grant:
    """Of those whose sign-in is strong enough. Raises StepUpRequiredError of the one that asks for the least else."""
    ranked = sorted(covering, key=lambda grant: (not grant.ticket, grant.max_ttl), reverse=True)
    missing = [grant.step_up(identity) for grant in ranked]
    for grant, step_up in zip(ranked, missing, strict=True):
        if step_up is None:
            return grant
    raise next(step_up for step_up in missing if step_up is not None)


def narrowed(agent: Agent, resources: Iterable[str], verbs: frozenset[VerbClass], now: datetime) -> timedelta:
    """How long the agent may still be given anything. Raises PassRequestError for what it may never be given."""
    if now >= agent.until:
        raise PassRequestError(f"the registration of the agent {agent.name} has ended")
    beyond = sorted(set(resources) - agent.resources)
    if beyond:
        raise PassRequestError(f"the agent {agent.name} is not registered for {', '.join(beyond)}")
    if not verbs <= agent.verbs:
        raise PassRequestError(f"the agent {agent.name} is not registered for {', '.join(sorted(verbs - agent.verbs))}")
    return agent.until - now
