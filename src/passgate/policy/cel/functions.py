"""The functions of the rule language, each with its types. Names and meaning are CEL's standard and strings-extension ones."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from passgate.policy.cel.errors import EvaluationError
from passgate.policy.cel.lexer import INT_MAX
from passgate.policy.cel.types import BOOL, DURATION, INT, NOTHING, STRING, TIMESTAMP, ListType, MapType, SetType, Type

Value = Any
"""A value of the language (str, int, bool, None, a sequence, a mapping, datetime, timedelta): its type was checked at load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """One signature. ``types`` starts with the target's type where it is a method. ``literal`` numbers an argument that must be
    a literal, because it is prepared (and can fail) at load."""

    types: tuple[Type, ...]
    result: Type
    run: Callable[..., Value]
    prepare: Callable[[str], Callable[..., Value]] | None = None


def checked_int(value: int) -> int:
    """64 bits, as CEL has them. Raises EvaluationError on overflow."""
    if -INT_MAX - 1 <= value <= INT_MAX:
        return value
    raise EvaluationError("integer overflow")


_DURATION = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|us|m|s))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|us|m|s)")
_MOST_SHOWN = 40
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}


def duration(text: str) -> timedelta:
    """``1h30m``, ``15m``, ``250ms``. Raises EvaluationError."""
    if not _DURATION.fullmatch(text):
        raise EvaluationError(f"{text[:_MOST_SHOWN]!r} is not a duration such as 15m or 1h30m")
    try:
        total = sum(
            (timedelta(seconds=float(number) * _SECONDS[unit]) for number, unit in _DURATION_PART.findall(text)),
            timedelta(),
        )
    except OverflowError as error:
        raise EvaluationError(f"the duration {text[:_MOST_SHOWN]!r} is too long") from error
    return -total if text.startswith("-") else total


_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def timestamp(text: str) -> datetime:
    """RFC 3339, cut to microseconds. Raises EvaluationError."""
    if _TIMESTAMP.fullmatch(text):
        whole = re.sub(r"(\.\d{6})\d+", r"\1", text)
        try:
            return datetime.fromisoformat(whole).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise EvaluationError(f"{text!r} is not a timestamp such as 2030-01-31T08:00:00Z")


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise EvaluationError("the text is not a whole number")
    return checked_int(int(text))


def _size(value: Sequence[Value]) -> int:
    return len(value)


def _lower_ascii(text: str) -> str:
    return text.lower() if text.isascii() else "".join(c.lower() if c.isascii() else c for c in text)


def _upper_ascii(text: str) -> str:
    return text.upper() if text.isascii() else "".join(c.upper() if c.isascii() else c for c in text)


def _prepare_matches(pattern: str) -> Callable[[str], bool]:
    """RE2: linear in the text, whatever the pattern. Raises ValueError."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern, options).search
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        detail = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"not a regular expression of RE2: {detail}") from error
    return lambda text: search(text) is not None


def _never(*_: Value) -> Value:
    raise EvaluationError("the argument was not prepared")


def _clock(part: Callable[[datetime], int]) -> tuple[Overload, ...]:
    def prepare(name: str) -> Callable[[datetime], int]:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is not a known time zone") from error
        return lambda moment: part(moment.astimezone(zone))

    return (
        Overload(types=(TIMESTAMP,), result=INT, run=lambda moment: part(moment.astimezone(UTC))),
        Overload(types=(TIMESTAMP, STRING), result=INT, run=_never, prepare=prepare),
    )


def _text_test(run: Callable[[str, str], bool]) -> tuple[Overload, ...]:
    return (Overload(types=(STRING, STRING), result=BOOL, run=run),)


_SIZED: tuple[Type, ...] = (STRING, ListType(NOTHING), SetType(NOTHING), MapType(NOTHING))
_SIZE = tuple(Overload(types=(sized,), result=INT, run=_size) for sized in _SIZED)

METHODS: dict[str, tuple[Overload, ...]] = {
    "startsWith": _text_test(str.startswith),
    "endsWith": _text_test(str.endswith),
    "contains": _text_test(lambda text, part: part in text),
    "matches": (Overload(types=(STRING, STRING), result=BOOL, run=_never, prepare=_prepare_matches),),
    "lowerAscii": (Overload(types=(STRING,), result=STRING, run=_lower_ascii),),
    "upperAscii": (Overload(types=(STRING,), result=STRING, run=_upper_ascii),),
    "size": _SIZE,
    "getFullYear": _clock(lambda moment: moment.year),
    "getMonth": _clock(lambda moment: moment.month - 1),
    "getDate": _clock(lambda moment: moment.day),
    "getDayOfWeek": _clock(lambda moment: moment.isoweekday() % 7),
    "getHours": _clock(lambda moment: moment.hour),
    "getMinutes": _clock(lambda moment: moment.minute),
}
"""Called on their first type: ``text.startsWith('x')``. Months and days of the week count from 0 (January, Sunday), as in CEL."""

FUNCTIONS: dict[str, tuple[Overload, ...]] = {
    "size": _SIZE,
    "int": (
        Overload(types=(INT,), result=INT, run=lambda number: number),
        Overload(types=(STRING,), result=INT, run=_integer),
    ),
    "string": (
        Overload(types=(STRING,), result=STRING, run=lambda text: text),
        Overload(types=(INT,), result=STRING, run=str),
    ),
    "duration": (Overload(types=(STRING,), result=DURATION, run=duration),),
    "timestamp": (Overload(types=(STRING,), result=TIMESTAMP, run=timestamp),),
}
