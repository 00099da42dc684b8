"""Refresh tokens as they are kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.errors import TokenRefusedError
from passgate.identity.recheck.sealing import Sealing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)
TOKEN = "refresh-me-Ω-\udc80"


@pytest.fixture
def sealing() -> Sealing:
    return Sealing(b"k" * 32, provider="company", every=FIVE)


def test_what_is_sealed_is_opened_again_and_seen_nowhere(sealing: Sealing) -> None:
    first = sealing.first(TOKEN, sub="u1", now=NOW)
    assert sealing.opened(first) == TOKEN
    assert b"refresh-me" not in first.sealed
    assert TOKEN not in repr(first)
    assert (first.provider, first.sub, first.confirmed, first.due) == ("company", "u1", NOW, NOW + FIVE)
    next_one = sealing.sealed(first, "another")
    assert sealing.opened(next_one) == "another"
    assert sealing.sealed(first, "another").sealed != next_one.sealed  # a nonce for each


def test_the_same_token_of_the_same_person_is_known_again(sealing: Sealing) -> None:
    first = sealing.first(TOKEN, sub="u1", now=NOW)
    assert sealing.first(TOKEN, sub="u1", now=NOW).digest == first.digest
    assert sealing.first(TOKEN, sub="u2", now=NOW).digest != first.digest
    other = Sealing(b"k" * 32, provider="other", every=FIVE)
    assert other.first(TOKEN, sub="u1", now=NOW).digest != first.digest


def test_it_is_bound_to_whom_it_is_of_and_to_the_key(sealing: Sealing) -> None:
    first = sealing.first(TOKEN, sub="u1", now=NOW)
    flipped = bytes([*first.sealed[:-1], first.sealed[-1] ^ 1])
    for wrong in (
        replace(first, sub="u2"),
        replace(first, id="other"),
        replace(first, provider="other"),
        replace(first, sealed=flipped),
        replace(first, sealed=b""),
    ):
        with pytest.raises(TokenRefusedError, match="cannot be read"):
            sealing.opened(wrong)
    with pytest.raises(TokenRefusedError):
        Sealing(b"x" * 32, provider="company", every=FIVE).opened(first)
