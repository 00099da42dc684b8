"""docs/reference/config.md is held to the model: no setting is missing, none is invented, every default is the one that counts."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from passgate.config.outline import fields, inner_models, setting_names
from passgate.config.quantities import parse_duration, parse_size
from passgate.config.settings import Settings

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "config.md"


def documented() -> dict[str, str]:
    """Setting -> what the default column says."""
    rows = re.findall(r"^\| `([^`]+)` \|[^|]+\| ([^|]+) \|", REFERENCE.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a setting is documented twice"
    return dict(rows)


def defaults(models: Sequence[type[BaseModel]] = (Settings,), prefix: str = "") -> dict[str, list[object]]:
    """Setting -> its defaults, one for each kind that has another; ``...`` where it is required."""
    found: dict[str, list[object]] = {}
    for model in models:
        for key, field in model.model_fields.items():
            default = ... if field.is_required() else field.get_default(call_default_factory=True)
            known = found.setdefault(prefix + key, [])
            if not any(default == one or isinstance(one, BaseModel) for one in known):
                known.append(default)
    for key, annotations in fields(models).items():
        inner, marker = inner_models(annotations)
        if inner:
            found |= defaults(inner, f"{prefix}{key}{marker}.")
    return found


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert sorted(documented()) == sorted(setting_names())


@pytest.mark.parametrize("name", setting_names())
def test_its_default_is_the_one_that_counts(name: str) -> None:
    known, said = defaults()[name], documented()[name]
    cells = said.split(", ") if len(known) > 1 else [said]
    for cell, default in zip(cells, known, strict=True):
        assert says(cell.strip("`"), default)


def says(said: str, default: object) -> bool:
    match default:
        case timedelta():
            return parse_duration(said) == default
        case BaseModel():
            return said in ("see below", "auto")
        case bool():
            return said == str(default).lower()
        case int():
            return (int(said) if said.isdecimal() else parse_size(said)) == default
        case str():
            return said == default
        case tuple():
            return said == f"[{', '.join(default)}]"
        case _:
            return said == ("required" if default is ... else "none") and default in (..., None, {})


def test_the_check_would_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = REFERENCE.read_text()
    changed = tmp_path / "config.md"
    changed.write_text(text.replace("`limits.max_message`", "`limits.max_massage`").replace("| `30m` |", "| `31m` |"))
    monkeypatch.setitem(globals(), "REFERENCE", changed)
    with pytest.raises(AssertionError):
        test_every_setting_is_documented_and_nothing_else()
    with pytest.raises(AssertionError):
        test_its_default_is_the_one_that_counts("passes.default_ttl")
