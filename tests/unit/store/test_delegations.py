"""Passes that were delegated from others, in the database."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass, PassChangeKind
from passgate.core.principal import Principal, PrincipalKind
from passgate.pipeline.protocols import Spending
from passgate.store.budget_store import BudgetStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW, VERIFIER, make_pass


def below(parent: Pass, pass_id: str, **more: object) -> Pass:
    who = Principal(kind=PrincipalKind.AGENT, subject=f"agent-{pass_id}", on_behalf_of=parent.principal)
    made = replace(parent, id=pass_id, principal=who, ancestors=parent.lineage, issued=NOW + timedelta(minutes=1))
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def passes(database: SqliteDatabase) -> PassStore:
    return PassStore(database)


@pytest.fixture
def chain(passes: PassStore) -> tuple[Pass, Pass, Pass]:
    first = make_pass("pg_1")
    second = below(first, "pg_2", resources=frozenset({"shop"}))
    third = below(second, "pg_3", verbs=frozenset({VerbClass.READ}))
    for pass_ in (first, second, third):
        passes.add(pass_, VERIFIER, actor="ops")
    return first, second, third


def test_the_line_comes_back_wherever_passes_are_read(passes: PassStore, chain: tuple[Pass, Pass, Pass]) -> None:
    assert passes.find("pg_3") == chain[2]
    assert passes.find("pg_1") == chain[0]
    assert {p.id: p.ancestors for p in passes.all()} == {"pg_1": (), "pg_2": ("pg_1",), "pg_3": ("pg_2", "pg_1")}
    assert [c.pass_.ancestors for c in passes.claim_changes(by="g", now=NOW, until=NOW)] == [
        (),
        ("pg_1",),
        ("pg_2", "pg_1"),
    ]


def test_revoking_one_revokes_all_below_at_once(passes: PassStore, chain: tuple[Pass, Pass, Pass]) -> None:
    beside = below(chain[0], "pg_4")
    passes.add(beside, VERIFIER, actor="ops")
    at = NOW + timedelta(minutes=5)
    cursor = passes.cursor()
    assert passes.revoke("pg_2", at=at, actor="grace") == replace(chain[1], revoked=at)
    assert passes.find("pg_3") == replace(chain[2], revoked=at)
    assert passes.find("pg_1") == chain[0], "who delegated goes on"
    assert passes.find("pg_4") == beside
    assert passes.revoked_after(cursor)[1] == ("pg_2", "pg_3")
    ended = [c for c in passes.claim_changes(by="g", now=NOW, until=NOW) if c.kind is PassChangeKind.REVOKED]
    assert [(c.pass_.id, c.actor) for c in ended] == [("pg_2", "grace"), ("pg_3", "grace")]


def test_what_has_ended_by_itself_is_not_said_to_be_revoked(passes: PassStore, chain: tuple[Pass, Pass, Pass]) -> None:
    short = below(chain[0], "pg_4", expires=NOW + timedelta(minutes=2))
    passes.add(short, VERIFIER, actor="ops")
    cursor = passes.cursor()
    passes.revoke("pg_1", at=NOW + timedelta(minutes=3), actor="ops")
    assert passes.revoked_after(cursor)[1] == ("pg_1", "pg_2", "pg_3")
    assert passes.find("pg_4") == short
    passes.revoke("pg_1", at=NOW + timedelta(minutes=4), actor="ops")
    assert len(passes.revoked_after(cursor)[1]) == 3, "a second time changes nothing"


@pytest.mark.parametrize(
    ("forged", "problem"),
    [
        (lambda p: replace(p, ancestors=("pg_9",)), "There is no pass pg_9"),
        (lambda p: replace(p, ancestors=("pg_2", "pg_9")), "another chain of passes"),
        (lambda p: replace(p, ancestors=("pg_2",)), "another chain of passes"),
        (lambda p: replace(p, ancestors=("pg_2", "pg_1", "pg_3")), "another chain of passes"),
        (lambda p: replace(p, principal=replace(p.principal, on_behalf_of=None)), "another principal"),
        (lambda p: replace(p, principal=make_pass().principal), "another principal"),
        (lambda p: replace(p, resources=frozenset({"shop", "warehouse"})), "other resources"),
        (lambda p: replace(p, resources=frozenset({"Shop"})), "other resources"),
        (lambda p: replace(p, resources=frozenset({"\uff53hop"})), "other resources"),
        (lambda p: replace(p, verbs=frozenset({VerbClass.DDL})), "other verbs"),
        (lambda p: replace(p, expires=p.expires + timedelta(microseconds=1)), "a later end"),
    ],
)
def test_nothing_wider_than_its_parent_is_kept(
    passes: PassStore, chain: tuple[Pass, Pass, Pass], forged: Callable[[Pass], Pass], problem: str
) -> None:
    with pytest.raises(PassRequestError, match=problem):
        passes.add(forged(below(chain[1], "pg_4")), VERIFIER, actor="ops")
    assert passes.find("pg_4") is None
    assert len(passes.all()) == 3


def test_nothing_is_kept_below_a_pass_that_has_ended(passes: PassStore, chain: tuple[Pass, Pass, Pass]) -> None:
    late = below(chain[1], "pg_4", issued=chain[1].expires, expires=chain[1].expires)
    with pytest.raises(PassRequestError, match="pg_2 is expired"):
        passes.add(late, VERIFIER, actor="ops")
    passes.revoke("pg_2", at=NOW + timedelta(seconds=30), actor="ops")
    with pytest.raises(PassRequestError, match="pg_2 is revoked: nothing can be delegated"):
        passes.add(below(chain[1], "pg_5"), VERIFIER, actor="ops")


def test_a_pass_without_a_budget_is_not_kept_below_one_that_has_one(passes: PassStore) -> None:
    first = replace(make_pass(), budget=Budget(requests=5))
    passes.add(first, VERIFIER, actor="ops")
    with pytest.raises(PassRequestError, match="cannot have no budget"):
        passes.add(below(first, "pg_2", budget=None), VERIFIER, actor="ops")


def test_delegating_and_revoking_at_the_same_time_leaves_nobody_in(path: Path, database: SqliteDatabase) -> None:
    """Whichever comes first, nothing below a revoked pass is left alive."""
    passes = PassStore(database)
    other = SqliteDatabase(path)
    for turn in range(20):
        first = make_pass(f"pg_a{turn}")
        passes.add(first, VERIFIER, actor="ops")
        start = threading.Barrier(2)

        def delegate(parent: Pass = first, turn: int = turn, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                PassStore(other).add(below(parent, f"pg_b{turn}"), VERIFIER, actor="ops")
            except PassRequestError:
                return

        thread = threading.Thread(target=delegate)
        thread.start()
        start.wait()
        passes.revoke(first.id, at=NOW + timedelta(seconds=turn), actor="ops")
        thread.join(10)
        found = passes.find(f"pg_b{turn}")
        assert found is None or found.revoked is not None
    other.close()


def test_what_is_spent_below_is_spent_above(database: SqliteDatabase, passes: PassStore) -> None:
    first = replace(make_pass("pg_1"), budget=Budget(requests=5))
    second = below(first, "pg_2", budget=Budget(requests=4, tokens=100))
    beside = below(first, "pg_3", budget=Budget(requests=5))
    for pass_ in (first, second, beside):
        passes.add(pass_, VERIFIER, actor="ops")
    store, one = BudgetStore(database), Spending(requests=1, tokens=10)
    assert all(store.take("pg_2", one, ancestors=("pg_1",)) for _ in range(3))
    assert (store.spent("pg_2"), store.spent("pg_1")) == (
        Spending(requests=3, tokens=30),
        Spending(requests=3, tokens=30),
    )
    assert store.spent("pg_3") == Spending()
    assert all(store.take("pg_3", one, ancestors=("pg_1",)) for _ in range(2))
    assert not store.take("pg_2", one, ancestors=("pg_1",)), "its own would do, its parent's is used up"
    assert not store.take("pg_1", one)
    assert store.spent("pg_2").requests == 3, "of what did not fit nothing is taken, from nobody"
    store.correct("pg_2", Spending(requests=-1, tokens=-10), ancestors=("pg_1",))
    assert (store.spent("pg_2").requests, store.spent("pg_1").requests) == (2, 4)
    assert store.take("pg_2", one, ancestors=("pg_1",))
    assert not store.take("pg_2", Spending(requests=0, tokens=71), ancestors=("pg_1",)), "its own ceiling holds too"


def test_many_at_once_never_spend_more_than_the_first_has(
    path: Path, database: SqliteDatabase, passes: PassStore
) -> None:
    """Four delegates in threads with connections of their own, each with a budget as large as their parent's."""
    first = replace(make_pass("pg_1"), budget=Budget(requests=100))
    passes.add(first, VERIFIER, actor="ops")
    names = [f"pg_c{number}" for number in range(4)]
    for name in names:
        passes.add(below(first, name, budget=Budget(requests=100)), VERIFIER, actor="ops")
    taken: dict[str, int] = {}
    start = threading.Barrier(len(names))

    def spend(name: str) -> None:
        mine = SqliteDatabase(path)
        store = BudgetStore(mine)
        start.wait()
        taken[name] = sum(store.take(name, Spending(requests=1), ancestors=("pg_1",)) for _ in range(60))
        mine.close()

    threads = [threading.Thread(target=spend, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    store = BudgetStore(database)
    assert sum(taken.values()) == 100 == store.spent("pg_1").requests
    assert {name: store.spent(name).requests for name in names} == taken
