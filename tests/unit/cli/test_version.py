"""``passgate version``."""

import importlib.util
import json
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec

import pytest

import passgate as package
from passgate.implementation import COMPILED, twin
from tests.unit.cli.conftest import Passgate


def test_the_version_alone(passgate: Passgate) -> None:
    assert passgate("version").out == f"passgate {package.__version__}\n"


def test_every_compiled_module_is_named_with_the_twin_in_use(passgate: Passgate) -> None:
    out = passgate("version", "--verbose").out
    twins = {line.split()[0]: line.split()[1] for line in out.splitlines() if line.startswith("  passgate.")}
    assert twins == {module: twin(module) for module in COMPILED}
    assert "passgate.codecs.postgres.hot._framing" in twins


def test_json_for_programs(passgate: Passgate) -> None:
    assert json.loads(passgate("version", "--json").out) == {"version": package.__version__}
    told = json.loads(passgate("version", "-v", "--json").out)
    assert (told["modules"], told["implementation"]) == (
        {module: twin(module) for module in COMPILED},
        told["implementation"],
    )


def test_a_compiled_twin_is_told_apart(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        if name == "passgate__mypyc":
            return ModuleSpec(name, None)
        if name in COMPILED:
            suffix = EXTENSION_SUFFIXES[0] if name.endswith("_framing") else ".py"
            return ModuleSpec(name, None, origin=f"/{name}{suffix}")
        return real(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    out = passgate("version", "-v").out
    assert "implementation  native\n" in out
    twins = {line.split()[0]: line.split()[1] for line in out.splitlines() if line.startswith("  passgate.")}
    assert twins.pop("passgate.codecs.postgres.hot._framing") == "native"
    assert set(twins.values()) == {"python"}


def test_a_library_that_is_missing(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "hyperscan":
            raise metadata.PackageNotFoundError
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    assert "vectorscan      not installed\n" in passgate("version", "-v").out


def test_an_implementation_that_is_not_known(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "rust")
    result = passgate("version", "-v")
    assert (result.code, result.err) == (2, "passgate: PASSGATE_IMPL='rust' is not known: use python or native\n")
