"""The databases that a gate is in front of, whatever they speak; where there are none, nothing of theirs is loaded."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Protocol

from passgate.config.postgres import PostgresListener
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.credentials.leases import LeaseKeeper
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import Language, Passes
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.wiring.listening import Listening
from passgate.wiring.own_acts import Record
from passgate.wiring.sources import Sources

CancelElsewhere = Callable[[int, bytes], Awaitable[object]]


class Databases(Protocol):
    """``close`` once every endpoint is closed."""

    def close(self) -> None: ...

    def endpoint(
        self,
        listener: PostgresListener,
        *,
        steps: Steps,
        passes: Passes,
        live: LiveSessions,
        siblings: CancelElsewhere | None,
        sealing: Sealing = UNSEALED,
    ) -> Listening:
        """Raises ConfigError if the certificate is not usable, MasterKeyError."""

    async def cancel(self, process_id: int, key: bytes) -> bool:
        """Whether there was such a session, whose statement is now cancelled."""

    def language(self, resource: str) -> Language:
        """Of one of these resources, with what is known of its catalog now. Raises TargetUnavailableError."""

    def restructured(self, resource: str) -> None:
        """Its catalog is to be read anew."""

    async def read_catalogs(self) -> None:
        """A target that is down keeps nothing from starting."""

    async def refresh_catalogs(self, resource: str | None) -> Mapping[str, str]:
        """Names and versions of what was read anew. Raises ConfigError, TargetUnavailableError."""

    def followers(self) -> Iterator[Coroutine[object, object, None]]:
        """What has to run for as long as the gate does."""


class NoDatabases:
    """A gate in front of models only."""

    def close(self) -> None:
        return None

    def endpoint(self, listener: PostgresListener, **_parts: object) -> Listening:
        raise ConfigError(f"A listener on port {listener.port} has no database behind it")

    async def cancel(self, process_id: int, key: bytes) -> bool:  # noqa: ARG002 - nobody's
        return False

    def language(self, resource: str) -> Language:
        raise ConfigError(f"There is no database {resource!r}")

    def restructured(self, resource: str) -> None:  # noqa: ARG002 - nobody's
        return None

    async def read_catalogs(self) -> None:
        return None

    async def refresh_catalogs(self, resource: str | None) -> Mapping[str, str]:
        if resource is not None:
            raise ConfigError(f"There is no resource {resource!r} with a catalog; there are none")
        return {}

    def followers(self) -> Iterator[Coroutine[object, object, None]]:
        return iter(())


def open_databases(settings: Settings, record: Record, *, sources: Sources, keeper: LeaseKeeper | None) -> Databases:
    """``keeper``: looks after leased logins, where there is a Vault."""
    spoken = any(isinstance(listener, PostgresListener) for listener in settings.listeners)
    if not spoken and not settings.postgres_resources and keeper is None:
        return NoDatabases()
    from passgate.wiring.postgres import PostgresWiring  # eight megabytes, and a quarter of a second

    return PostgresWiring(settings, record, sources=sources, keeper=keeper)
