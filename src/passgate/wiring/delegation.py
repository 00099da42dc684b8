"""Passes made from passes, as they are wired; for the gate and for the command line, so without what reads tokens."""

from collections.abc import Mapping

from passgate.config.identity import verbs
from passgate.config.settings import Settings
from passgate.identity.budgets import PassBudgets
from passgate.identity.delegation import Delegation
from passgate.identity.grants import Agent
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.store.budget_store import BudgetStore
from passgate.store.lock_store import LockStore
from passgate.store.sqlite import SqliteDatabase


def issuing_rules(settings: Settings) -> IssuingRules:
    return IssuingRules(
        resources=frozenset(settings.resources),
        models=frozenset(settings.llm_resources),
        default_ttl=settings.passes.default_ttl,
        max_ttl=settings.passes.max_ttl,
        max_chain=settings.identity.max_chain,
    )


def agents(settings: Settings) -> Mapping[str, Agent]:
    """Those that are registered, by name."""
    return {
        name: Agent(
            name=name,
            purpose=agent.purpose,
            resources=frozenset(agent.resources),
            verbs=verbs(agent.verbs),
            until=agent.ends,
        )
        for name, agent in settings.identity.agents.items()
    }


def delegation(settings: Settings, *, registry: PassRegistry, database: SqliteDatabase) -> Delegation:
    return Delegation(
        registry=registry,
        agents=agents(settings),
        rules=issuing_rules(settings),
        budgets=PassBudgets(BudgetStore(database)),
        locks=LockStore(database),
    )
