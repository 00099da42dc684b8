"""What passes with a budget have spent, in the database: taken and given back by one statement each."""

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

_CORRECT = """
UPDATE pass_budgets SET requests = max(0, requests + ?1), tokens = max(0, tokens + ?2), microdollars = max(0, microdollars + ?3)
WHERE pass_id = ?4
RETURNING 1
"""
_SPENT = "SELECT requests, tokens, microdollars FROM pass_budgets WHERE pass_id = ?1"


class BudgetStore:
    """Shared by every process of a state folder. Every method raises StoreError, also for a pass that has no budget there."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def take(self, pass_id: str, spending: Spending) -> bool:
        """Add to what is spent, if all of it stays within the ceilings; otherwise nothing is added."""
        if self._database.count(_TAKE, _values(pass_id, spending)):
            return True
        self.spent(pass_id)  # raises where there is no such budget at all
        return False

    def correct(self, pass_id: str, change: Spending) -> None:
        """Add to what is spent, or take away where ``change`` is negative, whatever the ceilings say."""
        if not self._database.count(_CORRECT, _values(pass_id, change)):
            raise _no_budget(pass_id)

    def spent(self, pass_id: str) -> Spending:
        rows = self._database.count(_SPENT, (pass_id,))
        if not rows:
            raise _no_budget(pass_id)
        requests, tokens, microdollars = rows[0]
        return Spending(requests=requests, tokens=tokens, microdollars=microdollars)


def _values(pass_id: str, spending: Spending) -> tuple[int | str, ...]:
    return spending.requests, spending.tokens, spending.microdollars, pass_id


def _no_budget(pass_id: str) -> StoreError:
    return StoreError(f"The state store holds no budget of pass {pass_id}")
