"""Both twins of a hot module, the compiled one where it was built, so that the same tests run on each."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from passgate.implementation import twin


def twins(source: str) -> list[ModuleType]:
    """``source``: the module's full name."""
    found = importlib.import_module(source)
    if twin(source) == "python":
        return [found]
    beside = Path(found.__file__ or "").with_name(source.rpartition(".")[2] + ".py")
    spec = importlib.util.spec_from_file_location(f"{source}_interpreted", beside)
    assert spec is not None
    assert spec.loader is not None
    interpreted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(interpreted)
    return [interpreted, found]


def name_of(module: ModuleType) -> str:
    return "python" if (module.__file__ or "").endswith(".py") else "native"
