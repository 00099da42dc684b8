"""A budget, what is spent of it and what is left, for people and as JSON."""

from collections.abc import Iterator

from passgate.cli.output import Json
from passgate.core.budget import Budget
from passgate.identity.budgets import dollars
from passgate.pipeline.protocols import Spending


def budget_lines(budget: Budget, spent: Spending | None = None) -> Iterator[tuple[str, str]]:
    """Names and texts. ``spent`` None: nothing was asked of it."""
    yield "budget", _amounts(budget.requests, budget.tokens, budget.microdollars)
    if spent is not None:
        yield "spent", _amounts(spent.requests, spent.tokens, spent.microdollars)
        yield (
            "left",
            _amounts(
                _left(budget.requests, spent.requests),
                _left(budget.tokens, spent.tokens),
                _left(budget.microdollars, spent.microdollars),
            ),
        )


def amounts_as_json(amounts: Budget | Spending | None) -> dict[str, Json] | None:
    """``cost``: US dollars as text, exact to the millionth."""
    if amounts is None:
        return None
    cost = amounts.microdollars
    return {
        "requests": amounts.requests,
        "tokens": amounts.tokens,
        "cost": None if cost is None else dollars(cost).removeprefix("$"),
    }


def _left(ceiling: int | None, spent: int) -> int | None:
    return None if ceiling is None else max(0, ceiling - spent)


def _amounts(requests: int | None, tokens: int | None, microdollars: int | None) -> str:
    parts = []
    if requests is not None:
        parts.append(f"{requests:,} requests")
    if tokens is not None:
        parts.append(f"{tokens:,} tokens")
    if microdollars is not None:
        parts.append(dollars(microdollars))
    return ", ".join(parts)
