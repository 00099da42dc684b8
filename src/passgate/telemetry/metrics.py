"""Prometheus metrics, in a registry of their own. Names end in their unit; counters get ``_total`` when they are exposed."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from passgate.core.event import Event, EventType
from passgate.pipeline.protocols import CallMeasured
from passgate.telemetry.labels import Bounded, ModelNames, plain

_CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_FIRST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RULES = 1000
_ERRORS = 50
_REFUSED = frozenset({EventType.ACTION_REFUSED, EventType.ACTION_HELD})

disable_created_metrics()  # type: ignore[no-untyped-call] # else every series has a second one that says when it began


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """``media``: the content type that fits what the scraper accepts."""

    media: str
    body: bytes


class GateMetrics:
    """One gate process's."""

    def __init__(self, *, models: ModelNames, version: str, implementation: str) -> None:
        self.registry = CollectorRegistry()
        self._models = models
        self._rules = Bounded(_RULES)
        self._error_kinds = Bounded(_ERRORS)
        ProcessCollector(registry=self.registry)
        build = self._gauge("passgate_build_info", "The running gate.", "version", "implementation")
        build.labels(version, implementation).set(1)
        self._sessions = self._gauge("passgate_sessions", "Sessions that are open now.")
        self._events = self._counter("passgate_events", "Events recorded in the ledger.", "type", "kind")
        self._unrecorded = self._counter(
            "passgate_ledger_refusals", "Events that the ledger could not take: what they told of did not happen."
        )
        self._refusals = self._counter(
            "passgate_refusals", "Actions refused or held, by the rule that did it.", "resource", "rule"
        )
        self._outcomes = self._counter("passgate_outcomes", "Actions carried out.", "resource", "status")
        self._rows = self._counter("passgate_rows", "Rows delivered.", "resource")
        self._masked = self._counter("passgate_masked", "Values and findings masked.", "resource", "type")
        call = ("operation", "provider", "resource")
        self._calls = self._counter("passgate_llm_calls", "Calls to models.", *call, "outcome")
        self._errors = self._counter("passgate_llm_errors", "Calls to models that failed.", "resource", "error")
        self._call_seconds = self._histogram(
            "passgate_llm_call_seconds", "From the call to the last byte of its answer.", _CALL_SECONDS, *call
        )
        self._first_seconds = self._histogram(
            "passgate_llm_first_chunk_seconds", "From the call to the first byte of its answer.", _FIRST_SECONDS, *call
        )
        self._tokens = self._counter(
            "passgate_llm_tokens", "Tokens as the provider counts them.", "resource", "model", "direction"
        )

    def watch_sessions(self, count: Callable[[], int]) -> None:
        """``count`` is asked at every scrape."""
        self._sessions.set_function(count)

    def call_ended(self, call: CallMeasured) -> None:
        names = (plain(call.operation), plain(call.provider), plain(call.resource))
        self._calls.labels(*names, plain(call.outcome)).inc()
        self._call_seconds.labels(*names).observe(max(call.seconds, 0.0))
        if call.first_chunk is not None:
            self._first_seconds.labels(*names).observe(max(call.first_chunk, 0.0))
        if call.error:
            self._errors.labels(names[2], self._error_kinds(call.error)).inc()
        model = self._models.shown(call.answer_model or call.request_model)
        for direction, count in (("input", call.input_tokens), ("output", call.output_tokens)):
            if count is not None and count > 0:
                self._tokens.labels(names[2], model, direction).inc(count)

    def recorded(self, event: Event) -> None:
        """An event that the ledger has taken."""
        session = event.session
        resource = session.resource.name if session is not None else ""
        self._events.labels(event.type.value, session.resource.kind if session is not None else "").inc()
        if event.type is EventType.ACTION_OUTCOME:
            self._outcome(event, resource)
        elif event.type in _REFUSED and event.decision is not None:
            self._refusals.labels(resource, self._rules(event.decision.rule)).inc()

    def unrecorded(self) -> None:
        self._unrecorded.inc()

    def exposition(self, accept: str) -> Exposition:
        """``accept``: the scraper's header, empty for none."""
        encode, media = choose_encoder(accept)
        return Exposition(media=media, body=encode(self.registry))

    def _outcome(self, event: Event, resource: str) -> None:
        detail = event.detail
        self._outcomes.labels(resource, plain(str(detail.get("status", "")))).inc()
        rows, masked = detail.get("rows"), detail.get("masked")
        if isinstance(rows, int) and rows > 0:
            self._rows.labels(resource).inc(rows)
        if isinstance(masked, dict):
            for type_, count in masked.items():
                if isinstance(count, int) and count > 0:
                    self._masked.labels(resource, plain(type_)).inc(count)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, what, labels, registry=self.registry, buckets=buckets)
