import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from passgate.core.errors import ConfigError
from passgate.implementation import COMPILED, SourcesOnly, twin, wanted


def test_an_unknown_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "fast")
    with pytest.raises(ConfigError, match="python or native"):
        wanted()


def test_python_can_always_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "python")
    assert wanted() == "python"


def test_native_must_have_been_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "native")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="make native"):
        wanted()


def test_unset_takes_what_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSGATE_IMPL", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert wanted() == "python"


def test_the_sources_are_found_where_libraries_lie_beside_them(tmp_path: Path) -> None:
    (tmp_path / "gate.py").touch()
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        (tmp_path / f"gate{suffix}").touch()
    found = SourcesOnly().find_spec("passgate.pipeline.gate", [str(tmp_path / "elsewhere"), str(tmp_path)])
    assert found is not None
    assert found.origin == str(tmp_path / "gate.py")


def test_what_is_never_compiled_is_left_to_pythons_own_finder(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    assert SourcesOnly().find_spec("passgate.app", [str(tmp_path)]) is None
    assert SourcesOnly().find_spec("passgate.pipeline.gate", [str(tmp_path)]) is None
    assert SourcesOnly().find_spec("passgate.pipeline.gate", None) is None


def test_python_runs_every_source_whether_or_not_it_was_compiled() -> None:
    script = (
        "import importlib, passgate.implementation as i\n"
        "for name in i.COMPILED: print(importlib.import_module(name).__file__, i.twin(name))"
    )
    out = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PASSGATE_IMPL": "python"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(out) == len(COMPILED)
    assert all(line.endswith(".py python") for line in out)


def test_no_module_is_compiled_without_the_others() -> None:
    assert len({twin(module) for module in COMPILED}) == 1


def test_a_gate_does_not_start_on_an_implementation_that_is_not_there(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "passgate", "init", "--dir", str(tmp_path)], capture_output=True, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "passgate", "serve", "--config", str(tmp_path / "passgate.yaml")],
        env={**os.environ, "PASSGATE_IMPL": "fast"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "passgate: PASSGATE_IMPL='fast' is not known: use python or native\n")
