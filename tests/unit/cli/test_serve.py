"""``passgate serve`` hands over to the composition root, or starts nothing."""

from pathlib import Path

import pytest

from passgate import app
from passgate.config.settings import Settings
from tests.unit.cli.conftest import Passgate


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, int]]:
    calls: list[tuple[Settings, int]] = []
    monkeypatch.setattr(app, "serve", lambda settings, *, workers: calls.append((settings, workers)), raising=False)
    return calls


def test_it_starts_what_the_configuration_says(
    passgate: Passgate, folder: Path, started: list[tuple[Settings, int]]
) -> None:
    assert passgate("serve").code == 0
    assert passgate("serve", "--workers", "4", "--state", "other").code == 0
    assert [(settings.state, workers) for settings, workers in started] == [
        (folder / "state", 1),
        (folder / "other", 4),
    ]


def test_a_configuration_with_a_problem_starts_nothing(
    passgate: Passgate, folder: Path, started: list[tuple[Settings, int]]
) -> None:
    (folder / "passgate.yaml").write_text("state: [\n")
    assert passgate("serve").code == 2
    assert passgate("serve", "--workers", "0").code == 2
    assert started == []
