"""Which twin of a hot module is in use: compiled (``passgate_native``) or interpreted (the same source).

``PASSGATE_IMPL=python`` or ``native`` selects; unset takes the compiled one where it was built.
A hot module's source is ``hot/_name.py`` somewhere in this package. It imports the standard library and ``librt`` only, so that the
build can compile a copy of it as ``passgate_native._name``.
"""

import importlib
import importlib.util
import os
from types import ModuleType

from passgate.core.errors import ConfigError

_PACKAGE = "passgate_native"


def wanted() -> str:
    """``python`` or ``native``. Raises ConfigError if ``PASSGATE_IMPL`` names something else or what was not built."""
    choice = os.environ.get("PASSGATE_IMPL", "")
    built = importlib.util.find_spec(_PACKAGE) is not None
    if choice not in ("", "python", "native"):
        raise ConfigError(f"PASSGATE_IMPL={choice!r} is not known: use python or native")
    if choice == "native" and not built:
        raise ConfigError("PASSGATE_IMPL=native, but the compiled modules were not built: run `make native`")
    return choice or ("native" if built else "python")


def load(source: str) -> ModuleType:
    """Import the twin in use of the hot module whose interpreted source is the module ``source``."""
    if wanted() == "native":
        return importlib.import_module(f"{_PACKAGE}.{source.rpartition('.')[2]}")
    return importlib.import_module(source)
