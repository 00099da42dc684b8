"""What is spent, shared by processes."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.budget import Budget
from passgate.core.errors import StoreError
from passgate.pipeline.protocols import Spending
from passgate.store.budget_store import BudgetStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW, VERIFIER, make_pass

ONE = Spending(requests=1, tokens=10, microdollars=3)

SPENDER = """
import sys
from pathlib import Path
from passgate.pipeline.protocols import Spending
from passgate.store.budget_store import BudgetStore
from passgate.store.sqlite import SqliteDatabase

store = BudgetStore(SqliteDatabase(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
one = Spending(requests=1, tokens=10, microdollars=3)
print(sum(store.take("pg_1", one) for _ in range(400)))
"""


def add(database: SqliteDatabase, budget: Budget | None, pass_id: str = "pg_1") -> None:
    PassStore(database).add(replace(make_pass(pass_id), budget=budget), VERIFIER, actor="ops")


@pytest.fixture
def other(path: Path, database: SqliteDatabase) -> Iterator[BudgetStore]:
    """The same store as another process sees it."""
    second = SqliteDatabase(path)
    yield BudgetStore(second)
    second.close()


@pytest.mark.parametrize(
    "budget", [None, Budget(requests=1), Budget(tokens=5, microdollars=7), Budget(requests=1, tokens=2, microdollars=3)]
)
def test_a_budget_comes_back_with_its_pass_wherever_passes_are_read(
    database: SqliteDatabase, budget: Budget | None
) -> None:
    passes = PassStore(database)
    add(database, budget)
    wanted = replace(make_pass(), budget=budget)
    assert passes.find("pg_1") == wanted
    assert passes.all() == (wanted,)
    assert [change.pass_ for change in passes.claim_changes(by="g", now=NOW, until=NOW)] == [wanted]
    assert passes.revoke("pg_1", at=NOW, actor="ops") == replace(wanted, revoked=NOW)


@pytest.mark.parametrize(
    "budget",
    [Budget(requests=3), Budget(tokens=39), Budget(microdollars=9), Budget(requests=9, tokens=30, microdollars=99)],
)
def test_nothing_is_taken_beyond_any_ceiling(database: SqliteDatabase, other: BudgetStore, budget: Budget) -> None:
    add(database, budget)
    store = BudgetStore(database)
    assert [store.take("pg_1", ONE), other.take("pg_1", ONE), store.take("pg_1", ONE)] == [True] * 3
    assert not other.take("pg_1", ONE)
    assert not store.take("pg_1", ONE)
    assert store.spent("pg_1") == other.spent("pg_1") == Spending(requests=3, tokens=30, microdollars=9)


def test_what_is_put_right_can_be_spent_again(database: SqliteDatabase, other: BudgetStore) -> None:
    add(database, Budget(tokens=10))
    store = BudgetStore(database)
    assert store.take("pg_1", ONE)
    other.correct("pg_1", Spending(tokens=-6))
    assert store.spent("pg_1") == Spending(requests=1, tokens=4, microdollars=3)
    assert store.take("pg_1", Spending(tokens=6))
    store.correct("pg_1", Spending(tokens=100))  # it cost more than anybody knew
    assert store.spent("pg_1").tokens == 110
    store.correct("pg_1", Spending(requests=-50, tokens=-500, microdollars=-500))
    assert store.spent("pg_1") == Spending()


def test_each_pass_has_its_own(database: SqliteDatabase) -> None:
    add(database, Budget(requests=1))
    add(database, Budget(requests=1), "pg_2")
    store = BudgetStore(database)
    assert store.take("pg_1", ONE)
    assert not store.take("pg_1", ONE)
    assert store.take("pg_2", ONE)


def test_a_budget_that_is_not_there_is_an_error_and_not_a_yes(database: SqliteDatabase) -> None:
    add(database, None)
    store = BudgetStore(database)
    for ask in (store.spent, lambda p: store.take(p, ONE), lambda p: store.correct(p, ONE)):
        with pytest.raises(StoreError, match="holds no budget of pass pg_1"):
            ask("pg_1")


def test_a_budget_that_was_tampered_with_cannot_be_read(database: SqliteDatabase) -> None:
    add(database, Budget(requests=1))
    database.count("UPDATE pass_budgets SET max_requests = ?1", (-5,))
    with pytest.raises(StoreError, match="The stored pass pg_1 cannot be read"):
        PassStore(database).find("pg_1")


def test_processes_at_the_same_time_never_spend_more_than_there_is(database: SqliteDatabase, path: Path) -> None:
    add(database, Budget(requests=500, tokens=5005))
    spenders = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    taken = 0
    for spender in spenders:
        assert spender.stdout is not None
        assert spender.stdout.readline() == "ready\n"
    for spender in spenders:
        assert spender.stdin is not None
        spender.stdin.write("go\n")
        spender.stdin.flush()
    for spender in spenders:
        output, _ = spender.communicate(timeout=60)
        taken += int(output)
    assert taken == 500
    assert BudgetStore(database).spent("pg_1") == Spending(requests=500, tokens=5000, microdollars=1500)


def test_what_is_spent_outlives_the_process(database: SqliteDatabase, path: Path) -> None:
    add(database, Budget(requests=2))
    assert BudgetStore(database).take("pg_1", ONE)
    database.close()
    again = SqliteDatabase(path)
    assert BudgetStore(again).spent("pg_1") == ONE
    again.close()
