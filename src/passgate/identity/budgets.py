"""What a pass may still spend on calls to models (the pipeline's ``Budgets``)."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from passgate.core.budget import Budget
from passgate.core.passes import Pass
from passgate.pipeline.protocols import Spending


class SpendingStore(Protocol):
    """What is spent, shared by every process. Every method raises StoreError."""

    def take(self, pass_id: str, spending: Spending, *, ancestors: Sequence[str] = ()) -> bool:
        """Add it to the pass and to its ancestors, if all of it stays within the ceilings of each."""

    def correct(self, pass_id: str, change: Spending, *, ancestors: Sequence[str] = ()) -> None:
        """Add it, or take it away where it is negative."""

    def spent(self, pass_id: str) -> Spending: ...


_MOST = 2**53
"""More than anything costs, and few enough that thousands of it are still a number of the store. What a call asks for is its
caller's own word: it may say anything, also less than nothing."""


class PassBudgets:
    """A pass without a budget is asked nothing and counted nowhere. What was delegated from a pass with one has one itself.

    What a call will cost is known when it is over: ``reserve`` takes what it may cost, ``settle`` puts right what it did cost. One
    that costs more than was expected may take a pass over its ceiling; the next one is refused.
    """

    def __init__(self, store: SpendingStore) -> None:
        self._store = store

    def reserve(self, pass_: Pass, expected: Spending) -> str | None:
        if pass_.budget is None:
            return None
        wanted = _bounded(expected)
        if self._store.take(pass_.id, wanted, ancestors=pass_.ancestors):
            return None
        return _why_not(pass_, pass_.budget, self._store.spent(pass_.id), wanted)

    def settle(self, pass_: Pass, expected: Spending, actual: Spending) -> None:
        if pass_.budget is None or expected == actual:
            return
        taken, cost = _bounded(expected), _bounded(actual)
        change = Spending(
            requests=cost.requests - taken.requests,
            tokens=cost.tokens - taken.tokens,
            microdollars=cost.microdollars - taken.microdollars,
        )
        self._store.correct(pass_.id, change, ancestors=pass_.ancestors)

    def spent(self, pass_: Pass) -> Spending | None:
        """What is spent so far, calls in flight as they are expected; None where the pass has no budget. Raises StoreError."""
        return None if pass_.budget is None else self._store.spent(pass_.id)


def _bounded(spending: Spending) -> Spending:
    requests, tokens, microdollars = (
        max(0, min(number, _MOST)) for number in (spending.requests, spending.tokens, spending.microdollars)
    )
    return Spending(requests=requests, tokens=tokens, microdollars=microdollars)


def dollars(microdollars: int) -> str:
    """``1500000``: ``$1.50``; a third place and more only where they say something."""
    whole, rest = divmod(microdollars, 1_000_000)
    places = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"${whole}.{places}"


def _why_not(pass_: Pass, budget: Budget, spent: Spending, expected: Spending) -> str:
    """Told to the caller. Meanwhile another call may have ended, so that everything would fit again: then that is what is said."""
    reasons = list(_exceeded(budget, spent, expected))
    if not reasons and pass_.ancestors:
        return f"The budget of a pass that this one was delegated from ({', '.join(pass_.ancestors)}) does not allow this call."
    if not reasons:
        return "The pass's budget was taken up by calls that are under way."
    return f"The pass's budget does not allow this call: {'; '.join(reasons)}."


def _exceeded(budget: Budget, spent: Spending, expected: Spending) -> Iterator[str]:
    if budget.requests is not None and spent.requests + expected.requests > budget.requests:
        yield f"all of its {budget.requests} requests are used"
    if budget.tokens is not None and spent.tokens + expected.tokens > budget.tokens:
        left = max(0, budget.tokens - spent.tokens)
        yield f"{left} of {budget.tokens} tokens are left, and it may take {expected.tokens}"
    if budget.microdollars is not None and spent.microdollars + expected.microdollars > budget.microdollars:
        left = max(0, budget.microdollars - spent.microdollars)
        yield (
            f"{dollars(left)} of {dollars(budget.microdollars)} are left, "
            f"and it may cost {dollars(expected.microdollars)}"
        )
