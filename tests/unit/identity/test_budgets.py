"""What may still be spent, and how a refusal is worded."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.budget import Budget
from passgate.core.passes import Pass
from passgate.identity.budgets import PassBudgets, dollars
from passgate.pipeline.protocols import Spending
from tests.unit.store.conftest import make_pass


class Memory:
    """A store of one process."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.known: dict[str, Spending] = defaultdict(Spending)
        self.asked = 0
        self.above: list[tuple[str, ...]] = []

    def take(self, pass_id: str, spending: Spending, *, ancestors: Sequence[str] = ()) -> bool:
        self.asked += 1
        self.above.append(tuple(ancestors))
        after = _sum(self.known[pass_id], spending)
        ceilings = (self.budget.requests, self.budget.tokens, self.budget.microdollars)
        if any(c is not None and value > c for c, value in zip(ceilings, _values(after), strict=True)):
            return False
        self.known[pass_id] = after
        return True

    def correct(self, pass_id: str, change: Spending, *, ancestors: Sequence[str] = ()) -> None:
        self.asked += 1
        self.above.append(tuple(ancestors))
        self.known[pass_id] = _sum(self.known[pass_id], change)

    def spent(self, pass_id: str) -> Spending:
        return self.known[pass_id]


def _values(spending: Spending) -> tuple[int, int, int]:
    return spending.requests, spending.tokens, spending.microdollars


def _sum(left: Spending, right: Spending) -> Spending:
    requests, tokens, microdollars = (a + b for a, b in zip(_values(left), _values(right), strict=True))
    return Spending(requests=requests, tokens=tokens, microdollars=microdollars)


def with_budget(budget: Budget) -> tuple[Pass, Memory, PassBudgets]:
    store = Memory(budget)
    return replace(make_pass(), budget=budget), store, PassBudgets(store)


def test_a_pass_without_a_budget_is_asked_nothing() -> None:
    _, store, budgets = with_budget(Budget(requests=1))
    free = make_pass()
    for _ in range(5):
        assert budgets.reserve(free, Spending(requests=1, tokens=10**9)) is None
        budgets.settle(free, Spending(requests=1), Spending(requests=1, tokens=5))
    assert budgets.spent(free) is None
    assert store.asked == 0


def test_what_was_expected_is_put_right() -> None:
    pass_, _, budgets = with_budget(Budget(requests=2, tokens=1000))
    expected = Spending(requests=1, tokens=900, microdollars=50)
    assert budgets.reserve(pass_, expected) is None
    assert budgets.spent(pass_) == expected
    assert budgets.reserve(pass_, expected) is not None
    budgets.settle(pass_, expected, Spending(requests=1, tokens=40, microdollars=7))
    assert budgets.spent(pass_) == Spending(requests=1, tokens=40, microdollars=7)
    assert budgets.reserve(pass_, expected) is None


def test_what_came_as_expected_needs_no_correction() -> None:
    pass_, store, budgets = with_budget(Budget(requests=2))
    assert budgets.reserve(pass_, Spending(requests=1)) is None
    budgets.settle(pass_, Spending(requests=1), Spending(requests=1))
    assert store.asked == 1


@pytest.mark.parametrize(
    ("budget", "expected", "why"),
    [
        (Budget(requests=1), Spending(requests=2), "all of its 1 requests are used."),
        (Budget(tokens=100), Spending(requests=1, tokens=101), "100 of 100 tokens are left, and it may take 101."),
        (
            Budget(microdollars=1_500_000),
            Spending(microdollars=1_500_001),
            r"\$1.50 of \$1.50 are left, and it may cost \$1.500001.",
        ),
        (
            Budget(requests=1, tokens=1, microdollars=1),
            Spending(requests=2, tokens=2, microdollars=2),
            "requests are used; 1 of 1 tokens are left, and it may take 2; ",
        ),
    ],
)
def test_why_a_call_is_not_allowed(budget: Budget, expected: Spending, why: str) -> None:
    pass_, _, budgets = with_budget(budget)
    said = budgets.reserve(pass_, expected)
    assert said is not None
    assert said.startswith("The pass's budget does not allow this call: ")
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(said)


def test_a_rest_that_was_freed_meanwhile_is_not_denied_to_be_there() -> None:
    pass_, store, budgets = with_budget(Budget(requests=1))
    store.take = lambda *_, **__: False  # type: ignore[method-assign]  # another worker's call ends right after
    said = budgets.reserve(pass_, Spending(requests=1))
    assert said == "The pass's budget was taken up by calls that are under way."


def test_a_delegated_pass_spends_what_belongs_to_those_above_it() -> None:
    pass_, store, budgets = with_budget(Budget(requests=2))
    below = replace(pass_, id="pg_2", ancestors=("pg_1", "pg_0"))
    assert budgets.reserve(below, Spending(requests=1, tokens=5)) is None
    budgets.settle(below, Spending(requests=1, tokens=5), Spending(requests=1, tokens=3))
    assert store.above == [("pg_1", "pg_0"), ("pg_1", "pg_0")]


def test_it_is_said_where_the_rest_of_those_above_is_too_small() -> None:
    pass_, store, budgets = with_budget(Budget(requests=2))
    store.take = lambda *_, **__: False  # type: ignore[method-assign]  # its own budget would do
    said = budgets.reserve(replace(pass_, ancestors=("pg_0",)), Spending(requests=1))
    assert said == "The budget of a pass that this one was delegated from (pg_0) does not allow this call."


def test_what_a_caller_asks_for_is_never_less_than_nothing_or_more_than_a_number() -> None:
    pass_, _, budgets = with_budget(Budget(tokens=100))
    below = Spending(requests=1, tokens=-1000)
    assert budgets.reserve(pass_, below) is None
    assert budgets.spent(pass_) == Spending(requests=1)
    budgets.settle(pass_, below, Spending(requests=1, tokens=7))
    assert budgets.spent(pass_) == Spending(requests=1, tokens=7)
    said = budgets.reserve(pass_, Spending(requests=1, tokens=10**40))
    assert said is not None
    assert "93 of 100 tokens are left" in said


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_dollars_are_exact(whole: int, micros: int) -> None:
    text = dollars(whole * 1_000_000 + micros)
    left, _, right = text.removeprefix("$").partition(".")
    assert int(left) * 1_000_000 + int(right.ljust(6, "0")) == whole * 1_000_000 + micros
    assert len(right) >= 2
