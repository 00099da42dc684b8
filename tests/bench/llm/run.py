"""`make bench-llm`: the direct way, a bare aiohttp pass-through and Passgate side by side; with PEERS=1 LiteLLM and Portkey too.

Rounds of all ways take turns, so that a noisy minute is everyone's. Latencies are the best round's median; rates the best round's.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[3]))

from passgate.masking import open_detector
from tests.bench import masking_bench
from tests.bench.llm import processes
from tests.bench.llm.loader import Measured
from tests.bench.llm.processes import OTHER_CORE, PROXY_CORE, Way
from tests.bench.llm.upstream import PACE
from tests.bench.process_figures import figures

MIB = 2**20
QUICK = "Passgate, no flush"
PERSON = "Please write to ada.lovelace@example.com or call +44 20 7946 0958 about invoice 4711. "
"""Something to mask in every prompt."""

WORK: dict[str, dict[str, object]] = {
    "one": {"connections": 1, "text": PERSON},
    "sixteen": {"connections": 16, "text": PERSON},
    "stream": {"connections": 16, "text": PERSON, "stream": True},
    "large": {"connections": 1, "text": PERSON, "size": 100_000},
    "paced": {"connections": 1, "text": PERSON, "stream": True, "paced": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``bar``: what is asked for, empty where the line is for comparison only."""

    work: str
    measured: str
    bar: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """All rounds of one kind of work on one way. ``cpu``: seconds of the proxy for each request, over all rounds."""

    best: Measured
    rate: float
    median: float
    first: float
    cpu: float


def main() -> None:
    arguments = parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passgate-bench-llm-")))
        say("starting the ways")
        ways = open_ways(stack, folder)
        cells = {work: measure(work, ways, arguments.rounds, arguments.seconds) for work in WORK}
        resident = figures(ways["Passgate"].pid or 0).resident / MIB
    with tempfile.TemporaryDirectory(prefix="passgate-bench-llm-") as again:
        started = start_up(Path(again))
    rows = [*latency(cells), *throughput(cells), *prompts(cells), *streams(cells)]
    rows += [
        Row(work="resident after all of this", measured=f"{resident:.0f} MiB", bar="< 120 MiB", met=resident < 120),
        Row(work="start-up, rules compiled before", measured=f"{started:.2f} s", bar="< 3 s", met=started < 3),
    ]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each kind of work on each way (default 4)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a round (default 1.5)")
    parser.add_argument("--json", action="store_true", help="print the lines as JSON")
    return parser.parse_args()


def open_ways(stack: ExitStack, folder: Path) -> dict[str, Way]:
    upstream, _ = stack.enter_context(processes.program("tests.bench.llm.upstream", cores=OTHER_CORE))
    bare, bare_pid = stack.enter_context(
        processes.program("tests.bench.llm.passthrough", str(upstream), cores=PROXY_CORE)
    )
    ways = {
        "direct": Way(name="direct", port=upstream, pid=None),
        "bare aiohttp": Way(name="bare aiohttp", port=bare, pid=bare_pid),
        "Passgate": stack.enter_context(processes.passgate(folder / "gate", upstream)),
        QUICK: stack.enter_context(processes.passgate(folder / "quick", upstream, name=QUICK, durability="os")),
    }
    if os.environ.get("PEERS") == "1":
        from tests.bench.llm import peers

        ways |= {way.name: way for way in peers.start(stack, folder, upstream)}
    return ways


def measure(work: str, ways: dict[str, Way], rounds: int, seconds: float) -> dict[str, Cell]:
    say(f"measuring {work}")
    runs: dict[str, list[Measured]] = {name: [] for name in ways}
    used = dict.fromkeys(ways, 0.0)
    for number in range(rounds + 1):
        for name, way in ways.items():
            before = figures(way.pid).cpu if way.pid else 0.0
            measured = processes.load(way, seconds=seconds if number else 0.3, **WORK[work])
            if number:  # the first round warms up
                runs[name].append(measured)
                used[name] += figures(way.pid).cpu - before if way.pid else 0.0
    return {name: _cell(found, used[name]) for name, found in runs.items()}


def _cell(found: Sequence[Measured], cpu: float) -> Cell:
    return Cell(
        best=min(found, key=lambda run: run.median),
        rate=max(run.per_second for run in found),
        median=min(run.median for run in found),
        first=min(run.first for run in found),
        cpu=cpu / sum(run.requests for run in found),
    )


