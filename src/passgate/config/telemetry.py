"""Settings of what operators watch: where metrics are scraped, and the collector that spans are sent to."""

from passgate.config.kinds import Address, Port
from passgate.config.llm import Url
from passgate.config.section import Section


class Metrics(Section):
    """Each worker process has metrics of its own: the first on ``port``, the next on the port after it, and so on."""

    address: Address = "127.0.0.1"
    port: Port = 9464


class Traces(Section):
    """``endpoint``: a collector that takes OTLP over HTTP. All else is read from the standard ``OTEL_*`` environment."""

    endpoint: Url


class Telemetry(Section):
    metrics: Metrics | None = None
    traces: Traces | None = None
