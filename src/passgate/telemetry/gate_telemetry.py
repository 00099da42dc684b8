"""Metrics and spans together, as the pipeline's ``Telemetry``. Either may be off; both off costs nothing."""

from typing import TYPE_CHECKING, Self

from passgate.pipeline.protocols import CallMeasured, Recorder
from passgate.telemetry.labels import ModelNames

if TYPE_CHECKING:
    from passgate.telemetry.metrics import GateMetrics
    from passgate.telemetry.spans import CallSpans


class GateTelemetry:
    """Its parts are only imported where they are wanted: they take memory, and time to start."""

    def __init__(self, models: ModelNames, metrics: "GateMetrics | None", spans: "CallSpans | None") -> None:
        self.metrics = metrics
        self.spans = spans
        self._models = models

    @classmethod
    def open(
        cls,
        *,
        metrics: bool,
        traces: bool,
        endpoint: str | None = None,
        version: str,
        implementation: str,
        instance: str,
    ) -> Self:
        """``endpoint``: the collector's URL; None takes what the environment names."""
        models = ModelNames()
        measuring, tracing = None, None
        if metrics:
            from passgate.telemetry.metrics import GateMetrics

            measuring = GateMetrics(models=models, version=version, implementation=implementation)
        if traces:
            from passgate.telemetry.spans import CallSpans

            tracing = CallSpans(models=models, endpoint=endpoint, version=version, instance=instance)
        return cls(models, measuring, tracing)

    def call_ended(self, call: CallMeasured) -> None:
        self._models.learn(call)
        if self.metrics is not None:
            self.metrics.call_ended(call)
        if self.spans is not None:
            self.spans.call_ended(call)

    def recorder(self, inner: Recorder) -> Recorder:
        """The same, counted where metrics are on."""
        if self.metrics is None:
            return inner
        from passgate.telemetry.recorder import CountingRecorder

        return CountingRecorder(inner, self.metrics)

    def close(self) -> None:
        if self.spans is not None:
            self.spans.close()
