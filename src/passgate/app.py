"""The composition root: the only module that imports everything.

``serve`` runs the gate. Each worker process is a whole gate of its own (listeners shared by SO_REUSEPORT, its own ledger); they
meet in the state store and in nothing else.
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import passgate
from passgate.api.messages import CatalogsRefreshed, GateStatus, PolicyReloaded
from passgate.api.server import AdminServer
from passgate.api.siblings import Siblings
from passgate.approvals.nobody import Nobody
from passgate.codecs.postgres.recorded_rows import PostgresRows
from passgate.config import settings as configured
from passgate.core.errors import ConfigError, LedgerUnavailableError, PassgateError, PolicyError, TargetUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.credentials.command import CommandCredential
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential
from passgate.endpoints import postgres
from passgate.identity.login_limiter import LoginLimiter
from passgate.identity.pass_journal import PassJournal
from passgate.identity.registry import PassRegistry
from passgate.identity.revocation_watch import RevocationWatch
from passgate.implementation import wanted
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Limits as TextLimits
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.source import CatalogSource
from passgate.ledger.ledger import Ledger
from passgate.ledger.replay import RowDecoder
from passgate.ledger.settings import Durability, LedgerSettings, RecordingSettings
from passgate.masking import LineagePlanner, SessionMaskerFactory, is_compiled, open_detector
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.policy.source import BundleSource
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase

_LOG = logging.getLogger("passgate")

RECORDED_ROWS: Mapping[str, RowDecoder] = {"postgres": PostgresRows()}
"""How each kind of resource recorded the rows that its clients saw."""

_COMPILE = "import pathlib, sys, passgate.masking as m; m.open_detector(cache=pathlib.Path(sys.argv[1]))"

_COMMAND_SECONDS = 60.0
"""A program that fetches a secret runs at most once a minute."""

_POLICY_SECONDS = 1.0
"""How soon an edited bundle is in force."""

_RETRY_SECONDS = 5.0
"""How soon a target that could not be read is tried again."""


def serve(settings: configured.Settings, *, workers: int = 1) -> None:
    """Run the gate until SIGINT or SIGTERM. Raises ConfigError and whatever else keeps it from starting."""
    wanted()  # before anything else: what was asked for by name and is not there must not be made do without
    _log_to_stderr()
    settings.state_folder.create()
    _compile_rules(settings.state_folder.cache)
    if workers == 1:
        _run_worker(settings, worker=0, shared=False)
    else:
        _supervise(settings, workers)


def _compile_rules(cache: Path) -> None:
    """In a process of its own, so that the gate does not keep the memory that compiling takes. If it fails, the gate says why."""
    if not is_compiled(cache):
        subprocess.run([sys.executable, "-c", _COMPILE, str(cache)], check=False)  # noqa: S603 - our own program


def _supervise(settings: configured.Settings, workers: int) -> None:
    """Start the workers and stay; one that ends by itself ends them all, so that nobody runs half a gate unknowingly."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_run_worker, kwargs={"settings": settings, "worker": number, "shared": True})
        for number in range(workers)
    ]
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, {*stop, signal.SIGCHLD})
    for process in processes:
        process.start()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # so that its arrival can be waited for
    came = signal.sigwait({*stop, signal.SIGCHLD})
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
    if came is signal.SIGCHLD:
        raise PassgateError("A worker process ended by itself, so the others were ended too: see its message above")


def _run_worker(settings: configured.Settings, *, worker: int, shared: bool) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
    if shared:
        _log_to_stderr()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_worker(settings, worker, shared=shared))
    except PassgateError as error:
        if not shared:
            raise
        sys.stderr.write(f"passgate: worker {worker}: {error}\n")
        sys.exit(2)


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    _LOG.setLevel(logging.INFO)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _worker(settings: configured.Settings, worker: int, *, shared: bool) -> None:
    async with AsyncExitStack() as stack:
        gate = await Gate.start(settings, worker, shared=shared, stack=stack)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, gate.policy_wanted.set)
        gc.collect()
        gc.freeze()
        for listener in settings.listeners:
            _LOG.info("%s listening on %s port %d", listener.kind, listener.address, listener.port)
        stopping = loop.create_task(stop.wait())
        ended, _ = await asyncio.wait({stopping, *gate.tasks}, return_when=asyncio.FIRST_COMPLETED)
        if stopping not in ended:
            stopping.cancel()
            for task in ended:
                task.result()
            raise PassgateError("A task of the gate ended by itself, so the gate stops")
        _LOG.info("stopping")


