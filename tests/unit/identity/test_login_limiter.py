"""Failed log-ins and their cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.identity.login_limiter import LoginLimiter, Rate
from tests.unit.identity.conftest import Clock

PEER, OTHER, PASS = "192.0.2.1", "192.0.2.2", "pg_1"


@pytest.fixture
def limiter(clock: Clock) -> LoginLimiter:
    return LoginLimiter(
        per_peer=Rate(burst=4, seconds=10), per_pass=Rate(burst=2, seconds=10), entries=8, clock=clock.monotonic
    )


def test_failures_of_one_pass_are_counted_over_all_addresses(limiter: LoginLimiter) -> None:
    limiter.failed(PEER, PASS)
    assert limiter.allow(PEER, PASS)
    limiter.failed(OTHER, PASS)
    assert not limiter.allow("192.0.2.3", PASS)
    assert limiter.allow(PEER, "pg_2")


def test_failures_of_one_address_are_counted_over_all_passes(limiter: LoginLimiter) -> None:
    for number in range(4):
        assert limiter.allow(PEER, f"pg_{number}")
        limiter.failed(PEER, f"pg_{number}")
    assert not limiter.allow(PEER, "pg_9")
    assert limiter.allow(OTHER, "pg_9")


def test_time_brings_tokens_back(limiter: LoginLimiter, clock: Clock) -> None:
    limiter.failed(PEER, PASS)
    limiter.failed(PEER, PASS)
    clock.advance(9.9)
    assert not limiter.allow(PEER, PASS)
    clock.advance(0.2)
    assert limiter.allow(PEER, PASS)
    limiter.failed(PEER, PASS)
    assert not limiter.allow(PEER, PASS)


def test_a_burst_of_good_log_ins_costs_nothing(limiter: LoginLimiter) -> None:
    for _ in range(100):
        assert limiter.allow(PEER, PASS)
        limiter.succeeded(PEER, PASS)


def test_others_cannot_lock_out_an_address_that_has_proven_itself(limiter: LoginLimiter) -> None:
    limiter.succeeded(PEER, PASS)
    limiter.failed(OTHER, PASS)
    limiter.failed(OTHER, PASS)
    assert not limiter.allow(OTHER, PASS)
    assert limiter.allow(PEER, PASS)


def test_a_proven_address_that_starts_to_guess_is_stopped_too(limiter: LoginLimiter) -> None:
    limiter.succeeded(PEER, PASS)
    for _ in range(4):
        limiter.failed(PEER, PASS)
    assert not limiter.allow(PEER, PASS)
    assert limiter.allow(OTHER, PASS)


def test_proven_addresses_are_forgotten_in_order_of_use(limiter: LoginLimiter) -> None:
    limiter.failed(OTHER, PASS)
    limiter.failed(OTHER, PASS)
    limiter.succeeded(PEER, PASS)
    for number in range(8):
        limiter.succeeded(f"peer {number}", PASS)
    assert not limiter.allow(PEER, PASS)
    assert limiter.allow("peer 7", PASS)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=200))
def test_memory_is_bounded(attempts: list[tuple[int, int, bool]]) -> None:
    limiter = LoginLimiter(entries=8, clock=lambda: 0.0)
    for peer, pass_id, good in attempts:
        (limiter.succeeded if good else limiter.failed)(f"peer {peer}", f"pg_{pass_id}")
        limiter.allow(f"peer {pass_id}", f"pg_{peer}")
    assert max(len(limiter._peers._levels), len(limiter._passes._levels), len(limiter._proven)) <= 8


def test_a_full_bucket_is_not_kept(limiter: LoginLimiter, clock: Clock) -> None:
    limiter.failed(PEER, PASS)
    clock.advance(1000)
    assert limiter.allow(PEER, PASS)
    assert len(limiter._peers._levels) == len(limiter._passes._levels) == 0


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_no_pattern_beats_the_rate(pauses: list[float]) -> None:
    clock = Clock()
    start = clock.monotonic()
    limiter = LoginLimiter(
        per_peer=Rate(burst=3, seconds=10), per_pass=Rate(burst=99, seconds=1), clock=clock.monotonic
    )
    tried = 0
    for pause in pauses:
        clock.advance(pause)
        if limiter.allow(PEER, PASS):
            limiter.failed(PEER, PASS)
            tried += 1
    assert tried <= 3 + (clock.monotonic() - start) / 10 + 1e-6


def test_one_network_of_ipv6_is_one_guesser(clock: Clock) -> None:
    """A single machine has 2^64 addresses there to guess from."""
    limiter = LoginLimiter(per_peer=Rate(burst=3, seconds=10), clock=clock.monotonic)
    tried = 0
    for number in range(1, 50):
        peer = f"2001:db8:1:2::{number:x}"
        if limiter.allow(peer, f"pg_{number}"):
            limiter.failed(peer, f"pg_{number}")
            tried += 1
    assert tried == 3
    assert limiter.allow("2001:db8:1:3::1", "pg_x")
    assert limiter.allow(PEER, "pg_x")
    limiter.succeeded("2001:db8:1:4::1", PASS)
    for _ in range(20):
        limiter.failed(OTHER, PASS)
    assert limiter.allow("2001:db8:1:4::2", PASS)  # who has logged in from there is not locked out by others
