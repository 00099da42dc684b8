"""A key that is made once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passgate.core.errors import ConfigError
from passgate.wiring.key_file import key_file


def test_whoever_comes_first_makes_it_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "x.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: key_file(path, 32), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_others_may_read_or_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.key"
    key_file(path, 32)
    with pytest.raises(ConfigError, match="must have 16"):
        key_file(path, 16)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        key_file(path, 32)
    with pytest.raises(ConfigError, match="cannot be had"):
        key_file(tmp_path / "nowhere" / "x.key", 32)
