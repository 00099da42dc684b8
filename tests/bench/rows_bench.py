"""A million rows of six text columns through the splitter and the rewriter, interpreted and compiled: rows per CPU-second.

``python tests/bench/rows_bench.py [--rows N]``; prints one JSON line per implementation.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from passgate import implementation
from passgate.codecs.postgres.framing import ROWS, BackendLimits, backend_splitter
from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.types import TEXT
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.shape import PartPlan, Plan

READ = 256 * 1024
COLUMNS = 6


class TrivialMasker:
    """Costs next to nothing, so that what is measured is the codec: the last four bytes stay, ``@`` is a finding."""

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        return [b"****" + value[-4:] for value in values]

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {index: b"<EMAIL>" for index, value in enumerate(values) if b"@" in value}

    def scan_text(self, text: bytes) -> bytes:
        return text


class BlindMasker(TrivialMasker):
    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {}


def rows(count: int) -> bytes:
    """About 148 bytes each."""
    thousand = b"".join(
        DataRow(
            values=(
                b"%07d" % i,
                b"customer number %07d" % i,
                b"customer.%07d@example.com" % i,
                b"536-90-%04d" % (i % 10000),
                b"%d Long Street" % i,
                b"a remark that says little %d" % i,
            )
        ).encode()
        for i in range(1000)
    )
    return thousand * (count // 1000)


def reads(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), READ):
        yield data[start : start + READ]


def split(data: bytes) -> int:
    splitter = backend_splitter(BackendLimits().table())
    splitter.stream(ROWS)
    seen = 0
    for chunk in reads(data):
        splitter.feed(chunk)
        while (frame := splitter.next()) is not None:
            seen += frame.count
    return seen


def rewriting(plan: Plan, masker: TrivialMasker) -> Callable[[bytes], int]:
    description = RowDescription(fields=tuple(FieldDescription(name=f"c{i}", type=TEXT) for i in range(COLUMNS)))

    def rewrite(data: bytes) -> int:
        rewriter = RowRewriter(plan=plan, description=description, masker=masker)
        splitter = backend_splitter(BackendLimits().table())
        seen = 0
        for chunk in reads(data):
            splitter.feed(chunk)
            while (frame := splitter.next()) is not None:
                seen += rewriter.rewrite(frame.data).rows
        return seen

    return rewrite


def measure(count: int) -> None:
    data = rows(count)
    partial = PartPlan(mask=Strategy(kind=StrategyKind.PARTIAL, keep_last=4))
    untouched, scanned = PartPlan(), PartPlan(scan=True)
    two = Plan(parts=(untouched, untouched, partial, partial, untouched, untouched))
    every = Plan(parts=(scanned,) * COLUMNS)
    works: dict[str, Callable[[bytes], int]] = {
        "split": split,
        "two_masked": rewriting(two, TrivialMasker()),
        "all_scanned_none_found": rewriting(every, BlindMasker()),
        "all_scanned_one_column_found": rewriting(every, TrivialMasker()),
    }
    result: dict[str, float | str | int] = {
        "implementation": implementation.wanted(),
        "rows": count,
        "bytes": len(data),
    }
    for name, work in works.items():
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            seen = work(data)
            best = min(best, time.process_time() - start)
            if seen != count:
                raise SystemExit(f"{name}: {seen} rows, not {count}")
        result[name] = round(count / best)
    sys.stdout.write(json.dumps(result) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--here", action="store_true", help="measure the implementation that PASSGATE_IMPL selects")
    chosen = parser.parse_args()
    if chosen.here:
        measure(chosen.rows)
        return
    for name in ("python", "native"):
        command = [sys.executable, __file__, "--here", "--rows", str(chosen.rows)]
        subprocess.run(command, env=os.environ | {"PASSGATE_IMPL": name}, check=True)


if __name__ == "__main__":
    main()
