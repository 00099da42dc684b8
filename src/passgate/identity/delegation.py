"""A narrower pass for a sub-agent, made from a live one: each link of a chain only narrows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass, PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.budgets import PassBudgets
from passgate.identity.grants import Agent, narrowed
from passgate.identity.locks import LockFeed
from passgate.identity.registry import IssuedPass, PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.protocols import Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRequest:
    """``parent``: the public id of the pass it is made from. ``ttl``, ``budget``: what is asked for; never more than is left of the
    parent's. ``ticket`` None: the parent's."""

    parent: str
    agent: str
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    purpose: str
    ticket: str | None = None
    ttl: timedelta | None = None
    budget: Budget | None = None


class Delegation:
    """``agents``: those that are registered, by name; nobody else is delegated to."""

    def __init__(
        self,
        *,
        registry: PassRegistry,
        agents: Mapping[str, Agent],
        rules: IssuingRules,
        budgets: PassBudgets,
        locks: LockFeed,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry = registry
        self._agents = agents
        self._rules = rules
        self._budgets = budgets
        self._locks = locks
        self._now = now

    def delegate(self, asked: DelegationRequest, *, actor: str) -> IssuedPass:
        """Raises PassRequestError, StoreError."""
        now = self._now()
        parent = self._parent(asked.parent, now)
        agent = self._agents.get(asked.agent)
        if agent is None:
            raise PassRequestError(
                f"there is no agent registered as {asked.agent[:80]!r}: name it under identity.agents"
            )
        left = min(parent.expires - now, narrowed(agent, asked.resources, asked.verbs, now))
        request = PassRequest(
            principal=Principal(kind=PrincipalKind.AGENT, subject=agent.name, on_behalf_of=parent.principal),
            resources=asked.resources,
            verbs=asked.verbs,
            purpose=asked.purpose,
            ticket=asked.ticket or parent.ticket,
            ttl=None if asked.ttl is None else min(asked.ttl, left),
            budget=self._budget(parent, asked.budget),
            parent=parent,
        )
        self._check_locks(request, parent, now)
        rules = replace(self._rules, max_ttl=min(self._rules.max_ttl, left))
        return self._registry.issue(request, rules=rules, actor=actor)

    def _parent(self, pass_id: str, now: datetime) -> Pass:
        parent = self._registry.find(pass_id)
        if parent is None:
            raise PassRequestError(f"there is no pass {pass_id[:80]!r} to delegate from")
        state = parent.state(now)
        if state is not PassState.LIVE:
            raise PassRequestError(f"the pass {parent.id} is {state}: nothing can be delegated from it")
        return parent

    def _check_locks(self, request: PassRequest, parent: Pass, now: datetime) -> None:
        """As the new pass would be reached: through its own principal, each one behind it, each pass above it, each resource."""
        probe = replace(parent, principal=request.principal)
        for lock in self._locks.holding(now):
            if lock.holds(now) and any(lock.reaches(probe, resource) for resource in request.resources):
                raise PassRequestError(f"{lock.kind} {lock.target} is locked: {lock.reason}")

    def _budget(self, parent: Pass, asked: Budget | None) -> Budget | None:
        """What was asked for, within what is left to each pass above; all of that where nothing was asked for."""
        found = [(None, None, None) if asked is None else asked.ceilings]
        for pass_id in parent.lineage:
            above = parent if pass_id == parent.id else self._registry.find(pass_id)
            if above is not None and above.budget is not None:
                found.append(self._left(above, above.budget))
        requests, tokens, microdollars = (_least(ceilings) for ceilings in zip(*found, strict=True))
        if requests is None and tokens is None and microdollars is None:
            return None
        return Budget(requests=requests, tokens=tokens, microdollars=microdollars)

    def _left(self, pass_: Pass, budget: Budget) -> tuple[int | None, int | None, int | None]:
        spent = self._budgets.spent(pass_) or Spending()
        amounts = (spent.requests, spent.tokens, spent.microdollars)
        left = [
            None if ceiling is None else ceiling - amount
            for ceiling, amount in zip(budget.ceilings, amounts, strict=True)
        ]
        if any(rest is not None and rest < 1 for rest in left):
            raise PassRequestError(f"nothing is left of the budget of the pass {pass_.id}")
        return left[0], left[1], left[2]


def _least(ceilings: Iterable[int | None]) -> int | None:
    return min((ceiling for ceiling in ceilings if ceiling is not None), default=None)
