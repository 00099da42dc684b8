"""Models, wired: targets and listeners."""

import ssl
from collections.abc import Mapping

from passgate.codecs.llm.operation import Dialect
from passgate.config.llm import HttpListener, LlmResource
from passgate.config.settings import Limits, Settings
from passgate.core.errors import ConfigError
from passgate.core.resource import Resource
from passgate.credentials.remembered import RememberedCredential
from passgate.endpoints import llm
from passgate.endpoints.beside import Beside
from passgate.endpoints.llm.settings import OwnTokens
from passgate.identity.login_limiter import LoginLimiter
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import Budgets, Passes, Telemetry
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.wiring.certificates import server_context
from passgate.wiring.sources import Sources

_CREDENTIAL_SECONDS = 60.0
"""A provider's key is looked up at most once a minute, and anew as soon as the provider refuses it."""


def endpoint(
    settings: Settings,
    listener: HttpListener,
    *,
    targets: llm.LlmTargets,
    steps: Steps,
    passes: Passes,
    live: LiveSessions,
    budgets: Budgets | None,
    telemetry: Telemetry,
    beside: Beside | None,
    own: OwnTokens | None,
    sealing: Sealing = UNSEALED,
) -> llm.LlmEndpoint:
    """Raises ConfigError if the certificate is not usable, MasterKeyError."""
    tls = None
    if listener.require_tls:
        tls = server_context(*settings.certificate_of(listener), sealing=sealing)
        tls.set_alpn_protocols(["http/1.1"])
    return llm.LlmEndpoint(
        settings=llm.LlmSettings(limits=_limits(settings.limits)),
        steps=steps,
        passes=passes,
        logins=LoginLimiter(),
        targets=targets,
        live=live,
        tls=tls,
        budgets=budgets,
        telemetry=telemetry,
        beside=beside,
        own=own,
    )


def targets(resources: Mapping[str, LlmResource], sources: Sources) -> llm.LlmTargets:
    """Raises ConfigError if a file of authorities is not usable."""
    return {name: _target(name, resource, sources) for name, resource in resources.items()}


def _target(name: str, resource: LlmResource, sources: Sources) -> llm.LlmTarget:
    source = resource.upstream.credential
    return llm.LlmTarget(
        resource=Resource(name=name, kind=resource.kind, labels=dict(resource.labels)),
        provider=resource.provider,
        dialect=Dialect(resource.dialect),
        url=resource.upstream.url.rstrip("/").removesuffix("/v1"),
        credential=None
        if source is None
        else RememberedCredential(sources.credential(source), seconds=_CREDENTIAL_SECONDS),
        tls=_client_context(name, resource),
        models=resource.models,
        fallback=resource.fallback,
        prices=tuple(
            (
                glob,
                llm.Price(
                    input=price.input,
                    output=price.output,
                    cached=price.input if price.cached is None else price.cached,
                ),
            )
            for glob, price in resource.prices.items()
        ),
    )


def _client_context(name: str, resource: LlmResource) -> ssl.SSLContext | None:
    if not resource.upstream.url.startswith("https:"):
        return None
    ca = resource.upstream.tls.ca
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The authorities {ca} of {name} are not usable: {error}") from error


def _limits(limits: Limits) -> llm.Limits:
    return llm.Limits(
        login=limits.login_timeout.total_seconds(),
        connect=limits.connect_timeout.total_seconds(),
        read=limits.llm.read_timeout.total_seconds(),
        idle=limits.llm.session_idle.total_seconds(),
        heartbeat=limits.llm.heartbeat.total_seconds(),
        body=limits.llm.max_body,
        batch=limits.llm.max_batch,
        file=limits.llm.max_file,
        answer=limits.llm.max_answer,
        connections=limits.max_connections,
        login_share=limits.login_share,
    )
