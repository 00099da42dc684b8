"""What masking costs: microseconds per cell and megabytes per second, by kind of value and by strategy.

    python tests/bench/masking_bench.py [--engine literals] [--json]

Processor time of this process, best of three. ``PASSGATE_IMPL`` selects the twin of the hot module.
"""

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from random import Random

from passgate.core.decision import Strategy, StrategyKind
from passgate.core.finding import FindingClass
from passgate.masking import open_detector
from passgate.masking.keys import derive_keys
from passgate.masking.replacement import Replacement
from passgate.masking.strategies import apply
from passgate.masking.window import MaskingWindow

WORDS = tuple(
    f"{first}{last}"
    for first in (
        "ship",
        "pend",
        "larg",
        "street",
        "month",
        "deliver",
        "return",
        "the",
        "of",
        "custom",
        "ask",
        "parcel",
    )
    for last in ("", "ing", "ed", "s", "er")
)


def columns(random: Random, rows: int) -> dict[str, list[bytes]]:
    """Values as they stand in tables. The first group holds nothing to find."""

    def words(count: int) -> bytes:
        return " ".join(random.choice(WORDS) for _ in range(count)).encode()

    return {
        "three words": [words(3) for _ in range(rows)],
        "a sentence": [words(14) for _ in range(rows)],
        "order numbers": [b"ORD-%08d" % random.randrange(10**8) for _ in range(rows)],
        "timestamps": [b"2026-%02d-%02d 10:%02d:00+00" % (1 + i % 12, 1 + i % 28, i % 60) for i in range(rows)],
        "amounts": [b"%d.%02d" % (random.randrange(10**5), random.randrange(100)) for _ in range(rows)],
        "UUIDs": [str(uuid.UUID(int=random.getrandbits(128))).encode() for _ in range(rows)],
        "digests": [b"%040x" % random.getrandbits(160) for _ in range(rows)],
        "1 % e-mails": [b"user%d@example.com" % i if i % 100 == 0 else words(3) for i in range(rows)],
        "all e-mails": [b"user%d@example.com" % i for i in range(rows)],
        "all cards": [b"4111 1111 1111 1111" for _ in range(rows)],
    }


def processor_seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def measure(engine: str, rows: int) -> list[dict[str, object]]:
    random = Random(1)
    results: list[dict[str, object]] = []

    def add(what: str, values: list[bytes], work: Callable[[], object]) -> None:
        seconds = processor_seconds(work)
        size = sum(map(len, values))
        results.append(
            {
                "what": what,
                "us_per_value": seconds / len(values) * 1e6,
                "mb_per_s": size / seconds / 1e6,
                "values": len(values),
            }
        )

    with tempfile.TemporaryDirectory() as folder:
        cold = processor_seconds(lambda: open_detector(cache=Path(folder) / uuid.uuid4().hex, engine=engine))
        detector = open_detector(cache=Path(folder), engine=engine)
        warm = processor_seconds(lambda: open_detector(cache=Path(folder), engine=engine))
    results.append({"what": "start, nothing cached", "seconds": cold})
    results.append({"what": "start, rules cached", "seconds": warm})
    made = columns(random, rows)
    for name, values in made.items():
        add(f"scan: {name}", values, lambda values=values: detector.findings_batch(values))  # type: ignore[misc]
    six = [list(made["three words"]) for _ in range(6)]
    seconds = processor_seconds(lambda: [detector.findings_batch(column) for column in six])
    results.append({"what": "1 row x 6 text columns, nothing found", "rows_per_cpu_second": rows / seconds})
    prompt = b" ".join(made["a sentence"])[:4096]
    add("scan: a prompt of 4 KB", [prompt] * 200, lambda: [detector.findings(prompt) for _ in range(200)])
    large = b" ".join(made["a sentence"])[:1_000_000]
    add("scan: a text of 1 MB", [large], lambda: detector.findings(large))
    keys = derive_keys(b"k" * 32, "bench")
    for kind in StrategyKind:
        strategy = Strategy(
            kind=kind, keep_first=1, keep_last=2, label="EMAIL" if kind is not StrategyKind.PARTIAL else ""
        )
        values = made["all e-mails"]
        add(f"mask: {kind.value}", values, lambda values=values, s=strategy: apply(values, s, keys))  # type: ignore[misc]
    email = Strategy(kind=StrategyKind.PARTIAL, keep_first=1, label="EMAIL")
    add("mask: partial, e-mail", made["all e-mails"], lambda: apply(made["all e-mails"], email, keys))
    replacement = Replacement(by_class={c: Strategy(kind=StrategyKind.REDACT) for c in FindingClass}, keys=keys)
    deltas = [prompt[place : place + 4] for place in range(0, len(prompt), 4)]

    def stream() -> None:
        window = MaskingWindow(detector=detector, replacement=replacement)
        for delta in deltas:
            window.feed(delta)
        window.finish()

    add("window: deltas of 4 bytes", deltas, stream)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("vectorscan", "literals"), default="vectorscan")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure(arguments.engine, arguments.rows)
    if arguments.json:
        json.dump(results, sys.stdout, indent=1)
        return 0
    for row in results:
        rest = "  ".join(f"{name} {value:,.2f}" for name, value in row.items() if isinstance(value, float))
        print(f"{row['what']:40} {rest}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
