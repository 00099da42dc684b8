"""Dates that say something about a person."""

import re
from typing import Final

from passgate.masking.detectors.validators.digits import real_date

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
            "sep sept september", "oct october", "nov november", "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


def birth_date(data: bytes) -> bool:
    """A day that the calendar has, in any usual order, of a year in which somebody alive can have been born."""
    text = data.decode("latin-1").lower()
    words = re.findall(r"[a-z]+", text)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 1 and len(text) == 8:
        return _born(numbers[0] // 10000, numbers[0] // 100 % 100, numbers[0] % 100)
    named = [_MONTHS[word] for word in words if word in _MONTHS]
    if named and len(numbers) == 2:
        day, year = numbers if numbers[0] <= 31 else reversed(numbers)
        return _born(year, named[0], day)
    if len(numbers) != 3:
        return False
    first, second, third = numbers
    if first > 31:
        return _born(first, second, third)
    return _born(third, second, first) or _born(third, first, second)


def _born(year: int, month: int, day: int) -> bool:
    full = year if year > 99 else year + (1900 if year > 30 else 2000)
    return 1900 <= full <= 2100 and real_date(full, month, day)


def expiry(data: bytes) -> bool:
    """A card's ``MM/YY``."""
    month, year = (int(number) for number in re.findall(rb"\d+", data))
    return 1 <= month <= 12 and year % 100 >= 10
