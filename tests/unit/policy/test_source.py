import os
from pathlib import Path

import pytest

from passgate.policy.problems import BundleError
from passgate.policy.source import BundleSource

GOOD = "rules:\n- {id: all, when: 'true', then: allow}\n"
OTHER = "rules:\n- {id: none, when: 'true', then: deny}\n"


def write(path: Path, text: str) -> None:
    """As an editor does: another file takes the name, so that inode and time differ."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def test_a_good_change_comes_into_force(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    write(path, GOOD)
    source = BundleSource((path,))
    first = source.current
    assert not source.changed()
    write(path, OTHER)
    assert source.changed()
    found = source.reload()
    assert found.activated
    assert not found.problems
    assert source.current is not first
    assert source.current.version == found.version == source.bundle.version
    assert not source.changed()


@pytest.mark.parametrize("text", ["rules:\n- {id: all, when: 'tru', then: allow}\n", "", "rules: []", "\0"])
def test_a_bad_change_leaves_the_old_bundle_in_force(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    write(path, GOOD)
    source = BundleSource((path,))
    first = source.current
    write(path, text)
    found = source.reload()
    assert not found.activated
    assert found.problems
    assert source.current is first
    assert found.version == first.version
    assert not source.changed(), "what was read and refused is not read again until it changes"
    write(path, OTHER)
    assert source.changed()
    assert source.reload().activated


def test_a_file_that_goes_away_leaves_the_old_bundle_in_force(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    write(path, GOOD)
    source = BundleSource((path,))
    path.unlink()
    assert source.changed()
    assert source.reload().problems
    assert source.current.rules[0].id == "all"


def test_a_change_of_spacing_is_no_other_policy(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    write(path, GOOD)
    source = BundleSource((path,), ("postgres-safe",))
    first = source.current
    write(path, f"# a word\n{GOOD}")
    found = source.reload()
    assert (found.activated, found.problems) == (False, ())
    assert source.current is first


def test_without_a_first_bundle_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        BundleSource((tmp_path / "gone.yaml",))
