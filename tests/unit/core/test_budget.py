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