class Gate:
    """One worker's services, wired. Implements the admin channel's ``Control``."""

    def __init__(self, settings: configured.Settings, worker: int, ledger: Ledger) -> None:
        """Raises StoreError, BundleError, DetectorError."""
        folder = settings.state_folder
        self._settings = settings
        self._worker_number = worker
        self._ledger = ledger
        self._started = datetime.now(UTC)
        self.live = LiveSessions()
        self.database = SqliteDatabase(folder.database)
        store = PassStore(self.database)
        self.passes = PassRegistry(store)
        self._watch = RevocationWatch(
            feed=store, end=self.live.revoke, blind=lambda _error: self.live.end_all(EndReason.BLIND)
        )
        self._journal = PassJournal(changes=store, recorder=ledger, by=f"{settings.node}-{worker}")
        self._policies = BundleSource(settings.policy.bundles, settings.policy.packs)
        self.policy_wanted = asyncio.Event()
        self._refresh = {name: asyncio.Event() for name in settings.resources}
        self.steps = Steps(
            policy=self._policies,
            planner=LineagePlanner(),
            maskers=SessionMaskerFactory(
                detector=open_detector(cache=folder.cache), master_key=store.shared_key("masking")
            ),
            recorder=ledger,
            approvals=Nobody(),
            restructured=self._restructured,
        )
        self.parser = Parser(TextLimits(bytes=settings.limits.max_statement_bytes))
        self._sources: dict[str, CatalogSource] = {}
        self._endpoints: list[postgres.PostgresEndpoint] = []
        self._socket = folder.socket(settings.node, worker)
        self.tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, settings: configured.Settings, worker: int, *, shared: bool, stack: AsyncExitStack) -> "Gate":
        """Everything open, listening last; ``stack`` closes it in the opposite order."""
        ledger = Ledger.open(settings.state_folder.ledger, _ledger_settings(settings, worker))
        stack.callback(ledger.close)
        gate = cls(settings, worker, ledger)
        stack.callback(gate.database.close)
        stack.callback(gate.parser.close)
        await gate.record(EventType.POLICY_ACTIVATED, {"version": gate.steps.policy.current.version})
        targets = {name: gate.target(name, resource, stack) for name, resource in settings.resources.items()}
        await asyncio.gather(*(gate.read_catalog(name) for name in targets))
        admin = AdminServer(path=gate._socket, control=gate)
        await admin.start()
        stack.push_async_callback(admin.close)
        stack.push_async_callback(gate.end_tasks)
        for name, resource in settings.resources.items():
            gate.run(gate.follow_catalog(name, resource.catalog.refresh.total_seconds()))
        gate.run(gate._watch.run())
        gate.run(gate._journal.run())
        gate.run(gate.follow_policy())
        for listener in settings.listeners:
            endpoint = gate.endpoint(listener, targets, shared=shared)
            gate._endpoints.append(endpoint)
            await endpoint.start(listener.address, listener.port, reuse_port=shared)
            stack.push_async_callback(endpoint.close)
        return gate

    def run(self, task: Coroutine[object, object, None]) -> None:
        self.tasks.add(asyncio.get_running_loop().create_task(task))

    async def end_tasks(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # -- wiring --------------------------------------------------------------------------------------------------

    def endpoint(
        self, listener: configured.Listener, targets: Mapping[str, postgres.Target], *, shared: bool
    ) -> postgres.PostgresEndpoint:
        """Raises ConfigError if the certificate is not usable."""
        certificate, key = self._settings.certificate_of(listener)
        context = _server_context(certificate, key)
        return postgres.PostgresEndpoint(
            settings=postgres.PostgresSettings(
                require_tls=listener.require_tls,
                certificate=ssl.PEM_cert_to_DER_cert(_first_certificate(certificate)),
                limits=_limits(self._settings.limits),
            ),
            steps=self.steps,
            passes=self.passes,
            logins=LoginLimiter(),
            resources=targets,
            live=self.live,
            tls=context,
            siblings=Siblings(self._socket).cancel if shared else None,
        )

    def target(self, name: str, resource: configured.Resource, stack: AsyncExitStack) -> postgres.Target:
        upstream = _upstream(resource.upstream)
        query = postgres.CatalogQuery(upstream)
        stack.callback(query.close)
        source = CatalogSource(query, lambda catalog: SqlLanguage(catalog=catalog, parser=self.parser))
        self._sources[name] = source
        return postgres.Target(
            resource=Resource(name=name, kind=resource.kind, labels=dict(resource.labels)),
            upstream=upstream,
            source=source,
        )

    # -- what goes on in the background ----------------------------------------------------------------------------

    def _restructured(self, resource: str) -> None:
        self._refresh[resource].set()

    async def read_catalog(self, name: str) -> bool:
        """A target that is down keeps nothing from starting: its clients are told, and it is tried again."""
        try:
            await self._sources[name].refresh()
        except TargetUnavailableError as error:
            _LOG.warning("the catalog of %s cannot be read: %s", name, error)
            return False
        return True

    async def follow_catalog(self, name: str, seconds: float) -> None:
        wanted, source = self._refresh[name], self._sources[name]
        known = _version(source)
        while True:
            await _set_within(wanted, seconds if known else min(seconds, _RETRY_SECONDS))
            if await self.read_catalog(name) and (version := _version(source)) != known:
                known = version
                await self.record(EventType.CATALOG_CHANGED, {"resource": name, "version": version})

    async def follow_policy(self) -> None:
        """An edited bundle is taken by itself, an unedited one read anew when a signal asks for it."""
        while True:
            asked = await _set_within(self.policy_wanted, _POLICY_SECONDS)
            if asked or self._policies.changed():
                try:
                    await self.reload_policy(actor="signal" if asked else "gate")
                except PolicyError as error:
                    _LOG.error("the policy is not usable; the old one stays in force:\n%s", error)

    async def record(self, type_: EventType, detail: Mapping[str, Json], *, actor: str = "gate") -> None:
        try:
            await self._ledger.append(Event(type=type_, actor=actor, detail=detail)).durable
        except LedgerUnavailableError as error:
            _LOG.warning("%s could not be recorded: %s", type_, error)

    # -- Control ---------------------------------------------------------------------------------------------------

    def status(self) -> GateStatus:
        return GateStatus(
            version=passgate.__version__,
            implementation=wanted(),
            pid=os.getpid(),
            node=self._settings.node,
            worker=self._worker_number,
            started=self._started,
            sessions=len(self.live.list()),
            resources=tuple(self._settings.resources),
            policy_version=self.steps.policy.current.version,
            ledger="ok" if self._ledger.available else "nothing can be recorded",
        )

    def sessions(self) -> tuple[Session, ...]:
        return self.live.list()

    async def kill(self, session_id: str, *, actor: str) -> bool:
        found = self.live.kill(session_id)
        if found:
            await self.record(EventType.SESSION_KILLED, {"session": session_id}, actor=actor)
        return found

    async def cancel(self, process_id: int, key: bytes) -> bool:
        return any([await endpoint.cancel(process_id, key) for endpoint in self._endpoints])

    async def revoked(self, pass_ids: frozenset[str]) -> int:  # noqa: ARG002 - the store knows, whatever the caller says
        return self._watch.look()

    async def reload_policy(self, *, actor: str) -> PolicyReloaded:
        result = self._policies.reload()
        if result.problems:
            text = "\n".join(map(str, result.problems))
            await self.record(
                EventType.POLICY_REFUSED, {"version": result.version, "problems": len(result.problems)}, actor=actor
            )
            raise PolicyError(text)
        if result.activated:
            _LOG.info("policy %s is in force", result.version[:12])
            await self.record(EventType.POLICY_ACTIVATED, {"version": result.version}, actor=actor)
        return PolicyReloaded(version=result.version, changed=result.activated)

    async def refresh_catalog(self, resource: str | None, *, actor: str) -> CatalogsRefreshed:  # noqa: ARG002 - read only
        if resource is not None and resource not in self._sources:
            raise ConfigError(f"There is no resource {resource!r}; there are {', '.join(sorted(self._sources))}")
        names = [resource] if resource is not None else list(self._sources)
        for name in names:
            await self._sources[name].refresh()
        return CatalogsRefreshed(versions={name: _version(self._sources[name]) for name in names})


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in that time; it is clear afterwards."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True


def _version(source: CatalogSource) -> str:
    try:
        return source.catalog.version
    except TargetUnavailableError:
        return ""


def _ledger_settings(settings: configured.Settings, worker: int) -> LedgerSettings:
    ledger = settings.ledger
    return LedgerSettings(
        org=settings.org,
        node=settings.node,
        worker=worker,
        durability=Durability(ledger.durability),
        reserve_bytes=ledger.reserve,
        recording=RecordingSettings(
            session_bytes=ledger.recording.per_session, result_bytes=ledger.recording.per_result
        ),
    )


def _limits(limits: configured.Limits) -> postgres.Limits:
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
    )


def _upstream(upstream: configured.Upstream) -> postgres.Upstream:
    return postgres.Upstream(
        host=upstream.host,
        port=upstream.port,
        database=upstream.database,
        user=upstream.user,
        credential=_credential(upstream.credential),
        tls=postgres.TlsMode(upstream.tls.mode),
        ca=upstream.tls.ca,
        auth=frozenset(postgres.AuthMethod(method) for method in upstream.auth),
    )


def _credential(credential: configured.Credential) -> postgres.Credential:
    if credential.env is not None:
        return EnvironmentCredential(name=credential.env)
    if credential.file is not None:
        return FileCredential(path=credential.file)
    if credential.command is not None:
        return RememberedCredential(CommandCredential(argv=credential.command), seconds=_COMMAND_SECONDS)
    raise ConfigError("A credential names no source")


def _server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificate {certificate} with the key {key} is not usable: {error}") from error
    return context


def _first_certificate(path: Path) -> str:
    text = path.read_text("ascii")
    end = "-----END CERTIFICATE-----"
    return text[: text.index(end) + len(end)] + "\n"
