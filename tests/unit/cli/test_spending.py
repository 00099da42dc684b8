import pytest

from passgate.cli.spending import amounts_as_json, budget_lines
from passgate.core.budget import Budget
from passgate.pipeline.protocols import Spending


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (Budget(requests=3), "1 requests"),
        (Budget(tokens=2_000_000), "1,999,990 tokens"),
        (Budget(requests=1, microdollars=5_000_000), "0 requests, $4.999997"),
    ],
)
def test_what_is_left(budget: Budget, left: str) -> None:
    lines = dict(budget_lines(budget, Spending(requests=2, tokens=10, microdollars=3)))
    assert lines["left"] == left
    assert lines["spent"] == "2 requests, 10 tokens, $0.000003"


def test_before_anything_is_asked_only_the_budget_is_known() -> None:
    assert list(budget_lines(Budget(tokens=5))) == [("budget", "5 tokens")]


def test_as_json() -> None:
    assert amounts_as_json(None) is None
    assert amounts_as_json(Budget(tokens=5)) == {"requests": None, "tokens": 5, "cost": None}
    assert amounts_as_json(Spending(microdollars=1_500_000)) == {"requests": 0, "tokens": 0, "cost": "1.50"}
