import asyncio
import subprocess
import sys

from passgate.telemetry.gate_telemetry import GateTelemetry
from tests.integration.fakes import MemoryRecorder
from tests.unit.telemetry.calls import a_call
from tests.unit.telemetry.test_metrics import samples
from tests.unit.telemetry.test_spans import Collector, collector, no_environment

__all__ = ["collector", "no_environment"]


def opened(*, metrics: bool, traces: str | None = None) -> GateTelemetry:
    return GateTelemetry.open(
        metrics=metrics,
        traces=traces is not None,
        endpoint=traces,
        version="1",
        implementation="python",
        instance="g-0",
    )


async def test_both_are_told(collector: Collector) -> None:
    telemetry = opened(metrics=True, traces=collector.url)
    telemetry.call_ended(a_call())
    await asyncio.to_thread(telemetry.close)
    assert telemetry.metrics is not None
    assert samples(telemetry.metrics)("passgate_llm_tokens_total", "models", "claude-x-1", "input") == 30
    assert [span.name for span in collector.spans] == ["chat claude-x"]


def test_off_is_off() -> None:
    telemetry = opened(metrics=False)
    telemetry.call_ended(a_call())
    recorder = MemoryRecorder()
    assert telemetry.recorder(recorder) is recorder
    telemetry.close()


def test_with_metrics_the_recorder_counts() -> None:
    telemetry = opened(metrics=True)
    assert telemetry.recorder(MemoryRecorder()).__class__.__name__ == "CountingRecorder"


def test_what_is_off_is_not_even_imported() -> None:
    program = (
        "import sys; from passgate.telemetry.gate_telemetry import GateTelemetry; "
        "GateTelemetry.open(metrics=False, traces=False, version='', implementation='', instance=''); "
        "sys.exit(any(name.startswith(('opentelemetry', 'prometheus')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
