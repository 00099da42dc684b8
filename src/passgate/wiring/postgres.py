"""PostgreSQL, wired: targets with their catalogs, listeners, and what keeps the catalogs fresh."""

import asyncio
import logging
import ssl
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack

from passgate.config.postgres import PostgresListener, PostgresResource, PostgresUpstream
from passgate.config.settings import Limits, Settings
from passgate.core.errors import ConfigError, TargetUnavailableError
from passgate.core.event import EventType
from passgate.core.resource import Resource
from passgate.credentials.leases import LeaseKeeper
from passgate.endpoints import postgres
from passgate.identity.login_limiter import LoginLimiter
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Limits as TextLimits
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.source import CatalogSource
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import Language, Passes
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.wiring.certificates import first_certificate, server_context
from passgate.wiring.databases import CancelElsewhere
from passgate.wiring.own_acts import Record
from passgate.wiring.sources import Sources, database_logins
from passgate.wiring.waking import set_within

_LOG = logging.getLogger("passgate")

_RETRY_SECONDS = 5.0
"""How soon a target that could not be read is tried again."""

_SWEEP_SECONDS = 60.0


class PostgresWiring:
    """Implements ``Databases``."""

    def __init__(self, settings: Settings, record: Record, *, sources: Sources, keeper: LeaseKeeper | None) -> None:
        """``keeper``: looks after leased logins, where there is a Vault."""
        self._settings = settings
        self._record = record
        self._secrets = sources
        self._keeper = keeper
        self._stack = ExitStack()
        self._resources = settings.postgres_resources
        self._refresh = {name: asyncio.Event() for name in self._resources}
        self._sources: dict[str, CatalogSource] = {}
        self._minters: dict[str, postgres.Minter] = {}
        self._endpoints: list[postgres.PostgresEndpoint] = []
        self._parser = Parser(TextLimits(bytes=settings.limits.max_statement_bytes))
        self._stack.callback(self._parser.close)
        self._targets = {name: self._target(name, resource) for name, resource in self._resources.items()}

    def close(self) -> None:
        self._stack.close()

    def endpoint(
        self,
        listener: PostgresListener,
        *,
        steps: Steps,
        passes: Passes,
        live: LiveSessions,
        siblings: CancelElsewhere | None,
        sealing: Sealing = UNSEALED,
    ) -> postgres.PostgresEndpoint:
        """Raises ConfigError if the certificate is not usable, MasterKeyError."""
        certificate, key = self._settings.certificate_of(listener)
        endpoint = postgres.PostgresEndpoint(
            settings=postgres.PostgresSettings(
                require_tls=listener.require_tls,
                certificate=ssl.PEM_cert_to_DER_cert(first_certificate(certificate)),
                limits=_limits(self._settings.limits),
            ),
            steps=steps,
            passes=passes,
            logins=LoginLimiter(),
            resources=self._targets,
            live=live,
            tls=server_context(certificate, key, sealing=sealing),
            siblings=siblings,
        )
        self._endpoints.append(endpoint)
        return endpoint

    async def cancel(self, process_id: int, key: bytes) -> bool:
        return any([await endpoint.cancel(process_id, key) for endpoint in self._endpoints])

    def _target(self, name: str, resource: PostgresResource) -> postgres.Target:
        upstream = _upstream(resource.upstream, self._secrets.credential(resource.upstream.credential))
        query = postgres.CatalogQuery(upstream)
        self._stack.callback(query.close)
        source = CatalogSource(query, lambda catalog: SqlLanguage(catalog=catalog, parser=self._parser))
        self._sources[name] = source
        if resource.upstream.mint is not None:
            self._minters[name] = minter = postgres.Minter(upstream, resource.upstream.mint.grants())
            self._stack.callback(minter.close)
        return postgres.Target(
            resource=Resource(name=name, kind=resource.kind, labels=dict(resource.labels)),
            upstream=upstream,
            source=source,
            minter=self._minters.get(name) or self._leasing(resource, upstream),
        )

    def _leasing(self, resource: PostgresResource, upstream: postgres.Upstream) -> postgres.Minting | None:
        lease = resource.upstream.lease
        if lease is None or self._keeper is None:
            return None
        return postgres.Leasing(upstream=upstream, logins=database_logins(lease, self._keeper))

    def language(self, resource: str) -> Language:
        """Of one of these resources, with what is known of its catalog now. Raises TargetUnavailableError."""
        return self._sources[resource].language

    # -- catalogs --------------------------------------------------------------------------------------------------

    def restructured(self, resource: str) -> None:
        self._refresh[resource].set()

    async def read_catalogs(self) -> None:
        await asyncio.gather(*(self.read_catalog(name) for name in self._sources))

    async def read_catalog(self, name: str) -> bool:
        """A target that is down keeps nothing from starting: its clients are told, and it is tried again."""
        try:
            await self._sources[name].refresh()
        except TargetUnavailableError as error:
            _LOG.warning("the catalog of %s cannot be read: %s", name, error)
            return False
        return True

    def followers(self) -> Iterator[Coroutine[object, object, None]]:
        """What has to run for as long as the gate does."""
        yield from (self._follow_catalog(name) for name in self._sources)
        yield from (self._sweep_roles(name, minter) for name, minter in self._minters.items())
        if self._keeper is not None:
            yield self._keeper.run()

    async def _sweep_roles(self, name: str, minter: postgres.Minter) -> None:
        """What a crash has left behind of sessions' own roles goes once their time is over."""
        while True:
            try:
                for role in await minter.sweep():
                    await self._record(EventType.CREDENTIAL_DROPPED, {"resource": name, "role": role, "swept": True})
            except TargetUnavailableError as error:
                _LOG.warning("roles left behind at %s cannot be swept: %s", name, error)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _follow_catalog(self, name: str) -> None:
        seconds = self._resources[name].catalog.refresh.total_seconds()
        wanted, source = self._refresh[name], self._sources[name]
        known = _version(source)
        while True:
            await set_within(wanted, seconds if known else min(seconds, _RETRY_SECONDS))
            if await self.read_catalog(name) and (version := _version(source)) != known:
                known = version
                await self._record(EventType.CATALOG_CHANGED, {"resource": name, "version": version})

    async def refresh_catalogs(self, resource: str | None) -> Mapping[str, str]:
        """Names and versions of what was read anew. Raises ConfigError, TargetUnavailableError."""
        if resource is not None and resource not in self._sources:
            known = ", ".join(sorted(self._sources))
            raise ConfigError(f"There is no resource {resource!r} with a catalog; there are {known or 'none'}")
        names = [resource] if resource is not None else list(self._sources)
        for name in names:
            await self._sources[name].refresh()
        return {name: _version(self._sources[name]) for name in names}


def _version(source: CatalogSource) -> str:
    try:
        return source.catalog.version
    except TargetUnavailableError:
        return ""


def _limits(limits: Limits) -> postgres.Limits:
    return postgres.Limits(
        login=limits.login_timeout.total_seconds(),
        connect=limits.connect_timeout.total_seconds(),
        idle=limits.idle_timeout.total_seconds(),
        statement=limits.statement_timeout.total_seconds(),
        text=limits.max_statement_bytes,
        message=limits.max_message,
        result_rows=limits.max_result_rows,
        result_bytes=limits.max_result_bytes,
        connections=limits.max_connections,
        login_share=limits.login_share,
    )


def _upstream(upstream: PostgresUpstream, credential: postgres.Credential) -> postgres.Upstream:
    return postgres.Upstream(
        host=upstream.host,
        port=upstream.port,
        database=upstream.database,
        user=upstream.user,
        credential=credential,
        tls=postgres.TlsMode(upstream.tls.mode),
        ca=upstream.tls.ca,
        auth=frozenset(postgres.AuthMethod(method) for method in upstream.auth),
    )
