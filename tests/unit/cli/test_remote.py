"""``passgate remote``: what is said before anything is sent. The commands themselves: tests/drivers/control."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from passgate.cli.main import build
from passgate.core.errors import ConfigError, LockError
from tests.unit.cli.conftest import Passgate
from tests.unit.cli.provider import World


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["remote", "whoami"], ConfigError, "Say which gate"),
        (["remote", "--gate", "http://gate.example.com", "whoami"], ConfigError, "https address"),
        (["remote", "--gate", "https://g", "vote", "x"], ConfigError, "either --approve or --deny"),
        (["remote", "--gate", "https://g", "vote", "x", "--approve", "--deny"], ConfigError, "either"),
        (["remote", "--gate", "https://g", "lock", "agent", "x", "--reason", "y", "--for", "x"], ConfigError, "--for"),
        (
            ["remote", "--gate", "https://g", "lock", "agent", "x", "--reason", "y", "--for", "9ms"],
            LockError,
            "a second",
        ),
    ],
)
def test_what_is_refused(words: list[str], error: type[Exception], said: str) -> None:
    result = CliRunner().invoke(build(words), words, env={"PASSGATE_GATE": "", "PASSGATE_TOKEN": "a.b.c"})
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_signing_in_leaves_a_token_that_is_not_shown(
    passgate: Passgate, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    kept = tmp_path / "passgate" / "api-token.json"
    done = passgate("remote", "--gate", world.url + "/", "login", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["file"] == str(kept)
    assert "pg_1.pgs_1" not in done.out + done.err
    assert json.loads(kept.read_text()) == {world.url: "pg_1.pgs_1"}
    assert kept.stat().st_mode & 0o777 == 0o600
    form = world.exchanged[0]
    assert (form["resource"], form["requested_token_type"]) == (
        [f"{world.url}/api"],
        ["urn:ietf:params:oauth:token-type:access_token"],
    )
    assert "audience" not in form


def test_two_ways_to_sign_in_are_one_too_many(passgate: Passgate, world: World) -> None:
    done = passgate("remote", "--gate", world.url, "login", "--device", "--no-browser")
    assert (done.code, "choose one" in done.err) == (2, True)
