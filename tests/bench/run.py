"""`make bench`: us, the direct way and PgBouncer side by side, as ratios; absolute figures only where the bar is absolute."""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from passgate.testing import GateSetup, PostgresCluster
from tests.bench import bulk, deciding, pgbench, policy_bench, sessions, targets
from tests.bench.process_figures import figures

USER, PASSWORD = "app", "bench-password"

BUNDLE = """\
protect:
  - {object: wide_masked, column: a, as: {mask: {strategy: partial, keep_last: 2}}}
  - {object: wide_masked, column: b, as: {mask: {strategy: redact}}}
"""

PGBENCH_TABLE = """
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, 100000) n;
VACUUM ANALYZE pgbench_accounts;
"""

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``bar``: what is asked for, empty where the line is for comparison only."""

    work: str
    measured: str
    bar: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """``gate`` is durable as by default, ``person`` the same gate with a person's pass (reads of agents are scanned, theirs are
    not); ``quick`` leaves flushing to the system; ``pair`` runs two workers."""

    direct: targets.Target
    bouncer: targets.Target
    gate: targets.Target
    person: targets.Target
    quick: targets.Target
    pair: targets.Target


def main() -> None:
    arguments = parse()
    rows: list[Row] = []
    with ExitStack() as stack:
        ways = open_ways(stack)
        measures = {
            "memory": lambda: memory(ways),
            "latency": lambda: latency(ways, arguments.seconds),
            "throughput": lambda: throughput(ways, arguments.seconds),
            "rows": lambda: streams(ways),
            "deciding": decisions,
        }
        for name, measure in measures.items():
            if arguments.only in (None, name):
                say(f"measuring {name}")
                rows += measure()
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="length of each pgbench run (default 6)")
    parser.add_argument(
        "--only", choices=("latency", "throughput", "rows", "memory", "deciding"), help="one group of lines"
    )
    parser.add_argument("--json", action="store_true", help="print the lines as JSON")
    return parser.parse_args()


def open_ways(stack: ExitStack) -> Ways:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passgate-bench-")))
    folder.chmod(0o755)
    say("starting a server and filling its tables")
    cluster = stack.enter_context(PostgresCluster.start(folder / "cluster", settings=["max_connections = 1300"]))
    cluster.psql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE shop OWNER {USER};")
    cluster.psql(f"SET ROLE {USER};" + PGBENCH_TABLE + bulk.SETUP, database="shop")

    def gate(name: str, *, durability: str = "fsync", workers: int = 1) -> targets.GateTargets:
        sections = f"ledger: {{durability: {durability}}}\nlimits: {{idle_timeout: 2h}}\n"
        setup = GateSetup(
            database="shop", user=USER, password=PASSWORD, bundle=BUNDLE, workers=workers, sections=sections
        )
        return stack.enter_context(targets.passgate(folder / name, cluster, setup, name=name))

    bouncer = targets.pgbouncer(folder / "pgbouncer", cluster, user=USER, password=PASSWORD)
    durable = gate("durable")
    return Ways(
        direct=targets.direct(cluster, user=USER, password=PASSWORD),
        bouncer=stack.enter_context(bouncer),
        gate=durable.agent,
        person=durable.person,
        quick=gate("quick", durability="os").agent,
        pair=gate("pair", workers=2).agent,
    )


def latency(ways: Ways, seconds: int) -> list[Row]:
    rows = []
    for mode in ("simple", "extended", "prepared"):
        direct, bouncer, quick, durable = (
            pgbench.run(way, mode=mode, clients=1, seconds=seconds)
            for way in (ways.direct, ways.bouncer, ways.quick, ways.gate)
        )
        added = quick.median - direct.median
        rows.append(
            Row(
                work=f"one client, {mode}: added to the median, no flush",
                measured=f"+{added:.0f} µs (PgBouncer +{bouncer.median - direct.median:.0f} µs, direct {direct.median:.0f} µs)",
                bar="<= 90 µs",
                met=added <= 90,
            )
        )
        rows.append(
            Row(
                work=f"one client, {mode}: median, durable",
                measured=f"{durable.median:.0f} µs = {durable.median / direct.median:.2f} x direct",
            )
        )
    return rows


def throughput(ways: Ways, seconds: int) -> list[Row]:
    bouncer, one, two = (
        pgbench.run(way, mode="simple", clients=32, seconds=seconds) for way in (ways.bouncer, ways.gate, ways.pair)
    )
    share, gain = one.per_second / bouncer.per_second, two.per_second / one.per_second
    return [
        Row(
            work="32 clients, durable, one worker: queries a second",
            measured=f"{share:.2f} x PgBouncer ({one.per_second:.0f}/s)",
            bar=">= 0.70 x",
            met=share >= 0.7,
        ),
        Row(
            work="32 clients: the proxy's CPU for each query",
            measured=f"{one.cpu:.0f} µs (PgBouncer {bouncer.cpu:.0f} µs)",
            bar="<= 60 µs",
            met=one.cpu <= 60,
        ),
        Row(work="two workers against one", measured=f"{gain:.2f} x", bar=">= 1.40 x", met=gain >= 1.4),
    ]


def streams(ways: Ways) -> list[Row]:
    rows = []
    columns = "a, b, c, d, e, f"
    for work, gate_way, table, bar in (
        ("unmasked", ways.person, "wide", 2.5),
        ("two of six columns masked", ways.person, "wide_masked", 1.5),
        ("all six text columns scanned", ways.gate, "wide", 0.25),
    ):
        query = f"SELECT {columns} FROM {table}"
        direct, gate = bulk.stream(ways.direct, query), bulk.stream(gate_way, query)
        rate = (gate.per_cpu_second or 0) / 1e6
        rows.append(
            Row(
                work=f"a million rows, {work}: rows for each CPU-second",
                measured=f"{rate:.2f} M ({gate.wall / direct.wall:.1f} x direct's wall time)",
                bar=f">= {bar} M",
                met=rate >= bar,
            )
        )
    query = f"SELECT {columns} FROM wide ORDER BY f, e, a"
    direct_row, quick_row, durable_row = (
        statistics.median(bulk.first_row(way, query) for _ in range(3)) for way in (ways.direct, ways.quick, ways.gate)
    )
    rows.append(
        Row(
            work="first row of a million that are sorted first, durable",
            measured=f"{durable_row / direct_row:.2f} x direct ({quick_row / direct_row:.2f} x without flush)",
            bar="<= 1.30 x",
            met=durable_row / direct_row <= 1.3,
        )
    )
    simple = f"SELECT {columns} FROM wide"
    direct_row, quick_row, durable_row = (
        statistics.median(bulk.first_row(way, simple) for _ in range(5)) for way in (ways.direct, ways.quick, ways.gate)
    )
    rows.append(
        Row(
            work="first row of a million as they lie",
            measured=f"{direct_row * 1e3:.1f} ms direct, +{(quick_row - direct_row) * 1e3:.1f} ms, "
            f"+{(durable_row - direct_row) * 1e3:.1f} ms durable",
        )
    )
    return rows


def memory(ways: Ways) -> list[Row]:
    before = figures(ways.gate.pid).resident / MIB if ways.gate.pid else 0.0
    peak = bulk.slow_client_peak(ways.gate, seconds=10) / MIB
    many = asyncio.run(sessions.open_many(ways.quick, 1000))
    resident = many.resident / MIB
    return [
        Row(
            work="a gigabyte to a slow client: resident",
            measured=f"{peak:.0f} MiB ({before:.0f} before)",
            bar="< 150 MiB",
            met=peak < 150,
        ),
        Row(
            work="1,000 idle sessions: resident",
            measured=f"{resident:.0f} MiB ({many.before / MIB:.0f} with none)",
            bar="< 250 MiB",
            met=resident < 250,
        ),
        Row(
            work="new sessions a second",
            measured=f"{many.per_second:.0f}",
            bar=">= 100",
            met=many.per_second >= 100,
        ),
    ]


def decisions() -> list[Row]:
    found = deciding.context()
    figures = (
        ("a repeated statement (verdict kept): understand and decide", deciding.repeated_statement(found), 20.0),
        ("a new OLTP statement: understand and decide", deciding.new_statement(found), 250.0),
        ("a new statement of 5 KB: understand and decide", deciding.long_statement(found), 10_000.0),
        *(
            (f"one policy decision among {rules:,} rules", policy_bench.read_one_atom(rules), 3.0)
            for rules in (10, 1000)
        ),
    )
    return [
        Row(work=work, measured=f"{micros:.1f} µs", bar=f"<= {bar:,.0f} µs", met=micros <= bar)
        for work, micros, bar in figures
    ]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def show(rows: list[Row]) -> None:
    table = Table(title="Passgate with policy, masking and ledger on")
    for heading in ("work", "measured", "bar", ""):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.work, row.measured, row.bar, {True: "met", False: "NOT MET", None: ""}[row.met])
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
