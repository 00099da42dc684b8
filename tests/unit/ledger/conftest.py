"""A ledger with one session in it, recorded once for every test that only reads."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from passgate.core.event import Event, EventType
from passgate.core.moment import Cells
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.recorded_statements import RecordedStatements
from tests.faults.kit import SMALL, a_session, copied, intent, outcome, refused, started


class TabRows:
    """The rows of these tests: lines of tab-separated text."""

    def rows(self, data: bytes, shape: Mapping[str, Any]) -> Sequence[Cells]:
        return [tuple(line.split("\t")) for line in data.decode().split("\n")[:-1]]


READERS = {"postgres": RecordedStatements(TabRows())}

HOSTILE = "\x1b]0;evil\x07\u202e"


@dataclass(frozen=True)
class Recorded:
    """``ids``: event ids by what they are."""

    folder: Path
    session: str
    ids: dict[str, str]

    @property
    def reader(self) -> LedgerReader:
        return LedgerReader(self.folder)


async def record_session(folder: Path) -> Recorded:
    """A read that is allowed, a drop that is refused, and an end; with a recording. Rows are lines of tab-separated text."""
    ledger = Ledger.open(folder, SMALL)
    session = a_session()
    recording = ledger.recording(session)
    ids = {"start": ledger.append(started(session)).event_id}
    session.user, session.database = "app", "shop"
    text = "SELECT id, email\nFROM customers WHERE email = 'ada@example.com'"
    began = ledger.append(intent(session, text))
    await began.durable
    recording.write("in", text.replace("ada@", "***@").encode())
    recording.write("verdict", orjson.dumps({"outcome": "allow", "rule": "read-shop"}))
    recording.write("shape", orjson.dumps({"columns": ["id", "email"], "masked": ["", "mask-email"]}))
    recording.write("rows", b"7\t***@example.com\n8\t" + HOSTILE.encode() + b"\n")
    recording.write("end", orjson.dumps({"tag": "SELECT 2", "status": "ok", "rows": 2}))
    done = ledger.append(outcome(session, began.event_id, rows=2))
    no = ledger.append(refused(session))
    await no.durable
    recording.write("in", b"DROP TABLE orders")
    recording.write(
        "verdict",
        orjson.dumps({"outcome": "deny", "rule": "no-drop", "reason": "Never.", "hint": "Ask for a migration."}),
    )
    recording.write(
        "notice",
        orjson.dumps({"severity": "ERROR", "sqlstate": "42501", "message": "refused", "detail": "no-drop", "hint": ""}),
    )
    digest = recording.close()
    end = Event(
        type=EventType.SESSION_END,
        session=session,
        detail={"reason": "client", "chunks": digest.chunks, "bytes": digest.bytes, "sha256": digest.sha256},
    )
    last = ledger.append(end)
    await last.durable
    ledger.close()
    ids |= {"intent": began.event_id, "outcome": done.event_id, "refused": no.event_id, "end": last.event_id}
    return Recorded(folder, session.id, ids)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """For tests that do not write to it."""
    return asyncio.run(record_session(tmp_path_factory.mktemp("ledger")))


@pytest.fixture
def own(recorded: Recorded, tmp_path: Path) -> Recorded:
    """A copy that a test may change."""
    return replace(recorded, folder=copied(recorded.folder, tmp_path / "ledger"))
