"""Both twins of a hot module, the compiled one where it was built, so that the same tests run on each."""

import importlib
import importlib.util
from types import ModuleType


def twins(source: str) -> list[ModuleType]:
    """``source``: the interpreted module's full name."""
    name = source.rpartition(".")[2]
    found = [importlib.import_module(source)]
    if importlib.util.find_spec("passgate_native") is not None and importlib.util.find_spec(f"passgate_native.{name}"):
        found.append(importlib.import_module(f"passgate_native.{name}"))
    return found


def name_of(module: ModuleType) -> str:
    return module.__name__.partition(".")[0]
