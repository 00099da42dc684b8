"""Token buckets."""

import pytest

from passgate.endpoints.control.problem import ProblemError
from passgate.endpoints.control.rates import Rate


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    for _ in range(60):
        rate.take("ada")
    with pytest.raises(ProblemError) as refused:
        rate.take("ada")
    assert refused.value.headers == {"Retry-After": "1"}
    rate.take("grace")
    now[0] = 1.0
    rate.take("ada")
    with pytest.raises(ProblemError):
        rate.take("ada")
    now[0] = 3600.0
    for _ in range(60):
        rate.take("ada")
    with pytest.raises(ProblemError):
        rate.take("ada")


def test_only_so_many_are_remembered() -> None:
    rate = Rate(1, clock=lambda: 0.0)
    rate.take("first")
    for number in range(4096):
        rate.take(str(number))
    rate.take("first")
