"""Plain data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.endpoints.llm.settings import Limits, Price
from tests.unit.endpoints.llm.parts import target

TOKENS = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("price", "input_tokens", "output_tokens", "cached_tokens", "cost"),
    [
        (Price(input=3, output=15, cached=0.3), 1000, 100, 0, 4500),
        (Price(input=3, output=15, cached=0.3), 1000, 100, 1000, 1800),
        (Price(input=0.05, output=0.4, cached=0.005), 1, 0, 0, 1),
        (Price(input=0, output=0, cached=0), 10**6, 10**6, 0, 0),
    ],
)
def test_a_price_counts_in_millionths(
    price: Price, input_tokens: int, output_tokens: int, cached_tokens: int, cost: int
) -> None:
    assert (
        price.microdollars(input_tokens=input_tokens, output_tokens=output_tokens, cached_tokens=cached_tokens) == cost
    )


@given(TOKENS, TOKENS, TOKENS)
def test_what_was_seen_before_never_costs_more(input_tokens: int, output_tokens: int, cached: int) -> None:
    price = Price(input=2.5, output=10, cached=1.25)
    full = price.microdollars(input_tokens=input_tokens, output_tokens=output_tokens)
    less = price.microdollars(
        input_tokens=input_tokens, output_tokens=output_tokens, cached_tokens=min(cached, input_tokens)
    )
    assert 0 <= less <= full


def test_bounds_are_those_of_the_providers_at_least() -> None:
    limits = Limits()
    assert (limits.body, limits.batch, limits.file) == (32 * 2**20, 256 * 2**20, 500 * 2**20)
    assert limits.read >= 600
    assert limits.headers >= 64 * 1024
    assert limits.heartbeat < 60


def test_a_target_hides_its_credential() -> None:
    class Key:
        def __repr__(self) -> str:
            raise AssertionError("asked for")

        async def obtain(self) -> str:
            return "secret"

        def forget(self) -> None:
            """Nothing is kept."""

    shown = target(credential=Key())
    assert "credential" not in repr(shown)
    assert shown.name == "gpt"