def latency(cells: dict[str, dict[str, Cell]]) -> list[Row]:
    one = cells["one"]
    direct = one["direct"].median
    added = {name: (cell.median - direct) * 1e3 for name, cell in one.items() if name != "direct"}
    rows = [
        Row(
            work="one caller: added to the median",
            measured=f"+{added['Passgate']:.2f} ms ({added[QUICK]:.2f} without flush, bare aiohttp +{added['bare aiohttp']:.2f} ms,"
            f" direct {direct * 1e3:.2f} ms)",
            bar="<= 1 ms",
            met=added["Passgate"] <= 1,
        )
    ]
    return rows + [
        Row(work=f"one caller: added to the median, {name}", measured=f"+{value:.2f} ms")
        for name, value in added.items()
        if name not in {"Passgate", QUICK, "bare aiohttp"}
    ]


def throughput(cells: dict[str, dict[str, Cell]]) -> list[Row]:
    cell = cells["sixteen"]
    gate, bare = cell["Passgate"], cell["bare aiohttp"]
    ratio, by_cpu = gate.rate / bare.rate, bare.cpu / gate.cpu
    rows = [
        Row(
            work="16 callers, masked, one core: requests a second",
            measured=f"{ratio:.2f} x bare aiohttp ({gate.rate:.0f}/s against {bare.rate:.0f}/s)",
            bar=">= 0.60 x",
            met=ratio >= 0.6,
        ),
        Row(
            work="16 callers: the proxy's CPU for each request",
            measured=f"{gate.cpu * 1e6:.0f} µs (bare aiohttp {bare.cpu * 1e6:.0f} µs: {by_cpu:.2f} x requests per CPU-second)",
        ),
    ]
    for name, other in cell.items():
        if name in {"Passgate", QUICK, "bare aiohttp", "direct"}:
            continue
        times = gate.rate / other.rate
        bar = {"bar": ">= 30 x", "met": times >= 30} if name == "LiteLLM" else {}
        rows.append(
            Row(
                work=f"16 callers, one core: requests a second, against {name}",
                measured=f"{times:.1f} x ({other.rate:.0f}/s, {other.cpu * 1e6:.0f} µs each)",
                **bar,  # type: ignore[arg-type]
            )
        )
    return rows


def prompts(cells: dict[str, dict[str, Cell]]) -> list[Row]:
    large = cells["large"]
    added = (large["Passgate"].median - large["bare aiohttp"].median) * 1e3
    with tempfile.TemporaryDirectory() as folder:
        detector = open_detector(cache=Path(folder))
        prose = masking_bench.PROSE[:4096]
        found = {row["what"]: row["ms"] for row in masking_bench.conversation(detector, prose) if "ms" in row}
    cold = float(str(found["find: 100 KB in 68 strings, cold"]))
    return [
        Row(work="a prompt of 100 KB, never seen: masking", measured=f"{cold:.2f} ms", bar="<= 3 ms", met=cold <= 3),
        Row(
            work="one caller, prompts of 100 KB, never seen: added to bare aiohttp's median",
            measured=f"+{added:.2f} ms (direct {large['direct'].median * 1e3:.2f} ms)",
        ),
    ]


def streams(cells: dict[str, dict[str, Cell]]) -> list[Row]:
    stream, paced = cells["stream"], cells["paced"]
    delay = paced["Passgate"].first - paced["direct"].first
    tokens = delay / PACE
    gate, bare = stream["Passgate"], stream["bare aiohttp"]
    return [
        Row(
            work="first visible text of a stream: delayed by",
            measured=f"{tokens:.2f} tokens ({delay * 1e3:.1f} ms, at {PACE * 1e3:.0f} ms a token)",
            bar="<= 1 token",
            met=tokens <= 1,
        ),
        Row(
            work="16 callers, streams of 20 tokens sent at once: streams a second",
            measured=f"{gate.rate / bare.rate:.2f} x bare aiohttp ({gate.rate:.0f}/s, {gate.cpu * 1e6:.0f} µs each)",
        ),
    ]


def start_up(folder: Path) -> float:
    with ExitStack() as stack:
        upstream, _ = stack.enter_context(processes.program("tests.bench.llm.upstream", cores=OTHER_CORE))
        with processes.passgate(folder / "gate", upstream):
            pass
        return min(processes.start_up_seconds(folder / "gate") for _ in range(3))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def show(rows: list[Row]) -> None:
    table = Table(title="Models behind Passgate, with policy, masking and ledger on")
    for heading in ("work", "measured", "bar", ""):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.work, row.measured, row.bar, {True: "met", False: "NOT MET", None: ""}[row.met])
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
