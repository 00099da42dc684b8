import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.masking.detectors.validators.digits import (
    all_same,
    compact,
    luhn,
    mod11_10,
    mod97,
    only_digits,
    real_date,
    verhoeff,
    weighted,
)

numbers = st.text("0123456789", min_size=2, max_size=20)


def test_only_digits_and_compact() -> None:
    assert only_digits("a1 2-3é٤".encode()) == "123"
    assert compact("gb82 west-1é".encode()) == "GB82WEST1"


@given(numbers, st.integers(0, 19), st.integers(1, 9))
def test_luhn_and_verhoeff_see_every_single_digit_error(body: str, place: int, by: int) -> None:
    for check in (luhn, verhoeff):
        (good,) = [body + str(d) for d in range(10) if check(body + str(d))]
        place %= len(good)
        bad = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
        assert not check(bad)


@given(numbers)
def test_mod11_10_gives_one_check_digit(body: str) -> None:
    assert sum(mod11_10(body + str(d)) for d in range(10)) == 1


def test_known_numbers() -> None:
    assert luhn("79927398713")
    assert verhoeff("2363")
    assert mod11_10("33392005961")
    assert mod97("3214282912345698765432161182") == 1
    assert weighted("123", (1, 2, 3)) == 14
    assert all_same("777")
    assert not all_same("778")


@pytest.mark.parametrize(
    ("day", "real"),
    [
        ((2024, 2, 29), True),
        ((2023, 2, 29), False),
        ((1900, 2, 29), False),
        ((2000, 2, 29), True),
        ((2024, 13, 1), False),
        ((2024, 0, 1), False),
        ((2024, 4, 31), False),
        ((2024, 4, 0), False),
    ],
)
def test_real_date(day: tuple[int, int, int], real: bool) -> None:
    assert real_date(*day) is real
