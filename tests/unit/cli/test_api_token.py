"""Where a token for the control API is looked for."""

from pathlib import Path

import pytest

from passgate.cli.api_token import api_token, keep_api_token, token_file
from passgate.core.errors import SignInError

GATE = "https://gate.example.com"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "api-token.json"
    path.touch(mode=0o600)
    path.write_text('{"https://gate.example.com": "a.b.c"}')
    return path


def test_the_environment_comes_first(kept: Path) -> None:
    assert api_token(GATE, environment={"PASSGATE_TOKEN": "d.e.f\n"}, path=kept) == "d.e.f"
    assert api_token(GATE, environment={}, path=kept) == "a.b.c"


def test_the_file_is_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert token_file() == tmp_path / "passgate" / "api-token.json"
    with pytest.raises(SignInError, match=r"`passgate remote --gate https://\S+ login`, or set PASSGATE_TOKEN"):
        api_token(GATE, environment={})


def test_a_token_is_for_its_gate_only(kept: Path) -> None:
    with pytest.raises(SignInError, match=r"no token for https://other\.example\.com"):
        api_token("https://other.example.com", environment={}, path=kept)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_not_used(kept: Path, mode: int) -> None:
    kept.chmod(mode)
    with pytest.raises(SignInError, match="chmod 600"):
        api_token(GATE, environment={}, path=kept)


@pytest.mark.parametrize("text", ["a.b.c", "[]", ""])
def test_a_file_that_is_none_of_ours(kept: Path, text: str) -> None:
    kept.write_text(text)
    with pytest.raises(SignInError, match="not what a sign-in leaves"):
        api_token(GATE, environment={}, path=kept)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SignInError, match="cannot be read"):
        api_token(GATE, environment={}, path=tmp_path)


def test_a_token_is_kept_beside_those_of_other_gates(kept: Path) -> None:
    assert keep_api_token("https://other.example.com", "g.h.i", path=kept) == kept
    assert keep_api_token(GATE, "j.k.l", path=kept) == kept
    assert api_token("https://other.example.com", environment={}, path=kept) == "g.h.i"
    assert api_token(GATE, environment={}, path=kept) == "j.k.l"
    assert [one.name for one in kept.parent.iterdir()] == [kept.name]


def test_a_folder_that_cannot_be_made() -> None:
    with pytest.raises(SignInError, match="cannot be kept"):
        keep_api_token(GATE, "a.b.c", path=Path("/proc/nowhere/api-token.json"))
