import pytest

from passgate.core.errors import LedgerUnavailableError
from passgate.telemetry.labels import ModelNames
from passgate.telemetry.metrics import GateMetrics
from passgate.telemetry.recorder import CountingRecorder
from tests.faults.kit import a_session, started
from tests.integration.fakes import MemoryRecorder
from tests.unit.telemetry.test_metrics import samples


async def test_events_are_counted_once_the_ledger_has_them() -> None:
    measured = GateMetrics(models=ModelNames(), version="1", implementation="python")
    inner = MemoryRecorder()
    recorder = CountingRecorder(inner, measured)
    session = a_session()
    await recorder.append(started(session)).durable
    inner.full = True
    with pytest.raises(LedgerUnavailableError):
        recorder.append(started(session))
    found = samples(measured)
    assert found("passgate_events_total", "session.start", "postgres") == 1
    assert found("passgate_ledger_refusals_total") == 1
    assert len(inner.events) == 1
    recorder.recording(session).write("in", b"x")
    assert inner.recordings[0].of("in") == [b"x"]
