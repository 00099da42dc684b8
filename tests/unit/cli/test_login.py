"""``passgate login`` as it is typed."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Passgate
from tests.unit.cli.provider import World


def words(world: World, *more: str) -> list[str]:
    return ["login", "--gate", world.url + "/", "--resource", "shop", "--purpose", "a look", *more]


def test_a_browser_opens_and_a_pass_comes_out(passgate: Passgate, world: World) -> None:
    done = passgate(*words(world, "--verbs", "read,write", "--ttl", "10m", "--ticket", "T", "--agent", "a"))
    assert done.code == 0, done.err
    assert "principal  human:ada" in done.out
    assert "key        pg_1.pgs_1" in done.out
    assert "A browser opens" in done.err
    assert "shown this once" in done.err
    form = world.exchanged[0]
    assert (form["scope"], form["ttl"], form["ticket"], form["agent"]) == (["read write"], ["600"], ["T"], ["a"])


def test_a_key_in_a_file_is_nowhere_else(passgate: Passgate, world: World, tmp_path: Path) -> None:
    path = tmp_path / "key"
    done = passgate(*words(world, "--json", "--key-file", str(path)))
    assert done.code == 0, done.err
    assert path.read_text() == "pg_1.pgs_1\n"
    assert "pgs_1" not in done.out + done.err
    assert json.loads(done.out)["key_file"] == str(path)
    again = passgate(*words(world, "--key-file", str(path)))
    assert again.code == 2
    assert "cannot be made" in again.err
    assert len(world.exchanged) == 1  # nobody was asked to sign in, and no pass was issued whose key is lost


def test_the_gate_is_an_address_of_a_gate(passgate: Passgate) -> None:
    for gate in ("gate.example.com:8443", "http://gate.example.com", "https://gate.example.com/oauth"):
        result = passgate("login", "--gate", gate, "--resource", "shop", "--purpose", "x")
        assert (result.code, result.out) == (2, "")
        assert "--gate is an https address without a path" in result.err


def test_a_step_up_is_made_once(passgate: Passgate, world: World) -> None:
    refusal = {"error": "insufficient_user_authentication", "error_description": "stronger", "acr_values": "mfa"}
    world.refusals = [refusal]
    done = passgate(*words(world))
    assert done.code == 0, done.err
    assert "the gate says: stronger. Sign in once more." in done.err
    assert [asked.get("acr_values") for asked in world.asked] == [None, "mfa"]
    world.refusals = [refusal, refusal]
    done = passgate(*words(world))
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("passgate: the gate says: stronger\n")


def test_a_workloads_token_is_brought_as_it_is(passgate: Passgate, world: World, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("a.b.c\n")
    world.refusals = [{"error": "insufficient_user_authentication", "error_description": "stronger"}]
    refused = passgate(*words(world, "--token-file", str(path)))
    assert (refused.code, "once more" in refused.err) == (2, False)
    assert passgate(*words(world, "--token-file", str(path))).code == 0
    assert world.exchanged[-1]["subject_token"] == ["a.b.c"]
    assert world.asked == []
    path.write_bytes(b"\xff")
    assert "cannot be read" in passgate(*words(world, "--token-file", str(path))).err


def test_a_page_and_a_code_for_another_machine(passgate: Passgate, world: World) -> None:
    done = passgate(*words(world, "--device"))
    assert done.code == 0, done.err
    assert f"Open {world.url}/device and enter the code AB-CD." in done.err


def test_without_a_browser_the_device_flow_comes_first(
    passgate: Passgate, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passgate.cli.browser.has_browser", lambda: False)
    assert "enter the code" in passgate(*words(world)).err


def test_a_page_that_nobody_opens(passgate: Passgate, world: World) -> None:
    done = passgate(*words(world, "--no-browser", "--wait", "50ms"))
    assert (done.code, done.out) == (2, "")
    assert "in a browser on this machine" in done.err
    assert "nobody signed in within" in done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--device", "--no-browser"], "choose one"),
        (["--ttl", "soon"], "--ttl"),
        (["--wait", "5"], "--wait"),
    ],
)
def test_options_that_make_no_sense(passgate: Passgate, world: World, more: list[str], said: str) -> None:
    done = passgate(*words(world, *more))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert world.pages == []
