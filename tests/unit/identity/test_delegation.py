"""A narrower pass from a live one: what each link may take, and who may not be one."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.lock import Lock, LockKind
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.budgets import PassBudgets
from passgate.identity.delegation import Delegation, DelegationRequest
from passgate.identity.grants import Agent
from passgate.identity.registry import IssuedPass, PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.protocols import Spending
from passgate.store.budget_store import BudgetStore
from passgate.store.lock_store import LockStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import Clock

READ, WRITE = VerbClass.READ, VerbClass.WRITE
ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
REPORTER = Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=ADA)
RULES = IssuingRules(
    resources=frozenset({"shop", "vault", "gpt"}),
    models=frozenset({"gpt"}),
    default_ttl=timedelta(minutes=30),
    max_ttl=timedelta(hours=8),
)


@dataclass
class Bench:
    """The real store around the delegation."""

    database: SqliteDatabase
    clock: Clock
    rules: IssuingRules = RULES
    registry: PassRegistry = field(init=False)
    delegation: Delegation = field(init=False)

    def __post_init__(self) -> None:
        self.registry = PassRegistry(PassStore(self.database), now=self.clock.now)
        until = self.clock.time + timedelta(days=1)
        every = frozenset({"shop", "vault", "gpt"})
        agents = {
            "reporter": Agent(
                name="reporter", purpose="x", resources=every, verbs=frozenset({READ, WRITE}), until=until
            ),
            "Reporter": Agent(name="Reporter", purpose="x", resources=every, verbs=frozenset({READ}), until=until),
            "summariser": Agent(
                name="summariser",
                purpose="x",
                resources=frozenset({"shop", "gpt"}),
                verbs=frozenset({READ, WRITE}),
                until=until,
            ),
            "reader": Agent(name="reader", purpose="x", resources=every, verbs=frozenset({READ}), until=until),
            "brief": Agent(
                name="brief",
                purpose="x",
                resources=every,
                verbs=frozenset({READ}),
                until=self.clock.time + timedelta(minutes=5),
            ),
        }
        self.delegation = Delegation(
            registry=self.registry,
            agents=agents,
            rules=self.rules,
            budgets=PassBudgets(BudgetStore(self.database)),
            locks=LockStore(self.database),
            now=self.clock.now,
        )

    def first(self, **more: object) -> Pass:
        asked = PassRequest(
            principal=REPORTER,
            resources=frozenset({"shop", "gpt"}),
            verbs=frozenset({READ, WRITE}),
            purpose="weekly report",
            ticket="OPS-7",
        )
        return self.registry.issue(replace(asked, **more), rules=self.rules, actor="ops").pass_  # type: ignore[arg-type]

    def delegate(self, parent: Pass | str, agent: str = "summariser", **more: object) -> IssuedPass:
        asked = DelegationRequest(
            parent=parent if isinstance(parent, str) else parent.id,
            agent=agent,
            resources=frozenset({"shop"}),
            verbs=frozenset({READ}),
            purpose="summaries",
        )
        return self.delegation.delegate(replace(asked, **more), actor="ops")  # type: ignore[arg-type]

    def lock(self, kind: LockKind, target: str) -> None:
        now = self.clock.time
        LockStore(self.database).add(
            Lock(
                id=f"l-{target}",
                kind=kind,
                target=target,
                reason="strange",
                actor="ops",
                at=now,
                until=now + timedelta(hours=1),
            )
        )


@pytest.fixture
def bench(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    database = SqliteDatabase(tmp_path / "state.db")
    yield Bench(database=database, clock=clock)
    database.close()


def test_a_sub_agent_gets_a_narrower_pass(bench: Bench) -> None:
    first = bench.first()
    made = bench.delegate(first, ttl=timedelta(minutes=10)).pass_
    assert [str(link) for link in made.principal.links()] == [
        "agent:summariser",
        "agent:reporter",
        "human:ada@example.com",
    ]
    assert (made.resources, made.verbs, made.purpose) == ({"shop"}, {READ}, "summaries")
    assert (made.ticket, made.ancestors) == ("OPS-7", (first.id,))
    assert made.expires == bench.clock.time + timedelta(minutes=10)
    assert bench.registry.find(made.id) == made
    deeper = bench.delegate(made, "reader").pass_
    assert deeper.ancestors == (made.id, first.id)
    assert deeper.principal.on_behalf_of == made.principal


def test_a_humans_pass_is_delegated_to_an_agent(bench: Bench) -> None:
    made = bench.delegate(bench.first(principal=ADA), "reporter").pass_
    assert [str(link) for link in made.principal.links()] == ["agent:reporter", "human:ada@example.com"]


def test_its_own_secret_opens_it_and_its_parents_does_not(bench: Bench) -> None:
    above = bench.registry.issue(
        PassRequest(principal=REPORTER, resources=frozenset({"shop"}), verbs=frozenset({READ}), purpose="x"),
        rules=RULES,
        actor="ops",
    )
    made = bench.delegate(above.pass_)
    assert bench.registry.proves(made.pass_.id, made.secret.reveal())
    assert not bench.registry.proves(made.pass_.id, above.secret.reveal())
    assert not bench.registry.proves("pg_0000000000000000", made.secret.reveal())


@pytest.mark.parametrize("ttl", [None, timedelta(hours=3)])
def test_no_delegate_outlives_its_parent(bench: Bench, ttl: timedelta | None) -> None:
    first = bench.first(ttl=timedelta(minutes=20))
    bench.clock.advance(300)
    made = bench.delegate(first, ttl=ttl).pass_
    assert made.expires == first.expires


def test_none_outlives_its_registration(bench: Bench) -> None:
    made = bench.delegate(bench.first(), "brief").pass_
    assert made.expires == bench.clock.time + timedelta(minutes=5)
    bench.clock.advance(300)
    with pytest.raises(PassRequestError, match="the registration of the agent brief has ended"):
        bench.delegate(bench.first(), "brief")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"resources": frozenset({"vault"})}, "is not registered for vault"),
        ({"agent": "reader", "resources": frozenset({"vault"})}, "does not open vault"),
        ({"agent": "reader", "resources": frozenset({"shop", "vault"})}, "does not open vault"),
        ({"agent": "reader", "resources": frozenset({"Shop"})}, "is not registered for Shop"),
        ({"agent": "reader", "resources": frozenset({"ｓhop"})}, "is not registered for ｓhop"),
        ({"agent": "reader", "resources": frozenset()}, "names no resource"),
        ({"verbs": frozenset({VerbClass.DDL})}, "is not registered for ddl"),
        ({"verbs": frozenset()}, "names no verb"),
        ({"purpose": " "}, "states no purpose"),
        ({"ttl": timedelta(0)}, "longer than zero"),
        ({"agent": "nobody"}, "no agent registered as 'nobody': name it under identity.agents"),
        ({"agent": "Summariser"}, "no agent registered as 'Summariser'"),
        ({"agent": "ѕummariser"}, "no agent registered as"),  # a Cyrillic letter
        ({"agent": "reporter"}, "agent:reporter stands in the chain already"),
        ({"agent": "Reporter"}, "agent:Reporter stands in the chain already"),
    ],
)
def test_what_is_refused(bench: Bench, more: dict[str, object], problem: str) -> None:
    first = bench.first()
    with pytest.raises(PassRequestError, match=problem):
        bench.delegate(first, **{"agent": "summariser", **more})  # type: ignore[arg-type]
    assert bench.registry.list(live_only=False) == (first,)


def test_verbs_that_the_parent_lacks_are_refused(bench: Bench) -> None:
    with pytest.raises(PassRequestError, match="does not cover write"):
        bench.delegate(bench.first(verbs=frozenset({READ})), verbs=frozenset({READ, WRITE}))


def test_nobody_delegates_back(bench: Bench) -> None:
    made = bench.delegate(bench.first())
    with pytest.raises(
        PassRequestError, match="agent:reporter stands in the chain already: nobody delegates to itself, nor back"
    ):
        bench.delegate(made.pass_, "reporter")


def test_a_chain_has_an_end(bench: Bench) -> None:
    third = bench.delegate(bench.delegate(bench.first()).pass_, "reader").pass_
    assert len(third.principal.links()) == RULES.max_chain == 4
    with pytest.raises(
        PassRequestError, match=r"the chain would have 5 links, and 4 is the most \(identity.max_chain\)"
    ):
        bench.delegate(third, "brief")


def test_the_bound_is_a_setting(tmp_path: Path, clock: Clock) -> None:
    database = SqliteDatabase(tmp_path / "state.db")
    bench = Bench(database=database, clock=clock, rules=replace(RULES, max_chain=2))
    with pytest.raises(PassRequestError, match="the chain would have 3 links, and 2 is the most"):
        bench.delegate(bench.first())
    database.close()


def test_nothing_comes_from_a_pass_that_has_ended(bench: Bench) -> None:
    first, other = bench.first(), bench.first()
    bench.registry.revoke(first.id, actor="ops")
    with pytest.raises(PassRequestError, match=f"{first.id} is revoked: nothing can be delegated from it"):
        bench.delegate(first)
    bench.clock.advance(1800)
    with pytest.raises(PassRequestError, match=f"{other.id} is expired: nothing can be delegated from it"):
        bench.delegate(other)
    for unknown in ("pg_0000000000000000", "", "nonsense", first.id.upper()):
        with pytest.raises(PassRequestError, match="there is no pass"):
            bench.delegate(unknown)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (LockKind.AGENT, "reporter"),
        (LockKind.AGENT, "Summariser"),  # the one it would be for
        (LockKind.HUMAN, "ADA@example.com"),
        (LockKind.RESOURCE, "shop"),
    ],
)
def test_nothing_is_delegated_past_a_lock(bench: Bench, kind: LockKind, target: str) -> None:
    first = bench.first()
    bench.lock(kind, target)
    with pytest.raises(PassRequestError, match=f"{kind} {target} is locked: strange"):
        bench.delegate(first)
    bench.clock.advance(60 * 60)
    assert bench.delegate(bench.first()).pass_.ancestors


def test_a_locked_pass_delegates_nothing_at_any_depth(bench: Bench) -> None:
    first = bench.first()
    second = bench.delegate(first).pass_
    bench.lock(LockKind.PASS, first.id)
    for parent in (first, second):
        with pytest.raises(PassRequestError, match="is locked"):
            bench.delegate(parent, "reader")


def test_a_lock_on_what_it_does_not_open_is_no_reason(bench: Bench) -> None:
    bench.lock(LockKind.RESOURCE, "gpt")
    assert bench.delegate(bench.first()).pass_.resources == {"shop"}


def test_revoking_a_link_revokes_all_below(bench: Bench) -> None:
    first = bench.first()
    second = bench.delegate(first).pass_
    third = bench.delegate(second, "reader").pass_
    beside = bench.delegate(first, "reader").pass_
    bench.registry.revoke(second.id, actor="ops")
    assert {p.id for p in bench.registry.list(live_only=True)} == {first.id, beside.id}
    found = bench.registry.find(third.id)
    assert found is not None
    assert found.revoked == bench.clock.time


# -- budgets -----------------------------------------------------------------------------------------------------------------


def spend(bench: Bench, pass_: Pass, **amounts: int) -> str | None:
    return PassBudgets(BudgetStore(bench.database)).reserve(pass_, Spending(**amounts))


def test_a_budget_is_what_is_left_above(bench: Bench) -> None:
    first = bench.first(budget=Budget(requests=10, tokens=1000))
    assert spend(bench, first, requests=4, tokens=100) is None
    made = bench.delegate(first, resources=frozenset({"gpt"})).pass_
    assert made.budget == Budget(requests=6, tokens=900)
    asked = bench.delegate(first, resources=frozenset({"gpt"}), budget=Budget(requests=2, microdollars=7)).pass_
    assert asked.budget == Budget(requests=2, tokens=900, microdollars=7)
    large = bench.delegate(first, resources=frozenset({"gpt"}), budget=Budget(requests=99)).pass_
    assert large.budget == Budget(requests=6, tokens=900)
    deeper = bench.delegate(asked, "reader", resources=frozenset({"gpt"})).pass_
    assert deeper.budget == Budget(requests=2, tokens=900, microdollars=7)


def test_it_is_inherited_also_where_no_model_is_opened(bench: Bench) -> None:
    """What is a model is said by the configuration, which may change while a pass lives."""
    made = bench.delegate(bench.first(budget=Budget(requests=3))).pass_
    assert (made.resources, made.budget) == ({"shop"}, Budget(requests=3))
    with pytest.raises(PassRequestError, match="opens no model"):
        bench.delegate(bench.first(), budget=Budget(requests=3))


def test_what_is_used_up_is_not_delegated(bench: Bench) -> None:
    first = bench.first(budget=Budget(requests=1))
    second = bench.delegate(first, resources=frozenset({"gpt"})).pass_
    assert spend(bench, second, requests=1) is None
    with pytest.raises(PassRequestError, match=f"nothing is left of the budget of the pass {first.id}"):
        bench.delegate(first, resources=frozenset({"gpt"}))
    said = spend(bench, first, requests=1)
    assert said == "The pass's budget does not allow this call: all of its 1 requests are used."


def test_a_delegate_spends_from_everybody_above(bench: Bench) -> None:
    first = bench.first(budget=Budget(requests=3))
    second = bench.delegate(first, resources=frozenset({"gpt"})).pass_
    third = bench.delegate(second, "reader", resources=frozenset({"gpt"})).pass_
    assert spend(bench, third, requests=1) is None
    assert spend(bench, first, requests=2) is None
    said = spend(bench, third, requests=1)
    assert said is not None
    assert said.startswith("The budget of a pass that this one was delegated from")
    assert BudgetStore(bench.database).spent(second.id) == Spending(requests=1)
