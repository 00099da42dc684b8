"""``passgate version``: what is installed, and which twin of each compiled module runs."""

import platform
import sqlite3
import ssl
from importlib import metadata
from typing import Annotated

import typer

import passgate
from passgate.cli.options import JsonOption
from passgate.cli.output import say, say_json
from passgate.implementation import COMPILED, twin, wanted


def version(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also what it runs on, and how.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the version."""
    about = _about() if verbose else {}
    modules = {module: twin(module) for module in COMPILED} if verbose else {}
    if as_json:
        say_json({"version": passgate.__version__, **about, **({"modules": modules} if verbose else {})})
        return
    say(f"passgate {passgate.__version__}")
    for name, value in about.items():
        say(f"{name:<16}{value}")
    for module, in_use in modules.items():
        say(f"  {module:<48}{in_use}")


def _about() -> dict[str, str]:
    return {
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "uvloop": _installed("uvloop"),
        "vectorscan": _installed("hyperscan"),
        "implementation": wanted(),
    }


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
