"""Agents' public keys as they are configured."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from passgate.config.identity import Agent
from passgate.core.errors import ConfigError
from passgate.wiring.agent_keys import keyed_agents

KEY = ECKey.generate_key("P-256", {"kid": "a1"}, private=True)
PUBLIC = KEY.as_dict(private=False)
COMMON = {"purpose": "p", "resources": ("docs",), "until": "2027-06-30"}


def agent(**more: object) -> Agent:
    return Agent.model_validate({**COMMON, **more})


def in_file(folder: Path, content: object) -> Agent:
    path = folder / "keys.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return agent(owner="ada@example.com", keys=str(path))


def test_a_key_right_here_or_in_a_file(tmp_path: Path) -> None:
    here = agent(owner="ada@example.com", jwk=PUBLIC)
    found = keyed_agents({"here": here, "there": in_file(tmp_path, {"keys": [PUBLIC]}), "neither": agent()})
    assert set(found) == {"here", "there"}
    for name, one in found.items():
        assert (one.name, one.owner) == (name, "ada@example.com")
        assert [key.thumbprint() for key in one.keys] == [KEY.thumbprint()]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "can be read"),
        ([], "can be read"),
        ({"keys": "x"}, "can be read"),
        ({"keys": [{"kty": "EC", "crv": "P-256"}]}, "can be read"),
        ({"keys": []}, "can be read"),
        ({"keys": [{**PUBLIC, "use": "enc"}]}, "can be read"),
        ({"keys": [KEY.as_dict(private=True)]}, "private key"),
    ],
)
def test_keys_that_are_none(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        keyed_agents({"there": in_file(tmp_path, content)})


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    there = in_file(tmp_path, {"keys": [PUBLIC]})
    (tmp_path / "keys.json").unlink()
    with pytest.raises(ConfigError):
        keyed_agents({"there": there})
