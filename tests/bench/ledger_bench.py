"""What recording costs the processor: intent and outcome of one statement, alone and with 31 others in the same turn of the loop.

``python -m tests.bench.ledger_bench`` prints microseconds of processor time (all threads) per statement, median of rounds.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from passgate.core.session import Session
from passgate.ledger.ledger import Ledger
from passgate.ledger.settings import Durability, LedgerSettings
from tests.faults.kit import a_session, intent, outcome

_ROUNDS = 9
_STATEMENTS = 3200


async def statements(ledger: Ledger, session: Session, count: int) -> None:
    """A client that waits for each intent, as the gate does, and leaves the outcome to ride along with the next one."""
    for _ in range(count):
        began = ledger.append(intent(session))
        await began.durable
        ledger.append(outcome(session, began.event_id))


async def rounds(folder: Path, durability: Durability, clients: int) -> list[float]:
    """Microseconds per statement of each round."""
    ledger = Ledger.open(folder, LedgerSettings(durability=durability))
    sessions = [a_session(f"S{n}") for n in range(clients)]
    costs = []
    for _ in range(_ROUNDS):
        before = time.process_time_ns()
        await asyncio.gather(*(statements(ledger, session, _STATEMENTS // clients) for session in sessions))
        costs.append((time.process_time_ns() - before) / 1000 / _STATEMENTS)
    ledger.close()
    return costs


def main() -> None:
    for durability in Durability:
        for clients in (1, 32):
            with tempfile.TemporaryDirectory() as folder:
                costs = sorted(uvloop.run(rounds(Path(folder), durability, clients)))
            print(
                f"{durability:6} {clients:3} at a time: {statistics.median(costs):7.1f} us of processor per statement,"
                f" best round {costs[0]:.1f}"
            )


if __name__ == "__main__":
    main()
