"""Spans as a collector receives them: a real one, over HTTP, in protobuf."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from passgate.telemetry import conventions
from passgate.telemetry.labels import ModelNames
from passgate.telemetry.spans import CallSpans, asked_for, traces_url
from tests.unit.telemetry.calls import STARTED, a_call


@dataclass
class Collector:
    url: str = ""
    raw: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def resources(self) -> list[ResourceSpans]:
        return [one for raw in self.raw for one in ExportTraceServiceRequest.FromString(raw).resource_spans]

    @property
    def spans(self) -> list[Span]:
        return [span for one in self.resources for scope in one.scope_spans for span in scope.spans]

    async def take(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/v1/traces":
            self.raw.append(await request.read())
            self.headers.append(dict(request.headers))
            self.arrived.set()
        return web.Response(body=ExportTraceServiceResponse().SerializeToString())


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    found = Collector()
    runner = web.ServerRunner(web.Server(found.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_SDK_DISABLED",
        "OTEL_SERVICE_NAME",
    ):
        monkeypatch.delenv(name, raising=False)


def opened(endpoint: str | None, models: ModelNames | None = None) -> CallSpans:
    return CallSpans(models=models or ModelNames(), endpoint=endpoint, version="1.0", instance="gate-0")


def attributes(span: Span) -> dict[str, object]:
    return {one.key: _value(one.value) for one in span.attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    assert kind is not None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind)


async def test_a_call_is_a_span_of_the_conventions(collector: Collector) -> None:
    models = ModelNames()
    models.learn(a_call())
    spans = opened(collector.url, models)
    spans.call_ended(a_call())
    await asyncio.to_thread(spans.close)
    (span,) = collector.spans
    assert (span.name, span.kind, span.parent_span_id) == ("chat claude-x", Span.SPAN_KIND_CLIENT, b"")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (
        round(STARTED * 1e9), round(STARTED * 1e9) + 1_500_000_000,
    )  # fmt: skip
    assert attributes(span) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.conversation.id": "S1",
        "gen_ai.request.model": "claude-x", "gen_ai.response.model": "claude-x-1",
        "gen_ai.response.finish_reasons": ["end_turn"], "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 12, "passgate.resource": "models",
        "passgate.outcome": "ok", "passgate.masked": 2,
    }  # fmt: skip
    (scope,) = collector.resources[0].scope_spans
    assert (scope.scope.name, scope.schema_url) == ("passgate", conventions.SCHEMA_URL)
    told = {one.key: _value(one.value) for one in collector.resources[0].resource.attributes}
    assert (told["service.name"], told["service.version"], told["service.instance.id"]) == ("passgate", "1.0", "gate-0")


async def test_a_failure_is_marked_and_a_refused_call_names_no_model(collector: Collector) -> None:
    spans = opened(collector.url)
    secret = "AKIAIOSFODNN7EXAMPLE"
    spans.call_ended(
        a_call(
            operation="embed", outcome="refused", error="policy", request_model=secret, answer_model="", finish="",
            first_chunk=None, input_tokens=None, output_tokens=None, conversation="S\ud800\x1b",
        )
    )  # fmt: skip
    await asyncio.to_thread(spans.close)
    (span,) = collector.spans
    assert (span.name, span.status.code) == ("embeddings other", Status.STATUS_CODE_ERROR)
    found = attributes(span)
    assert (found["error.type"], found["gen_ai.conversation.id"]) == ("policy", "S??")
    assert "gen_ai.usage.input_tokens" not in found
    assert secret.encode() not in collector.raw[0]


async def test_the_standard_environment_counts(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=t1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "gate")
    spans = opened(None)
    spans.call_ended(a_call(operation="list_models", request_model="", answer_model=""))
    await asyncio.to_thread(spans.close)
    assert [span.name for span in collector.spans] == ["list_models"]
    assert collector.headers[0]["x-tenant"] == "t1"
    told = {one.key: _value(one.value) for one in collector.resources[0].resource.attributes}
    assert told["service.name"] == "gate"


def test_a_collector_that_is_down_delays_neither_calls_nor_the_end(caplog: pytest.LogCaptureFixture) -> None:
    spans = opened("http://127.0.0.1:9")  # the port "discard": nobody listens there
    began = time.monotonic()
    for _ in range(5000):
        spans.call_ended(a_call())
    assert time.monotonic() - began < 5
    began = time.monotonic()
    spans.close()
    assert time.monotonic() - began < 10  # the SDK's own patience is 30
    for thread in threading.enumerate():
        if thread.name == "passgate-spans":
            thread.join()


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_whether_the_environment_asks_for_spans(environment: dict[str, str], wanted: bool) -> None:
    assert asked_for(environment) is wanted


def test_the_path_of_a_collector() -> None:
    assert traces_url("http://c:4318") == traces_url("http://c:4318/") == "http://c:4318/v1/traces"
    assert traces_url("https://c/otlp/v1/traces") == "https://c/otlp/v1/traces"
