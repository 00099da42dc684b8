"""Telemetry, wired: what the configuration and the environment ask for, and where it is scraped."""

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import passgate
from passgate.config.telemetry import Telemetry
from passgate.core.errors import ConfigError
from passgate.implementation import wanted
from passgate.telemetry.gate_telemetry import GateTelemetry


def open_telemetry(
    settings: Telemetry, *, node: str, worker: int, environment: Mapping[str, str] = os.environ
) -> GateTelemetry:
    """What is named in the configuration goes before the environment."""
    traces = settings.traces is not None
    if not traces and any(name.startswith("OTEL_EXPORTER_OTLP") for name in environment):
        from passgate.telemetry.spans import asked_for

        traces = asked_for(environment)
    return GateTelemetry.open(
        metrics=settings.metrics is not None,
        traces=traces,
        endpoint=None if settings.traces is None else settings.traces.endpoint,
        version=passgate.__version__,
        implementation=wanted(),
        instance=f"{node}-{worker}",
    )


async def expose(
    telemetry: GateTelemetry, settings: Telemetry, *, worker: int, sessions: Callable[[], int], stack: AsyncExitStack
) -> None:
    """Start the listener for scrapers where metrics are on; ``stack`` closes it. Raises ConfigError if it cannot listen."""
    metrics, where = telemetry.metrics, settings.metrics
    if metrics is None or where is None:
        return
    from passgate.endpoints.metrics import MetricsEndpoint

    metrics.watch_sessions(sessions)
    endpoint = MetricsEndpoint(metrics.exposition)
    stack.push_async_callback(endpoint.close)
    port = where.port + worker
    try:
        await endpoint.start(where.address, port)
    except OSError as error:
        raise ConfigError(f"Metrics cannot be served on {where.address} port {port}: {error.strerror}") from error
