"""What ``serve`` says before it listens."""

import logging
from pathlib import Path

import pytest

from passgate import app


def test_compiling_the_detectors_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Seconds without a word look like a gate that hangs; where nothing is compiled nothing is said."""
    compiled = False

    def compile_(*_words: object, **_more: object) -> None:
        nonlocal compiled
        compiled = True

    monkeypatch.setattr(app, "is_compiled", lambda _cache: compiled)
    monkeypatch.setattr("passgate.app.subprocess.run", compile_)
    with caplog.at_level(logging.INFO, logger="passgate"):
        app._compile_rules(tmp_path)
        app._compile_rules(tmp_path)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "some seconds, this once" in said
    assert str(tmp_path) in said


def test_what_cannot_be_kept_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "is_compiled", lambda _cache: False)
    monkeypatch.setattr("passgate.app.subprocess.run", lambda *_words, **_more: None)
    with caplog.at_level(logging.INFO, logger="passgate"):
        app._compile_rules(tmp_path)
    assert "every start compiles them anew" in caplog.records[-1].getMessage()
