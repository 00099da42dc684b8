"""Models behind one HTTP listener: the endpoint of resources of kind ``llm``.

``LlmEndpoint(settings=..., steps=..., passes=..., logins=..., targets=..., live=..., tls=..., budgets=...,
telemetry=...)`` serves one listener: ``await start(host, port, reuse_port=...)``, ``await close()``.
"""

from passgate.endpoints.llm.endpoint import LlmEndpoint
from passgate.endpoints.llm.settings import Credential, Limits, LlmSettings, LlmTarget, LlmTargets, Price

__all__ = [
    "Credential",
    "Limits",
    "LlmEndpoint",
    "LlmSettings",
    "LlmTarget",
    "LlmTargets",
    "Price",
]
