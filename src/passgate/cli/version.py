"""``passgate version``: what is installed, and which twin of each hot module runs."""

import importlib.util
import platform
import sqlite3
import ssl
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

import passgate
from passgate.cli.output import say
from passgate.implementation import wanted


def version(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also what it runs on, and how.")] = False,
) -> None:
    """Print the version."""
    say(f"passgate {passgate.__version__}")
    if not verbose:
        return
    in_use = wanted()
    say(f"python          {platform.python_version()} ({platform.python_implementation()})")
    say(f"system          {platform.system()} {platform.machine()}")
    say(f"sqlite          {sqlite3.sqlite_version}")
    say(f"openssl         {ssl.OPENSSL_VERSION}")
    say(f"uvloop          {_installed('uvloop')}")
    say(f"vectorscan      {_installed('hyperscan')}")
    say(f"implementation  {in_use}")
    for module in hot_modules():
        name = module.rpartition(".")[2]
        built = in_use == "native" and importlib.util.find_spec(f"passgate_native.{name}") is not None
        say(f"  {module:<48}{'native' if built else 'python'}")


def hot_modules() -> Iterator[str]:
    """The interpreted sources that have, or could have, a compiled twin."""
    root = Path(passgate.__file__).parent
    for source in sorted(root.rglob("hot/_*.py")):
        if source.name != "__init__.py":
            yield ".".join(("passgate", *source.relative_to(root).with_suffix("").parts))


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
