"""Counts what every protocol records, on its way into the ledger."""

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event
from passgate.core.session import Session
from passgate.pipeline.protocols import Recorder, Recording
from passgate.pipeline.receipt import Receipt
from passgate.telemetry.metrics import GateMetrics


class CountingRecorder:
    """A ``Recorder`` in front of another."""

    def __init__(self, inner: Recorder, metrics: GateMetrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def append(self, event: Event) -> Receipt:
        try:
            receipt = self._inner.append(event)
        except LedgerUnavailableError:
            self._metrics.unrecorded()
            raise
        self._metrics.recorded(event)
        return receipt

    def recording(self, session: Session) -> Recording:
        return self._inner.recording(session)
