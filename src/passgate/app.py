"""The composition root: the only module, with ``wiring``, that imports everything.

``serve`` runs the gate. Each worker process is a whole gate of its own (listeners shared by SO_REUSEPORT, its own ledger); they
meet in the state store and in nothing else.
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from multiprocessing import resource_tracker
from pathlib import Path

import passgate
from passgate.api.access_messages import AccessAnswer, AccessMessage
from passgate.api.messages import ApprovalInfo, CatalogsRefreshed, GateStatus, PolicyReloaded
from passgate.api.server import APPROVALS, AdminServer
from passgate.api.siblings import Siblings
from passgate.config import settings as configured
from passgate.config.llm import HttpListener
from passgate.core.errors import LedgerUnavailableError, PassgateError, PolicyError
from passgate.core.event import Event, EventType, Json
from passgate.core.session import Session
from passgate.endpoints.beside import Beside, first_of
from passgate.identity.budgets import PassBudgets
from passgate.identity.locks import LockWatch
from passgate.identity.pass_journal import PassJournal
from passgate.identity.registry import PassRegistry
from passgate.identity.revocation_watch import RevocationWatch
from passgate.implementation import wanted
from passgate.ledger.ledger import Ledger
from passgate.ledger.settings import Durability, LedgerSettings, RecordingSettings
from passgate.masking import LineagePlanner, SessionMaskerFactory, is_compiled, open_detector
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.pipeline.sealing import Sealing
from passgate.policy.bundle import Bundle
from passgate.policy.source import BundleSource
from passgate.store.budget_store import BudgetStore
from passgate.store.lock_store import LockStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring import llm
from passgate.wiring.access import AccessWiring
from passgate.wiring.approvals import ApprovalsWiring
from passgate.wiring.control import control_beside
from passgate.wiring.databases import open_databases
from passgate.wiring.issuing import open_issuing
from passgate.wiring.known_people import open_people
from passgate.wiring.listening import Listening, listen
from passgate.wiring.ports import check_ports, listener_places
from passgate.wiring.sealing import in_use, open_sealing
from passgate.wiring.sources import Sources, lease_keeper
from passgate.wiring.tasks import TasksWiring
from passgate.wiring.telemetry import expose, open_telemetry
from passgate.wiring.waking import set_within

_LOG = logging.getLogger("passgate")

_COMPILE = "import pathlib, sys, passgate.masking as m; m.open_detector(cache=pathlib.Path(sys.argv[1]))"

_POLICY_SECONDS = 1.0
"""How soon an edited bundle is in force."""


def serve(settings: configured.Settings, *, workers: int = 1) -> None:
    """Run the gate until SIGINT or SIGTERM. Raises ConfigError and whatever else keeps it from starting."""
    wanted()  # before anything else: what was asked for by name and is not there must not be made do without
    _log_to_stderr()
    settings.state_folder.create()
    open_sealing(settings)  # first of all: without the right master key nothing is begun, and nothing written
    check_ports(settings, workers=workers)  # before what takes seconds, and before the ledger says that a gate began
    _compile_rules(settings.state_folder.cache)
    if workers == 1:
        _run_worker(settings, worker=0, shared=False)
    else:
        _supervise(settings, workers)


def _compile_rules(cache: Path) -> None:
    """In a process of its own, so that the gate does not keep the memory that compiling takes. If it fails, the gate says why."""
    if is_compiled(cache):
        return
    _LOG.info(
        "compiling the detectors of personal data and secrets: some seconds, this once; they are kept in %s", cache
    )
    subprocess.run([sys.executable, "-c", _COMPILE, str(cache)], check=False)  # noqa: S603 - our own program
    if not is_compiled(cache):
        _LOG.warning("the detectors could not be kept in %s, so every start compiles them anew", cache)


def _supervise(settings: configured.Settings, workers: int) -> None:
    """Start the workers and stay; one that ends by itself ends them all, so that nobody runs half a gate unknowingly."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_run_worker, kwargs={"settings": settings, "worker": number, "shared": True})
        for number in range(workers)
    ]
    stop = {signal.SIGTERM, signal.SIGINT}
    resource_tracker.ensure_running()  # or the first start would do it, and unblock what is blocked here
    signal.pthread_sigmask(signal.SIG_BLOCK, {*stop, signal.SIGCHLD})
    for process in processes:
        process.start()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # so that its arrival can be waited for
    told = False
    while not told and all(process.is_alive() for process in processes):  # SIGCHLD: one may only be stopped, or go on
        told = signal.sigwait({*stop, signal.SIGCHLD}) in stop
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
    if not told:
        raise PassgateError("A worker process ended by itself, so the others were ended too: see its message above")


