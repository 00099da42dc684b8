"""Filters (RFC 7644, section 3.4.2.2) and paths of PATCH (section 3.5.2), as far as directories use them: ``eq`` and ``and``."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from passgate.codecs.scim.problem import ScimError, invalid_filter, invalid_path

MAX_LENGTH = 2000
_MAX_CONDITIONS = 10

_NAME = r"[A-Za-z][\w$-]{0,100}"
_CONDITION = re.compile(
    rf"""\s*(?P<name>(?:urn:[\w.:-]{{1,200}}:)?{_NAME}(?:\.{_NAME})?)\s+(?P<op>[A-Za-z]{{2}})\s+"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|true|false|null|-?[0-9]{1,15})\s*""",
    re.ASCII | re.IGNORECASE,
)
_AND = re.compile(r"and\s+", re.IGNORECASE)
_PATH = re.compile(
    rf"(?P<name>{_NAME})(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>{_NAME}))?", re.ASCII | re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``name`` equals ``value``. ``name`` as it was written, perhaps with a dot or a schema's name in front."""

    name: str
    value: str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """``emails[type eq "work"].value``: attribute, conditions, sub-attribute. ``sub`` empty: none."""

    name: str
    conditions: tuple[Condition, ...] = ()
    sub: str = ""


def read_filter(text: str) -> tuple[Condition, ...]:
    """All of them must hold. Raises ScimError."""
    return _conditions(text, invalid_filter)


def read_path(text: str) -> Path:
    """Without a schema's name in front. Raises ScimError."""
    found = _PATH.fullmatch(text.strip()) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise invalid_path(f'{text[:60]!r} is no path: write attribute, attribute.sub or attribute[sub eq "value"].sub')
    within = found["filter"]
    conditions = () if within is None else _conditions(within, invalid_path)
    return Path(name=found["name"], conditions=conditions, sub=found["sub"] or "")


def _conditions(text: str, wrong: Callable[[str], ScimError]) -> tuple[Condition, ...]:
    if len(text) > MAX_LENGTH:
        raise wrong(f"a filter has at most {MAX_LENGTH} characters")
    conditions: list[Condition] = []
    at = 0
    while True:
        found = _CONDITION.match(text, at)
        if found is None:
            raise wrong('a filter here is: attribute eq "value", several joined by and')
        if found["op"].lower() != "eq":
            raise wrong(f"the operator {found['op']} is not supported: use eq")
        conditions.append(Condition(name=found["name"], value=_value(found["value"], wrong)))
        at = found.end()
        if at == len(text):
            return tuple(conditions)
        joined = _AND.match(text, at)
        if joined is None or len(conditions) == _MAX_CONDITIONS:
            raise wrong(f"conditions are joined by and, {_MAX_CONDITIONS} at most")
        at = joined.end()


def _value(text: str, wrong: Callable[[str], ScimError]) -> str | int | bool | None:
    try:
        value: str | int | bool | None = json.loads(text if text.startswith('"') else text.lower())
        str(value).encode()  # half a surrogate pair is no text, and no store takes it
    except ValueError as error:
        raise wrong("a value of the filter is not written as in JSON") from error
    return value
