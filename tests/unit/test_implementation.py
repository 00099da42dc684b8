import importlib.util

import pytest

from passgate.core.errors import ConfigError
from passgate.implementation import wanted


def test_an_unknown_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "fast")
    with pytest.raises(ConfigError, match="python or native"):
        wanted()


def test_python_can_always_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "python")
    assert wanted() == "python"


def test_native_must_have_been_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "native")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="make native"):
        wanted()


def test_unset_takes_what_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSGATE_IMPL", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert wanted() == "python"
