"""One case a line of JSON: ``{"id": ..., "kind": "postgres", "text": ..., "expected": "deny", "params": [...]}``."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from passgate.core.decision import Outcome
from passgate.core.errors import PolicyError
from passgate.policy.cel import nearest


class Expected(StrEnum):
    """What a case says should come of it. ``mask``: allowed, with at least one value masked in what is shown."""

    ALLOW = "allow"
    MASK = "mask"
    APPROVE = "approve"
    DENY = "deny"


_SAME = {Outcome.HOLD.value: Expected.APPROVE.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``params``: bound values by position, None for NULL."""

    id: str
    kind: str
    text: str
    expected: Expected
    category: str = ""
    why: str = ""
    params: tuple[str | None, ...] = ()


def read_cases(text: str, name: str = "cases.jsonl") -> tuple[Case, ...]:
    """Raises PolicyError, with every line that is not a case."""
    cases: list[Case] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            case = _case(json.loads(line, object_pairs_hook=_single))
        except json.JSONDecodeError as error:
            problems.append(f"{name}:{number}: not JSON: {error.msg} at character {error.colno}")
        except (ValueError, RecursionError) as error:
            problems.append(f"{name}:{number}: {error}")
        else:
            cases.append(case)
    if problems:
        raise PolicyError("\n".join(problems))
    return tuple(cases)


def _single(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


_KEYS = ("id", "kind", "text", "expected", "category", "why", "params")
_ALIKE = 0.8
"""difflib's measure: ``parms`` is meant to be ``params``. Whoever writes cases may keep notes of their own in them."""


def _case(given: object) -> Case:
    if not isinstance(given, Mapping):
        raise ValueError("a case is a JSON object")  # noqa: TRY004 - told with its line, like every other slip
    for key in given:
        near = difflib.get_close_matches(str(key).lower(), _KEYS, n=1, cutoff=_ALIKE)
        if key not in _KEYS and near:
            raise ValueError(f"a case has no key {key!r} (did you mean {near[0]}?)")
    missing = [key for key in ("id", "kind", "text", "expected") if not isinstance(given.get(key), str)]
    if missing:
        raise ValueError(f"a case needs {', '.join(missing)} as text")
    word = str(_SAME.get(given["expected"], given["expected"]))
    if word not in list(Expected):
        remedy = nearest(word, list(Expected)) or f"use one of {', '.join(Expected)}"
        raise ValueError(f"expected cannot be {word!r} ({remedy})")
    params = given.get("params", ())
    if isinstance(params, str) or not isinstance(params, Sequence):
        raise ValueError("params must be a list")  # noqa: TRY004 - as above
    return Case(
        id=given["id"],
        kind=given["kind"],
        text=given["text"],
        expected=Expected(word),
        category=str(given.get("category", "")),
        why=str(given.get("why", "")),
        params=tuple(None if value is None else str(value) for value in params),
    )
