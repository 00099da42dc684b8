"""Builds the compiled twins of the hot modules where a C compiler is there; without one the interpreted twins run.

Every ``_hot.py`` listed in HOT is copied to ``src/passgate_native/`` and compiled there by mypyc, so both twins have one source.
``PASSGATE_NATIVE=0`` skips the build, ``=1`` makes a failure an error.
"""

import os
import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

HOT: tuple[str, ...] = tuple(
    sorted(str(path) for path in Path("src/passgate").rglob("hot/_*.py") if path.name != "__init__.py")
)


class OptionalBuildExt(build_ext):
    """A failed compile leaves a working, slower package, unless the compiled one was asked for by name."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            if os.environ.get("PASSGATE_NATIVE") == "1":
                raise
            sys.stderr.write(f"passgate: compiled modules were not built ({error}); the interpreted ones will run\n")
            shutil.rmtree("src/passgate_native", ignore_errors=True)


def native_modules() -> list[object]:
    if os.environ.get("PASSGATE_NATIVE") == "0" or not HOT:
        return []
    if shutil.which("cc") is None and os.environ.get("PASSGATE_NATIVE") != "1":
        return []
    from mypyc.build import mypycify

    target = Path("src/passgate_native")
    target.mkdir(exist_ok=True)
    (target / "__init__.py").write_text(
        '"""Compiled copies of passgate\'s hot modules; generated, not kept in git."""\n'
    )
    copies = []
    for source in HOT:
        copy = target / Path(source).name
        shutil.copyfile(source, copy)
        copies.append(str(copy))
    return list(mypycify(["--strict", *copies], opt_level="3", group_name="passgate_native"))


setup(ext_modules=native_modules(), cmdclass={"build_ext": OptionalBuildExt})
