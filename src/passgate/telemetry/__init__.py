"""What operators watch: Prometheus metrics to be scraped, OpenTelemetry spans of calls to models. Off unless configured.

Counts, times and names of the operator's own making; no content, no people, and no name that a caller can choose freely.

``GateTelemetry.open(...)`` implements the pipeline's ``Telemetry``; ``recorder(inner)`` counts what every protocol records.
"""
