"""docs/reference/config.md is held to the model: no setting is missing, none is invented, every default is the one that counts."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from passgate.config.outline import inner_model, setting_names
from passgate.config.quantities import parse_duration, parse_size
from passgate.config.settings import Settings

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "config.md"


def documented() -> dict[str, str]:
    """Setting -> what the default column says."""
    rows = re.findall(r"^\| `([^`]+)` \|[^|]+\| ([^|]+) \|", REFERENCE.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a setting is documented twice"
    return dict(rows)


def defaults(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, object]:
    """Setting -> its default; ``...`` where it is required."""
    found: dict[str, object] = {}
    for key, field in model.model_fields.items():
        found[prefix + key] = ... if field.is_required() else field.get_default(call_default_factory=True)
        inner, marker = inner_model(field.annotation)
        if inner is not None:
            found |= defaults(inner, f"{prefix}{key}{marker}.")
    return found


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert sorted(documented()) == sorted(setting_names())


@pytest.mark.parametrize("name", setting_names())
def test_its_default_is_the_one_that_counts(name: str) -> None:
    said, default = documented()[name].strip("`"), defaults()[name]
    match default:
        case timedelta():
            assert parse_duration(said) == default
        case BaseModel():
            assert said in ("see below", "auto")
        case bool():
            assert said == str(default).lower()
        case int() if said.isdecimal():
            assert int(said) == default
        case int():
            assert parse_size(said) == default
        case str():
            assert said == default
        case tuple():
            assert said == f"[{', '.join(default)}]"
        case _:
            assert said == ("required" if default is ... else "none")
            assert default in (..., None, {})


def test_the_check_would_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = REFERENCE.read_text()
    changed = tmp_path / "config.md"
    changed.write_text(text.replace("`limits.max_message`", "`limits.max_massage`").replace("| `30m` |", "| `31m` |"))
    monkeypatch.setitem(globals(), "REFERENCE", changed)
    with pytest.raises(AssertionError):
        test_every_setting_is_documented_and_nothing_else()
    with pytest.raises(AssertionError):
        test_its_default_is_the_one_that_counts("passes.default_ttl")