def _run_worker(settings: configured.Settings, *, worker: int, shared: bool) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
    if shared:
        _log_to_stderr()
    try:
        with in_use(settings.state_folder), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_worker(settings, worker, open_sealing(settings), shared=shared))
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


async def _worker(settings: configured.Settings, worker: int, sealing: Sealing, *, shared: bool) -> None:
    async with AsyncExitStack() as stack:
        gate = await Gate.start(settings, worker, sealing, shared=shared, stack=stack)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        supervisor = multiprocessing.parent_process()
        if supervisor is not None:  # killed, it cannot end its workers: nobody would know that they are still there
            loop.add_reader(supervisor.sentinel, stop.set)
        loop.add_signal_handler(signal.SIGHUP, gate.policy_wanted.set)
        gc.collect()
        gc.freeze()
        gc.enable()
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

    def __init__(self, settings: configured.Settings, worker: int, ledger: Ledger, sealing: Sealing) -> None:
        """Raises StoreError, BundleError, DetectorError, MasterKeyError."""
        folder = settings.state_folder
        self._settings = settings
        self._worker_number = worker
        self._ledger = ledger
        self._sealing = sealing
        self._started = datetime.now(UTC)
        self.live = LiveSessions()
        self.database = SqliteDatabase(folder.database)
        store = PassStore(self.database, sealing=sealing)
        self.passes = PassRegistry(store)
        self._watch = RevocationWatch(
            feed=store, end=self.live.revoke, blind=lambda _error: self.live.end_all(EndReason.BLIND)
        )
        self._locks = LockWatch(feed=LockStore(self.database), end=self.live.lock)
        self._journal = PassJournal(changes=store, recorder=ledger, by=f"{settings.node}-{worker}")
        self._policies = BundleSource(settings.policy.bundles, settings.policy.packs)
        self.policy_wanted = asyncio.Event()
        sources = Sources(settings.vaults)
        keeper = lease_keeper(
            settings, sources, database=self.database, live=self.live, worker=worker, record=self.record
        )
        self.databases = open_databases(settings, self.record, sources=sources, keeper=keeper)
        self._models = llm.targets(settings.llm_resources, sources)
        self.telemetry = open_telemetry(settings.telemetry, node=settings.node, worker=worker)
        recorder = self.telemetry.recorder(ledger)
        self._access = AccessWiring(settings, registry=self.passes, database=self.database, recorder=recorder)
        self._people = open_people(
            settings,
            registry=self.passes,
            database=self.database,
            recorder=recorder,
            look=self._watch.look,
            sources=sources,
            shared_key=store.shared_key,
        )
        self.issuing = open_issuing(
            settings,
            registry=self.passes,
            database=self.database,
            recorder=recorder,
            desk=self._access.desk,
            admission=self._people.admission,
            sources=sources,
            shared_key=store.shared_key,
        )
        self.desk = ApprovalsWiring(
            settings.approvals, recorder, database=self.database, key=store.shared_key("approvals")
        )
        self._beside: list[Beside] = [*self.issuing.beside, *self._people.beside(), *self.desk.beside]
        self.facts = TasksWiring(self.database, folder)
        detector = open_detector(cache=folder.cache)
        if self._models:
            detector.prepare()  # or the first answer would wait for it
        self.steps = Steps(
            policy=self._policies,
            planner=LineagePlanner(),
            maskers=SessionMaskerFactory(detector=detector, master_key=store.shared_key("masking")),
            recorder=recorder,
            approvals=self.desk.approvals,
            tasks=self.facts.tasks,
            restructured=self.databases.restructured,
            locked=self._locks.locked,
        )
        self._beside += control_beside(
            settings,
            gate=self,
            tokens=self.issuing.tokens,
            approvals=self.desk.desk,
            requests=self._access.desk,
            sealing=sealing,
        )
        self._socket = folder.socket(settings.node, worker)
        self.tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, settings: configured.Settings, worker: int, sealing: Sealing, *, shared: bool, stack: AsyncExitStack
    ) -> "Gate":
        """Everything open, listening last; ``stack`` closes it in the opposite order."""
        ledger = Ledger.open(settings.state_folder.ledger, _ledger_settings(settings, worker), sealing=sealing)
        stack.callback(ledger.close)
        gate = cls(settings, worker, ledger, sealing)
        stack.callback(gate.telemetry.close)
        stack.callback(gate.database.close)
        stack.push_async_callback(gate.facts.close)
        stack.callback(gate.databases.close)
        await gate.record(EventType.POLICY_ACTIVATED, {"version": gate.steps.policy.current.version})
        await gate.databases.read_catalogs()
        admin = AdminServer(path=gate._socket, control=gate)
        await admin.start()
        stack.push_async_callback(admin.close)
        gate.desk.start()
        stack.push_async_callback(gate.desk.close)
        await gate.open_desk(stack)
        await expose(
            gate.telemetry, settings.telemetry, worker=worker, sessions=lambda: len(gate.live.list()), stack=stack
        )
        stack.push_async_callback(gate.end_tasks)
        for follower in gate.databases.followers():
            gate.run(follower)
        gate.run(gate._watch.run())
        gate.run(gate._locks.run())
        gate.run(gate._journal.run())
        gate.run(gate._access.desk.run())
        for task in gate._people.tasks():
            gate.run(task)
        gate.run(gate.facts.tasks.run())
        gate.run(gate.follow_policy())
        for listener, place in zip(settings.listeners, listener_places(settings), strict=True):
            endpoint = gate.endpoint(listener, shared=shared)
            await listen(endpoint, place, shared=shared)
            stack.push_async_callback(endpoint.close)
        return gate

    async def open_desk(self, stack: AsyncExitStack) -> None:
        """The people's socket. Raises ConfigError."""
        users = self.desk.users()
        path = self.desk.socket(self._settings.node, self._worker_number)
        if path is not None:
            people = AdminServer(path=path, control=self, allowed=users, operations=APPROVALS, mode=0o666)
            await people.start()
            stack.push_async_callback(people.close)

    @property
    def bundle(self) -> Bundle:
        """The policy in force."""
        return self._policies.bundle

    def run(self, task: Coroutine[object, object, None]) -> None:
        self.tasks.add(asyncio.get_running_loop().create_task(task))

    async def end_tasks(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def endpoint(self, listener: configured.Listener, *, shared: bool) -> Listening:
        """Raises ConfigError if the certificate is not usable."""
        if isinstance(listener, HttpListener):
            return llm.endpoint(
                self._settings,
                listener,
                targets=self._models,
                steps=self.steps,
                passes=self.passes,
                live=self.live,
                budgets=PassBudgets(BudgetStore(self.database)),
                telemetry=self.telemetry,
                beside=first_of(self._beside),
                own=self.issuing.own,
                sealing=self._sealing,
            )
        siblings = Siblings(self._socket).cancel if shared else None
        return self.databases.endpoint(
            listener,
            steps=self.steps,
            passes=self.passes,
            live=self.live,
            siblings=siblings,
            sealing=self._sealing,
        )

    # -- what goes on in the background ----------------------------------------------------------------------------

    async def follow_policy(self) -> None:
        """An edited bundle is taken by itself, an unedited one read anew when a signal asks for it."""
        while True:
            asked = await set_within(self.policy_wanted, _POLICY_SECONDS)
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
        return await self.databases.cancel(process_id, key)

    async def revoked(self, pass_ids: frozenset[str]) -> int:  # noqa: ARG002 - the store knows, whatever the caller says
        return self._watch.look()

    async def locked(self) -> int:
        return self._locks.look()

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
            self.live.end_denied()
            await self.record(EventType.POLICY_ACTIVATED, {"version": result.version}, actor=actor)
        return PolicyReloaded(version=result.version, changed=result.activated)

    def approvals(self, *, actor: str) -> tuple[ApprovalInfo, ...]:
        return self.desk.requests(actor)

    async def vote(self, request: str, *, approves: bool, note: str, actor: str) -> ApprovalInfo | None:
        return await self.desk.vote(request, approves=approves, note=note, actor=actor)

    async def access(self, request: AccessMessage, *, actor: str) -> AccessAnswer:
        return await self._access.answer(request, actor=actor)

    async def refresh_catalog(self, resource: str | None, *, actor: str) -> CatalogsRefreshed:  # noqa: ARG002 - read only
        return CatalogsRefreshed(versions=dict(await self.databases.refresh_catalogs(resource)))


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
