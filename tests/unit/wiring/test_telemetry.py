"""What is on follows from the configuration and the environment; a gate that cannot be scraped does not start."""

import socket
from contextlib import AsyncExitStack, closing

import aiohttp
import pytest

from passgate.config.telemetry import Metrics, Telemetry, Traces
from passgate.core.errors import ConfigError
from passgate.endpoints.metrics import MetricsEndpoint
from passgate.wiring.telemetry import expose, open_telemetry
from tests.unit.telemetry.calls import a_call

ON = Telemetry(metrics=Metrics(port=1))


def free_pair() -> int:
    """A port whose successor is free too."""
    while True:
        with closing(socket.socket()) as one, closing(socket.socket()) as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.mark.parametrize(
    ("settings", "environment", "metrics", "spans"),
    [
        (Telemetry(), {}, False, False),
        (Telemetry(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, False, True),
        (Telemetry(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False, False),
        (Telemetry(), {"OTEL_EXPORTER_OTLP_HEADERS": "x=y"}, False, False),
        (ON, {}, True, False),
        (Telemetry(traces=Traces(endpoint="http://127.0.0.1:9")), {}, False, True),
    ],
)
def test_what_is_on(settings: Telemetry, environment: dict[str, str], metrics: bool, spans: bool) -> None:
    telemetry = open_telemetry(settings, node="gate", worker=0, environment=environment)
    assert (telemetry.metrics is not None, telemetry.spans is not None) == (metrics, spans)
    telemetry.close()


async def test_each_worker_is_scraped_on_a_port_of_its_own() -> None:
    port = free_pair()
    settings = Telemetry(metrics=Metrics(port=port))
    async with AsyncExitStack() as stack:
        for worker in (0, 1):
            telemetry = open_telemetry(settings, node="gate", worker=worker, environment={})
            for _ in range(worker + 1):
                telemetry.call_ended(a_call())
            await expose(telemetry, settings, worker=worker, sessions=lambda: 3, stack=stack)
        async with aiohttp.ClientSession() as client:
            for worker in (0, 1):
                async with client.get(f"http://127.0.0.1:{port + worker}/metrics") as answer:
                    text = await answer.text()
                assert "passgate_sessions 3.0" in text
                assert f'outcome="ok",provider="anthropic",resource="models"}} {worker + 1}.0' in text


async def test_an_address_that_cannot_be_had() -> None:
    async with AsyncExitStack() as stack:
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            settings = Telemetry(metrics=Metrics(port=int(taken.getsockname()[1])))
            telemetry = open_telemetry(settings, node="gate", worker=0, environment={})
            with pytest.raises(ConfigError, match="Metrics cannot be served on"):
                await expose(telemetry, settings, worker=0, sessions=lambda: 0, stack=stack)


async def test_off_listens_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(MetricsEndpoint, "start", lambda *place: begun.append(place))
    async with AsyncExitStack() as stack:
        telemetry = open_telemetry(Telemetry(), node="gate", worker=0, environment={})
        await expose(telemetry, Telemetry(), worker=0, sessions=lambda: 0, stack=stack)
    assert begun == []
