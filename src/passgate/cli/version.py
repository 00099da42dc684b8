"""``passgate version``: what is installed, and which twin of each compiled module runs."""

import platform
import sqlite3
import ssl
from importlib import metadata
from typing import Annotated

import typer

import passgate
from passgate.cli.output import say
from passgate.implementation import COMPILED, twin, wanted


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
    for module in COMPILED:
        say(f"  {module:<48}{twin(module)}")


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
