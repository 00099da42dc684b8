"""Builds the compiled twins of the modules in COMPILED where a C compiler is there; without one their sources run.

mypyc compiles them in place: each library lies beside its source, so both twins have one source and one name.
``PASSGATE_NATIVE=0`` skips the build, ``=1`` makes a failure an error.
"""

import os
import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, "src")
from passgate.implementation import COMPILED

SOURCES = tuple(f"src/{name.replace('.', '/')}.py" for name in COMPILED)


class OptionalBuildExt(build_ext):
    """A failed compile leaves a working, slower package, unless the compiled one was asked for by name."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            if os.environ.get("PASSGATE_NATIVE") == "1":
                raise
            sys.stderr.write(f"passgate: compiled modules were not built ({error}); their sources will run\n")
            remove_compiled()


def remove_compiled() -> None:
    """Some of them without the others would not import, and old ones would not be what the sources say."""
    for library in Path("src").rglob("*.so"):
        library.unlink()


def native_modules() -> list[object]:
    if os.environ.get("PASSGATE_NATIVE") == "0":
        return []
    if shutil.which("cc") is None and os.environ.get("PASSGATE_NATIVE") != "1":
        return []
    from mypyc.build import mypycify

    return list(mypycify(["--strict", *SOURCES], opt_level="2", group_name="passgate"))


setup(ext_modules=native_modules(), cmdclass={"build_ext": OptionalBuildExt})
