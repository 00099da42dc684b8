"""Points in time inside a condition, as days from now: enough to tell a real bound from one that every row meets."""

import re
from datetime import UTC, date, datetime

from passgate.languages.sql.folding import MOMENT_TYPES, Folder, type_of
from passgate.languages.sql.tree import Node, items, unwrap, words

_NOW_FUNCTIONS = frozenset({"now", "transaction_timestamp", "statement_timestamp", "clock_timestamp"})
_NOW_VALUES = ("SVFOP_CURRENT_DATE", "SVFOP_CURRENT_TIMESTAMP", "SVFOP_LOCALTIMESTAMP")
_SPECIAL = {
    "now": 0.0,
    "today": 0.0,
    "tomorrow": 1.0,
    "yesterday": -1.0,
    "infinity": float("inf"),
    "-infinity": float("-inf"),
}
_ISO = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.]+(?:\s*(?:Z|[+-]\d{1,2}(?::?\d{2})?))?)?\s*", re.IGNORECASE
)

_UNIT_DAYS = {
    "microsecond": 1 / 86_400_000_000, "us": 1 / 86_400_000_000, "millisecond": 1 / 86_400_000, "ms": 1 / 86_400_000,
    "second": 1 / 86400, "sec": 1 / 86400, "s": 1 / 86400, "minute": 1 / 1440, "min": 1 / 1440, "m": 1 / 1440,
    "hour": 1 / 24, "hr": 1 / 24, "h": 1 / 24, "day": 1.0, "d": 1.0, "week": 7.0, "w": 7.0, "month": 30.0, "mon": 30.0,
    "year": 365.25, "yr": 365.25, "y": 365.25, "decade": 3652.5, "century": 36525.0, "centurie": 36525.0,
    "millennium": 365250.0, "millennia": 365250.0,
}  # fmt: skip
_QUANTITY = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]+?)(?:s)?(?=[\s\d+-]|$)", re.IGNORECASE)
_FIELD_DAYS = {2: 30.0, 4: 365.25, 8: 1.0, 1024: 1 / 24, 2048: 1 / 1440, 4096: 1 / 86400}
"""``interval '1' DAY``: bits of the type modifier (PostgreSQL source, ``utils/timestamp.h``)."""


def days_from_now(node: Node | None, folder: Folder) -> float | None:
    """Days from now of a constant point in time; negative is past, infinite for ``infinity``; None if it cannot be told."""
    if not node:
        return None
    tag, body = unwrap(node)
    if tag == "SQLValueFunction":
        return 0.0 if body.get("op", "").startswith(_NOW_VALUES) else None
    if tag == "FuncCall":
        name = words(body.get("funcname"))
        return 0.0 if name[-1] in _NOW_FUNCTIONS and name[:-1] in ((), ("pg_catalog",)) else None
    if tag == "TypeCast" and type_of(body) in MOMENT_TYPES:
        return days_from_now(body.get("arg"), folder)
    if tag == "A_Expr" and words(body.get("name")) in (("+",), ("-",)) and "lexpr" in body:
        start = days_from_now(body["lexpr"], folder)
        step = _step(body.get("rexpr"), folder)
        if start is None or step is None:
            return None
        return start + step if words(body.get("name")) == ("+",) else start - step
    if tag in ("A_Const", "ParamRef"):
        found = folder.value(node)
        return _text_days(found.value) if found is not None and isinstance(found.value, str) else None
    return None


def _text_days(text: str) -> float | None:
    special = _SPECIAL.get(text.strip().lower())
    if special is not None:
        return special
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return float((day - datetime.now(UTC).date()).days)


def _step(node: Node | None, folder: Folder) -> float | None:
    """Days of an interval, or of a whole number added to a date."""
    if not node:
        return None
    tag, body = unwrap(node)
    if tag == "TypeCast" and words(body.get("typeName", {}).get("names"))[-1:] == ("interval",):
        found = folder.value(body.get("arg"))
        if found is None or not isinstance(found.value, str):
            return None
        return _interval_days(found.value, [unwrap(item)[1] for item in items(body["typeName"].get("typmods"))])
    if tag == "A_Expr" and words(body.get("name")) == ("*",):
        sides = (body.get("lexpr"), body.get("rexpr"))
        for factor, interval in (sides, sides[::-1]):
            number, days = folder.number(factor), _step(interval, folder)
            if number is not None and days is not None:
                return float(number) * days
        return None
    number = folder.number(node)
    return None if number is None else float(number)


def _interval_days(text: str, typmods: list[Node]) -> float | None:
    field = typmods[0].get("ival", {}).get("ival") if typmods else None
    if field in _FIELD_DAYS:
        try:
            return float(text) * _FIELD_DAYS[field]
        except ValueError:
            return None
    sign = 1.0
    text = text.strip().lower()
    if text.endswith("ago"):
        sign, text = -1.0, text[:-3].rstrip()
    total, at = 0.0, 0
    while at < len(text):
        match = _QUANTITY.match(text, at)
        if match is None or match[2] not in _UNIT_DAYS:
            return None
        total += float(match[1]) * _UNIT_DAYS[match[2]]
        at = match.end()
    return sign * total if text else None
