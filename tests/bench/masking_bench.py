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
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from passgate.core.action import VerbClass
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.masker import Text
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.core.text_plan import LanePlan
from passgate.masking import Detector, SessionMaskerFactory, open_detector
from passgate.masking.keys import derive_keys
from passgate.masking.strategies import apply

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


PROSE = (
    b"Sure, I can help you with that. The report which you sent on Monday has three parts: what was sold, what came back, and what "
    b"is still open. In the first part the numbers grew by 12.5% over the year before, mostly because the new shop in Lyon opened "
    b"early. Here's how I'd put it:\n\n1. **Sales** rose in every month but July (see table 4).\n2. Returns stayed at about 3,200 "
    b"parcels.\n3. Don't forget the invoice from 2024-11-05; it wasn't paid.\n\n```python\ndef total(rows: list[int]) -> int:\n"
    b"    return sum(row for row in rows if row > 0)  # negative rows are returns\n```\n\nThat function adds up what is positive. "
    b"If you'd rather count returns too, drop the condition. Then `total([10, -3])` gives 7. Shall I write the letter to your "
    b'customers next? It could say: "Dear customer, thank you for your patience, your parcel is on its way." '
) * 6
"""What models write: sentences, lists, a little code and a few numbers, and nothing to mask."""


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
    results.extend(conversation(detector, prompt))
    return results


def conversation(detector: Detector, prompt: bytes) -> list[dict[str, object]]:
    """A request that sends 100 KB in 68 strings, and an answer that comes in small pieces."""
    factory = SessionMaskerFactory(detector=detector, master_key=b"m" * 32)
    texts = [Text(value=(b"%d " % n + prompt + b" me%d@example.com" % n)[-1500:]) for n in range(68)]
    fresh = [factory.open(session()) for _ in range(9)]
    cold = min(_seconds(lambda masker=masker: masker.find(texts)) for masker in fresh)  # type: ignore[misc]
    masker = factory.open(session())
    masker.find(texts)
    warm = min(_seconds(lambda: masker.find(texts)) for _ in range(9))
    results: list[dict[str, object]] = [
        {"what": "find: 100 KB in 68 strings, cold", "ms": cold * 1e3},
        {"what": "find: 100 KB in 68 strings, seen before", "ms": warm * 1e3},
    ]
    for name, text in (("prose", PROSE), ("made-up words", prompt)):
        for size in (4, 8, 40):
            deltas = [text[place : place + size] for place in range(0, len(text), size)]
            held: list[int] = []

            def stream(deltas: list[bytes] = deltas, held: list[int] = held) -> None:
                held.clear()
                lane = masker.lane(LanePlan())
                for delta in deltas:
                    lane.feed(delta)
                    held.append(lane.held)
                lane.finish()

            seconds = min(_seconds(stream) for _ in range(3))
            held.sort()
            results.append(
                {
                    "what": f"lane: {name}, deltas of {size} bytes",
                    "us_per_delta": seconds / len(deltas) * 1e6,
                    "held_mean": sum(held) / len(held),
                    "held_p50": float(held[len(held) // 2]),
                    "held_p99": float(held[len(held) * 99 // 100]),
                }
            )
    return results


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def session() -> Session:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    grant = Pass(
        id="p1",
        principal=Principal(kind=PrincipalKind.AGENT, subject="bench"),
        resources=frozenset({"models"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="bench",
        ticket=None,
        issued=now,
        expires=now,
    )
    return Session(id="s1", pass_=grant, resource=Resource(name="models", kind="llm"), opened=now, peer="127.0.0.1")


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
