"""Who may ask for what: standing eligibility, no standing access."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.errors import PassRequestError
from passgate.identity.oidc.token import Identity

AGENTS = "agents"
"""In the place of a provider: registered agents that sign in with a key of their own. The claim ``agent`` is the name of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Identities of ``provider`` that are in one of ``groups`` (any, if none is named) and say all of ``claims`` may ask for passes
    on these resources with these verbs, for ``max_ttl`` at most. ``ticket``: they must name one."""

    provider: str
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    max_ttl: timedelta
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict)
    ticket: bool = False

    def is_for(self, identity: Identity) -> bool:
        who = identity.principal
        return (
            identity.provider == self.provider
            and (not self.groups or bool(self.groups & who.groups))
            and all(who.claims.get(name) == value for name, value in self.claims.items())
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
    grants: Sequence[Grant], identity: Identity, resources: Iterable[str], verbs: frozenset[VerbClass]
) -> Allowance:
    """Every resource needs a grant of its own that covers all the verbs; the strictest of those used sets the bounds.

    Raises PassRequestError naming what is not covered.
    """
    mine = [grant for grant in grants if grant.is_for(identity)]
    used: list[Grant] = []
    for resource in sorted(resources):
        covering = [grant for grant in mine if resource in grant.resources and verbs <= grant.verbs]
        if not covering:
            wanted = ", ".join(sorted(verbs))
            raise PassRequestError(f"{identity.principal} may not ask for {wanted} on {resource}")
        used.append(max(covering, key=lambda grant: (not grant.ticket, grant.max_ttl)))
    return Allowance(max_ttl=min(grant.max_ttl for grant in used), ticket=any(grant.ticket for grant in used))


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
