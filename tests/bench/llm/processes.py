"""The programs that a measurement needs, each on the core it is given."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from passgate.testing import GateSetup, RunningGate
from passgate.testing.gate import LlmUpstream
from tests.bench.llm.loader import Load, Measured

_ROOT = Path(__file__).parents[3]
_CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE, OTHER_CORE = {_CORES[0]}, {_CORES[-1]}
"""The proxy has a core of its own; the provider and the callers share the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """``pid``: the proxy in between, None for the direct way. ``headers``: what it wants beside a key."""

    name: str
    port: int
    pid: int | None
    key: str = field(default="none", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def program(module: str, *arguments: str, cores: set[int]) -> Iterator[tuple[int, int]]:
    """A module that prints its port; yields that and its process id."""
    with pinned(cores):
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.communicate()


def load(way: Way, **options: object) -> Measured:
    """One run of callers, in a process of their own."""
    asked = asdict(Load(port=way.port, key=way.key, headers=dict(way.headers), **options))  # type: ignore[arg-type]
    with pinned(OTHER_CORE):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.llm.loader"],
            cwd=_ROOT,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=120,
        )
    if done.returncode != 0:
        raise RuntimeError(f"the callers failed on the way {way.name}: {done.stderr[-2000:]}")
    measured = Measured(**json.loads(done.stdout))
    if measured.wrong:
        raise RuntimeError(f"{measured.wrong} of {measured.requests} answers on the way {way.name} were not 200")
    return measured


@contextmanager
def passgate(
    directory: Path, upstream_port: int, *, name: str = "Passgate", durability: str = "fsync"
) -> Iterator[Way]:
    """One worker, the pack ``llm-safe``, the ledger on, flushed as by default."""
    models = (
        LlmUpstream(name="models", provider="openai", url=f"http://127.0.0.1:{upstream_port}", credential="sk-bench"),
    )
    setup = GateSetup(packs=("llm-safe",), models=models, sections=f"ledger: {{durability: {durability}}}\n")
    with pinned(PROXY_CORE):
        stack = RunningGate.start(directory, None, setup)
        gate = stack.__enter__()
    try:
        issued = gate.issue(resources=("models",), ttl="2h")
        yield Way(name=name, port=gate.http_port, pid=gate.process.pid, key=issued.key)
    finally:
        stack.__exit__(None, None, None)


def start_up_seconds(directory: Path) -> float:
    """From the command to the first connection, of a gate that has run in this folder before."""
    config = directory / "passgate.yaml"
    port = int(next(line.split(":")[1] for line in config.read_text().splitlines() if line.strip().startswith("port:")))
    began = time.perf_counter()
    with (directory / "again.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "passgate", "serve", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except ConnectionRefusedError:
                continue
            return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)
    raise RuntimeError(f"the gate did not come up again: {(directory / 'again.log').read_text()[-2000:]}")
