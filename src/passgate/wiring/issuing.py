"""Tokens of the gate's own, for gates that give or take any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from passgate.config.settings import Settings
from passgate.endpoints.beside import Beside
from passgate.endpoints.llm.settings import OwnTokens
from passgate.identity.access_desk import AccessDesk
from passgate.identity.admission import Admission
from passgate.identity.registry import PassRegistry
from passgate.pipeline.access import AccessTokens
from passgate.pipeline.protocols import Recorder
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """``beside``: what serves the paths. ``tokens``: who verifies the gate's own tokens, ``url`` their issuer; None without
    ``identity.issuer``."""

    beside: Sequence[Beside] = ()
    tokens: AccessTokens | None = None
    url: str | None = None

    @property
    def own(self) -> OwnTokens | None:
        """What the models' listeners take."""
        return OwnTokens(tokens=self.tokens, url=self.url) if self.tokens is not None and self.url is not None else None


def open_issuing(
    settings: Settings,
    *,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
    desk: AccessDesk,
    admission: Admission,
    sources: Sources,
    shared_key: Callable[[str], bytes],
) -> Issuing:
    """Nothing without a provider, an agent and an issuer. Raises ConfigError."""
    identity = settings.identity
    if not identity.providers and not identity.agents and identity.issuer is None:
        return Issuing()
    from passgate.wiring.issuer import issuing  # not loaded where nobody asks for it

    return issuing(
        settings,
        registry=registry,
        database=database,
        recorder=recorder,
        desk=desk,
        admission=admission,
        sources=sources,
        shared_key=shared_key,
    )
