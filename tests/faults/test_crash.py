"""F1, F13: a process killed at any moment loses nothing that it acknowledged, and leaves no action without an outcome."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.event import EventType
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, a_session, ended, intent, outcome, query, started

LOAD = """
import asyncio, sys
from pathlib import Path
from passgate.ledger.ledger import Ledger
from tests.faults.kit import SMALL, a_session, intent, outcome, started

async def client(ledger, session):
    await ledger.append(started(session)).durable
    await ledger.append(intent(session, "SELECT pg_sleep(3600)")).durable
    while True:
        for make in (intent, lambda s: outcome(s, last)):
            receipt = ledger.append(make(session))
            await receipt.durable
            last = receipt.event_id
            sys.stdout.write(last + "\\n")
            sys.stdout.flush()

async def main():
    ledger = Ledger.open(Path(sys.argv[1]), SMALL)
    await asyncio.gather(*[client(ledger, a_session(f"S{sys.argv[2]}-{n}")) for n in range(8)])

asyncio.run(main())
"""


def kill_under_load(folder: Path, run: int, acknowledged: int) -> list[str]:
    """The ids that a recording process said were durable before it was killed, at least ``acknowledged``."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(folder), str(run)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout is not None
    ids = [process.stdout.readline().strip() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    ids += rest[:-1]  # the last line may be cut short
    process.stdout.close()
    process.wait()
    return ids


def test_f1_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for run in range(6):
        acknowledged += kill_under_load(tmp_path, run, acknowledged=40 + 67 * run)
    Ledger.open(tmp_path, SMALL).close()
    kept = {entry.id for entry in LedgerReader(tmp_path).entries()}
    assert len(acknowledged) > 1000
    assert [event for event in acknowledged if event not in kept] == []
    report = verify(LedgerReader(tmp_path))
    assert not report.failed, report.findings


def test_f13_an_intent_cut_short_gets_exactly_one_unknown_outcome(tmp_path: Path) -> None:
    """Killed between the intent and the target, and between the target and the outcome: the ledger sees the same."""
    ids = kill_under_load(tmp_path, 0, acknowledged=101)
    for _ in range(2):  # the second boot has nothing more to say
        Ledger.open(tmp_path, SMALL).close()
    outcomes: dict[str, list[str]] = {}
    for entry in LedgerReader(tmp_path).entries():
        if entry.type == EventType.ACTION_INTENT:
            outcomes[entry.id] = []
        elif entry.type == EventType.ACTION_OUTCOME:
            outcomes[entry.event["intent"]].append(entry.event["detail"]["status"])
    assert len(ids) >= 101
    assert all(status in (["ok"], ["unknown"]) for status in outcomes.values())
    assert sum(status == ["unknown"] for status in outcomes.values()) >= 8  # each client's first, at least
    assert all(outcomes.get(event, ["ok"]) for event in ids)


async def test_f13_across_segments(tmp_path: Path) -> None:
    """An intent whose segment is not read again at boot is still known to be open."""
    tiny = replace(SMALL, segment_bytes=4096)
    ledger = Ledger.open(tmp_path, tiny)
    session = a_session()
    left = ledger.append(intent(session, "SELECT pg_sleep(60)"))
    for n in range(40):
        await query(ledger, session, f"SELECT {n}")
    ledger.close()
    assert len(list((tmp_path / tiny.log_name).glob("seg-*"))) > 3
    Ledger.open(tmp_path, tiny).close()
    unknown = [e for e in LedgerReader(tmp_path).entries() if e.event.get("detail", {}).get("status") == "unknown"]
    assert [entry.event["intent"] for entry in unknown] == [left.event_id]


async def test_an_outcome_after_all_is_not_written_twice(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    session = a_session()
    ledger.append(started(session))
    first = ledger.append(intent(session))
    await ledger.append(outcome(session, first.event_id)).durable
    await ledger.append(ended(session)).durable
    ledger.close()
    Ledger.open(tmp_path, SMALL).close()
    report = verify(LedgerReader(tmp_path))
    assert not report.failed
    assert [e for e in LedgerReader(tmp_path).entries() if e.event.get("detail", {}).get("status") == "unknown"] == []


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_the_boot_says_how_the_last_process_ended(tmp_path: Path, how: str) -> None:
    if how == "killed":
        kill_under_load(tmp_path, 0, acknowledged=10)
    else:
        asyncio.run(_one_query(tmp_path))
    Ledger.open(tmp_path, SMALL).close()
    boots = [e for e in LedgerReader(tmp_path).entries() if e.type == EventType.NODE_BOOT]
    assert [boot.event["epoch"] for boot in boots] == [1, 2]
    assert [boot.event["detail"]["previous"] for boot in boots] == ["none", "crashed" if how == "killed" else "closed"]


async def _one_query(folder: Path) -> None:
    ledger = Ledger.open(folder, SMALL)
    await query(ledger, a_session())
    ledger.close()
