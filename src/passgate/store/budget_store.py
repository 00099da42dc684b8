"""What passes with a budget have spent, in the database: taken and given back by one statement each.

What a delegated pass spends is spent by those it was delegated from too.
"""

from collections.abc import Sequence

import orjson

from passgate.core.errors import StoreError
from passgate.pipeline.protocols import Spending
from passgate.store.sqlite import SqliteDatabase

_TAKE = """
UPDATE pass_budgets SET requests = requests + ?1, tokens = tokens + ?2, microdollars = microdollars + ?3
WHERE pass_id = ?4
AND (max_requests IS NULL OR requests + ?1 <= max_requests)
AND (max_tokens IS NULL OR tokens + ?2 <= max_tokens)
AND (max_microdollars IS NULL OR microdollars + ?3 <= max_microdollars)
RETURNING 1
"""
"""The condition and the change are one statement, so of two workers that want the same rest one gets it."""

_TAKE_OF_ALL = """
UPDATE pass_budgets SET requests = requests + ?1, tokens = tokens + ?2, microdollars = microdollars + ?3
WHERE pass_id IN (SELECT value FROM json_each(?4))
AND NOT EXISTS (
  SELECT 1 FROM pass_budgets AS b WHERE b.pass_id IN (SELECT value FROM json_each(?4))
  AND (b.requests + ?1 > b.max_requests OR b.tokens + ?2 > b.max_tokens OR b.microdollars + ?3 > b.max_microdollars)
)
RETURNING 1
"""
"""All of them or none. A ceiling that is NULL is never exceeded. The inner question has nothing of the outer row in it, so it is
asked once, before anything is changed."""

_CORRECT = """
UPDATE pass_budgets SET requests = max(0, requests + ?1), tokens = max(0, tokens + ?2), microdollars = max(0, microdollars + ?3)
WHERE pass_id IN (SELECT value FROM json_each(?4))
RETURNING 1
"""
_SPENT = "SELECT requests, tokens, microdollars FROM pass_budgets WHERE pass_id = ?1"


class BudgetStore:
    """Shared by every process of a state folder. Every method raises StoreError, also for a pass that has no budget there."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def take(self, pass_id: str, spending: Spending, *, ancestors: Sequence[str] = ()) -> bool:
        """Add to what is spent by the pass and its ancestors, if it stays within every ceiling; otherwise nothing is added."""
        amounts = _amounts(spending)
        if ancestors:
            taken = self._database.count(_TAKE_OF_ALL, (*amounts, _list((pass_id, *ancestors))))
        else:
            taken = self._database.count(_TAKE, (*amounts, pass_id))
        if taken:
            return True
        self.spent(pass_id)  # raises where there is no such budget at all
        return False

    def correct(self, pass_id: str, change: Spending, *, ancestors: Sequence[str] = ()) -> None:
        """Add to what is spent, or take away where ``change`` is negative, whatever the ceilings say."""
        if not self._database.count(_CORRECT, (*_amounts(change), _list((pass_id, *ancestors)))):
            raise _no_budget(pass_id)

    def spent(self, pass_id: str) -> Spending:
        rows = self._database.count(_SPENT, (pass_id,))
        if not rows:
            raise _no_budget(pass_id)
        requests, tokens, microdollars = rows[0]
        return Spending(requests=requests, tokens=tokens, microdollars=microdollars)


def _amounts(spending: Spending) -> tuple[int, int, int]:
    return spending.requests, spending.tokens, spending.microdollars


def _list(pass_ids: Sequence[str]) -> str:
    return orjson.dumps(pass_ids).decode()


def _no_budget(pass_id: str) -> StoreError:
    return StoreError(f"The state store holds no budget of pass {pass_id}")
