"""``passgate version``."""

import importlib.util
from importlib import metadata

import pytest

import passgate as package
from passgate.cli.version import hot_modules
from tests.unit.cli.conftest import Passgate


def test_the_version_alone(passgate: Passgate) -> None:
    assert passgate("version").out == f"passgate {package.__version__}\n"


def test_every_hot_module_is_named_with_the_twin_in_use(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSGATE_IMPL", "python")
    out = passgate("version", "--verbose").out
    assert "implementation  python\n" in out
    modules = list(hot_modules())
    assert "passgate.codecs.postgres.hot._framing" in modules
    for module in modules:
        assert importlib.util.find_spec(module) is not None
        assert next(line for line in out.splitlines() if module in line).endswith("python")


def test_a_compiled_twin_is_told_apart(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    built = {"passgate_native", "passgate_native._framing"}
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: name in built or (None if name.startswith("passgate_native.") else real(name)),
    )
    out = passgate("version", "-v").out
    twins = {line.split()[0]: line.split()[1] for line in out.splitlines() if ".hot._" in line}
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
