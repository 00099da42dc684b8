"""``passgate remote``: what is said before anything is sent. The commands themselves: tests/drivers/control."""

import pytest
from typer.testing import CliRunner

from passgate.cli.main import build
from passgate.core.errors import ConfigError, LockError


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["remote", "whoami"], ConfigError, "Say which gate"),
        (["remote", "--gate", "http://gate.example.com", "whoami"], ConfigError, "https address"),
        (["remote", "--gate", "https://g", "vote", "x"], ConfigError, "either --approve or --deny"),
        (["remote", "--gate", "https://g", "vote", "x", "--approve", "--deny"], ConfigError, "either"),
        (["remote", "--gate", "https://g", "lock", "agent", "x", "--reason", "y", "--for", "x"], LockError, "--for"),
    ],
)
def test_what_is_refused(words: list[str], error: type[Exception], said: str) -> None:
    result = CliRunner().invoke(build(words), words, env={"PASSGATE_GATE": "", "PASSGATE_TOKEN": "a.b.c"})
    assert isinstance(result.exception, error)
    assert said in str(result.exception)
