"""The folder that everything is kept in."""

import stat
from pathlib import Path

import pytest

from passgate.config.state_folder import StateFolder
from passgate.core.errors import ConfigError


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = StateFolder(path=tmp_path / "deep" / "state")
    folder.create()
    folder.create()
    for made in (folder.path, folder.run, folder.tls, folder.ledger, folder.cache):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_every_place_lies_inside(tmp_path: Path) -> None:
    folder = StateFolder(path=tmp_path)
    places = {
        folder.database,
        folder.ca_certificate,
        folder.ca_key,
        folder.server_certificate,
        folder.server_key,
        folder.socket("gate", 0),
        folder.socket("gate", 1),
    }
    assert len(places) == 7
    assert all(place.is_relative_to(tmp_path) for place in places)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "state"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(ConfigError, match=r"Others may write to .*chmod 700"):
        StateFolder(path=path).create()


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="cannot be made: "):
        StateFolder(path=tmp_path / "state").create()
