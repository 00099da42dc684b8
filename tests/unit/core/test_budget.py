import pytest

from passgate.core.budget import Budget


def test_a_budget_has_a_ceiling_at_least() -> None:
    assert Budget(tokens=1).requests is None
    with pytest.raises(ValueError, match="without a ceiling"):
        Budget()


@pytest.mark.parametrize("ceiling", [0, -1])
def test_a_ceiling_allows_something(ceiling: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Budget(requests=5, microdollars=ceiling)


@pytest.mark.parametrize(
    ("one", "most", "within"),
    [
        (Budget(requests=3), Budget(requests=3), True),
        (Budget(requests=4), Budget(requests=3), False),
        (Budget(tokens=1), Budget(requests=3), False),  # of requests it says nothing, so it has no end there
        (Budget(requests=1, tokens=10**9), Budget(requests=3), True),
        (Budget(requests=1, tokens=5, microdollars=7), Budget(requests=1, tokens=5, microdollars=6), False),
    ],
)
def test_a_budget_is_within_another_in_every_ceiling(one: Budget, most: Budget, within: bool) -> None:
    assert one.is_within(most) is within
