"""OpenTelemetry spans of calls to models, sent by OTLP over HTTP in the background. What the queue cannot hold is dropped.

The SDK reads the standard ``OTEL_*`` environment: headers, certificates, sampling, attributes of the resource, batch sizes.
"""

import os
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from passgate.pipeline.protocols import CallMeasured
from passgate.telemetry import conventions as names
from passgate.telemetry.labels import ModelNames, plain

_PATH = "/v1/traces"
_CLOSE_SECONDS = 3.0
"""How long an ending gate waits for a collector."""

_NANOSECONDS = 1_000_000_000


def asked_for(environment: Mapping[str, str]) -> bool:
    """Whether the standard environment names a collector."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return bool(environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def traces_url(endpoint: str) -> str:
    """A collector's base URL completed; one with a path of its own is left alone."""
    return endpoint.rstrip("/") + _PATH if urlsplit(endpoint).path in ("", "/") else endpoint


class CallSpans:
    """``endpoint``: None takes what the environment names."""

    def __init__(self, *, models: ModelNames, endpoint: str | None, version: str, instance: str) -> None:
        self._models = models
        resource = Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME") or "passgate",
                "service.version": version,
                "service.instance.id": instance,
            }
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter(endpoint=None if endpoint is None else traces_url(endpoint))
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("passgate", version, schema_url=names.SCHEMA_URL)

    def call_ended(self, call: CallMeasured) -> None:
        operation = names.OPERATIONS.get(call.operation, plain(call.operation))
        model = self._models.shown(call.request_model)
        started = round(call.started * _NANOSECONDS)
        span = self._tracer.start_span(
            f"{operation} {model}".strip(),
            context=Context(),
            kind=SpanKind.CLIENT,
            start_time=started,
            attributes=self._attributes(call, operation, model),
        )
        if call.error:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=started + max(round(call.seconds * _NANOSECONDS), 0))

    def close(self) -> None:
        """Send what is left, for a moment; a collector that is down must not keep the gate from ending."""
        ending = threading.Thread(target=self._provider.shutdown, name="passgate-spans", daemon=True)
        ending.start()
        ending.join(_CLOSE_SECONDS)
        if ending.is_alive():
            self._exporter.shutdown()  # type: ignore[no-untyped-call] # ends its waiting for another try

    def _attributes(
        self, call: CallMeasured, operation: str, model: str
    ) -> dict[str, str | int | float | tuple[str, ...]]:
        attributes: dict[str, str | int | float | tuple[str, ...]] = {
            names.OPERATION_NAME: operation,
            names.PROVIDER_NAME: plain(call.provider),
            names.CONVERSATION_ID: plain(call.conversation),
            names.RESOURCE: plain(call.resource),
            names.OUTCOME: plain(call.outcome),
            names.MASKED: sum(call.masked.values()),
        }
        if model:
            attributes[names.REQUEST_MODEL] = model
        if call.answer_model:
            attributes[names.RESPONSE_MODEL] = self._models.shown(call.answer_model)
        if call.finish:
            attributes[names.RESPONSE_FINISH_REASONS] = (plain(call.finish),)
        if call.first_chunk is not None:
            attributes[names.RESPONSE_TIME_TO_FIRST_CHUNK] = call.first_chunk
        if call.input_tokens is not None:
            attributes[names.USAGE_INPUT_TOKENS] = call.input_tokens
        if call.output_tokens is not None:
            attributes[names.USAGE_OUTPUT_TOKENS] = call.output_tokens
        if call.error:
            attributes[names.ERROR_TYPE] = plain(call.error)
        return attributes
