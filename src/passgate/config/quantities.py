"""Durations (``30m``, ``1h30m``, ``250ms``) and sizes (``64MiB``, ``10MB``) as people write them."""

import re
from datetime import timedelta

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_DURATION_PART = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:ms|s|m|h|d))+", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,12}) ?(B|KB|MB|GB|KiB|MiB|GiB)", re.ASCII)

_MAX_DURATION = timedelta(days=3650)
"""Ten years: more is a typing error, and stays clear of what timers and time stamps can hold."""


def parse_duration(text: str) -> timedelta:
    """``30m`` -> 30 minutes. Units ms, s, m, h, d, largest first or not; each may stand once. Raises ValueError."""
    if _DURATION.fullmatch(text) is None:
        raise ValueError(
            f"{text[:40]!r} is not a duration: write a number and a unit (ms, s, m, h, d), as in 30m or 1h30m"
        )
    parts = _DURATION_PART.findall(text)
    units = [unit for _, unit in parts]
    if len(set(units)) != len(units):
        raise ValueError(f"{text[:40]!r} is not a duration: a unit stands in it twice")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if seconds <= 0:
        raise ValueError("a duration must be longer than zero")
    if seconds > _MAX_DURATION.total_seconds():
        raise ValueError(f"{text[:40]!r} is too long: at most {_MAX_DURATION.days}d")
    return timedelta(seconds=seconds)


def parse_size(text: str) -> int:
    """``64MiB`` -> bytes. Units B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024). Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text[:40]!r} is not a size: write a number and a unit (B, KB, MB, GB, KiB, MiB, GiB), as in 64MiB"
        )
    size = int(match[1]) * _BYTES[match[2]]
    if size <= 0:
        raise ValueError("a size must be larger than zero")
    return size


def format_duration(duration: timedelta) -> str:
    """The shortest way to write it that ``parse_duration`` reads back: ``1h30m``. Below a millisecond is cut off."""
    left = round(duration.total_seconds() * 1000)
    written = ""
    for unit in ("d", "h", "m", "s", "ms"):
        each = round(_SECONDS[unit] * 1000)
        count, left = divmod(left, each)
        written += f"{count}{unit}" if count else ""
    return written or "0s"
