"""`make test`: the whole suite on the sources, and beside it every test through which a compiled module can be reached on the
compiled ones. Both at once, where there are two cores; what the second says is told after the first.

Coverage can only be measured where Python interprets, so it is the first run's.

Arguments are handed to pytest (and then only one run is made). Exit status 0 only if every run passed and coverage holds.
With PASSGATE_TEST_SEED, a number, tests come in one order and with one set of examples; without, in a new one each time.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

COVERED = (
    *("core", "codecs", "pipeline", "policy", "masking", "ledger"),
    *("approvals", "endpoints", "identity", "telemetry"),
)
"""Folders that must keep branch coverage at the floor or above."""

FLOOR = 95

SERVERS = ("tests/drivers", "tests/faults")
"""What waits most of the time: whole gates that start, servers that answer."""

TWINS = ("tests/unit", "tests/integration", "tests/drivers", "tests/conformance", "tests/faults", "tests/bypass")
"""What runs a second time with PASSGATE_IMPL=native: every test through which a compiled module can be reached."""

ONCE = (
    *("tests/unit/cli", "tests/unit/config", "tests/unit/languages"),
    *("tests/drivers/oidc", "tests/drivers/aws", "tests/drivers/control"),
    *(
        "tests/drivers/test_getting_started.py",
        "tests/drivers/test_leased_logins.py",
        "tests/drivers/test_encrypted_state.py",
    ),
)
"""Of those folders, what does not: it is about files, terminals, keys, other people's programs and a language whose modules are
interpreted but for one, which the bypass cases and the drivers reach; and it takes minutes."""


def run(command: list[str], **environment: str) -> int:
    print("+", *(f"{name}={value}" for name, value in environment.items()), *command, flush=True)
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def _pytest() -> tuple[str, ...]:
    seed = os.environ.get("PASSGATE_TEST_SEED")
    return ("pytest", "-q", *((f"--randomly-seed={seed}",) if seed else ()))


def measured(*, at_once: bool) -> bool:
    """The sources, with their coverage. ``at_once``: what waits for servers most of the time runs beside the rest."""
    for stale in Path().glob(".coverage*"):
        stale.unlink()
    test = [sys.executable, "-m", "coverage", "run", "-m", *_pytest()]
    if at_once:
        servers = [*test, "-o", "cache_dir=.pytest_cache/servers", *SERVERS]
        rest = [*test, *(f"--ignore={folder}" for folder in SERVERS)]
        with beside(servers, PASSGATE_IMPL="python") as ended:
            well = run(rest, PASSGATE_IMPL="python") == 0
            well = ended() and well
    else:
        well = run(test, PASSGATE_IMPL="python") == 0
    if not well:
        return False
    run([sys.executable, "-m", "coverage", "combine", "-q"])
    report = [sys.executable, "-m", "coverage", "report", "--skip-covered", f"--fail-under={FLOOR}"]
    floors = [run([*report, f"--include=src/passgate/{name}/*"]) for name in COVERED]
    return not any(floors)


@contextmanager
def beside(command: list[str], **environment: str) -> Iterator[Callable[[], bool]]:
    """``command`` runs meanwhile; the function that is given waits for it, tells what it said, and whether it went well."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=said, stderr=subprocess.STDOUT)

        def ended() -> bool:
            status = process.wait()
            print("+", *(f"{name}={value}" for name, value in environment.items()), *command, flush=True)
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout.buffer)
            sys.stdout.flush()
            return status == 0

        try:
            yield ended
        finally:
            process.terminate()
            process.wait()


def main(arguments: list[str]) -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of gates are started, each of some hundred modules
    if arguments:
        return run([sys.executable, "-m", "pytest", *arguments])
    # Its own folder for what is kept between runs: two of them must not write one.
    twins = [sys.executable, "-m", *_pytest(), "-o", "cache_dir=.pytest_cache/native", *TWINS]
    twins += [f"--ignore={path}" for path in ONCE]
    at_once = (os.cpu_count() or 1) > 1
    with beside(twins, PASSGATE_IMPL="native") if at_once else nullcontext() as ended:
        well = measured(at_once=at_once)
        if ended is not None:
            return 0 if ended() and well else 1
    return 0 if well and run(twins, PASSGATE_IMPL="native") == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
