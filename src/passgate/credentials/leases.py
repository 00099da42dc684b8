"""Keeps the logins that Vaults have made for this process's sessions: renewed while a session lives, taken away when it ends.

Every lease is written down before its login is used, and stays written until the Vault has taken it away. A row belongs to whoever
refreshes its hold on it: what a crash leaves behind loses its hold, and the next process that looks takes those logins away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.action import VerbClass
from passgate.core.errors import SecretUnavailableError, StoreError
from passgate.core.lease import Lease
from passgate.core.session import Session
from passgate.credentials.vault.database import DatabaseEngine, LeasedLogin, LeaseEndedError
from passgate.credentials.vault.errors import VaultUnreachableError
from passgate.pipeline.logins import Login

_LOG = logging.getLogger(__name__)

TICK_SECONDS = 5.0

_HOLD = timedelta(seconds=60)
"""Far longer than the pause between two ticks: what has not been held on to for so long has nobody who will."""

_RENEWED_AFTER = 0.5
"""Of its time, which is when a lease is renewed: enough is left to try again for as long as a Vault may be away."""


_RETRY_SECONDS = 30.0


class LeaseStore(Protocol):
    """Every method raises StoreError."""

    def add(self, lease: Lease, *, holder: str, held_until: datetime) -> None: ...

    def hold(self, lease_ids: Sequence[str], *, held_until: datetime) -> None: ...

    def abandoned(self, *, now: datetime, holder: str = "") -> tuple[Lease, ...]:
        """Those that nobody holds on to any more, and all of ``holder``'s."""

    def remove(self, lease_id: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class _Held:
    """A lease whose session lives. ``until`` it ends, ``due``: when to renew it next; seconds of the loop's clock."""

    lease: Lease
    until: float
    due: float
    renewable: bool
    lost: bool = False


class LeaseKeeper:
    """``holder``: this process among those that share the store. ``lost``: ends the session of that id, since its login is gone.
    ``swept``: told of each lease taken away that a session's end could not take away itself."""

    def __init__(
        self,
        engines: Mapping[str, DatabaseEngine],
        store: LeaseStore,
        *,
        holder: str,
        lost: Callable[[str], object],
        swept: Callable[[Lease], Awaitable[None]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engines = engines
        self._store = store
        self._holder = holder
        self._lost = lost
        self._swept = swept
        self._now = now
        self._held: dict[str, _Held] = {}
        """By the login's name."""
        self._making: set[asyncio.Task[tuple[Lease, LeasedLogin]]] = set()
        self._fresh: set[str] = set()
        """Leases that are written down, and whose session has not been told yet: they are nobody's leavings."""

    # -- a session's beginning and end -----------------------------------------------------------------------------

    async def open(self, server: str, mount: str, role: str, session: Session) -> Login:
        """Raises SecretUnavailableError, StoreError."""
        making = asyncio.get_running_loop().create_task(self._make(server, mount, role, session))
        self._making.add(making)
        making.add_done_callback(self._made)
        # Whoever waits may give up meanwhile. The lease is then written down all the same, held by nobody, and swept.
        try:
            lease, made = await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(self._given_up)
            raise
        self._fresh.discard(lease.id)
        began = asyncio.get_running_loop().time()
        self._held[made.user] = _Held(
            lease=lease,
            until=began + made.seconds,
            due=began + made.seconds * _RENEWED_AFTER,
            renewable=made.renewable,
        )
        return Login(user=made.user, password=made.password)

    def _given_up(self, making: "asyncio.Task[tuple[Lease, LeasedLogin]]") -> None:
        if not making.cancelled() and making.exception() is None:
            self._fresh.discard(making.result()[0].id)

    def _made(self, making: "asyncio.Task[tuple[Lease, LeasedLogin]]") -> None:
        self._making.discard(making)
        if not making.cancelled():
            making.exception()  # looked at, also where nobody waits for it any more

    async def _make(self, server: str, mount: str, role: str, session: Session) -> tuple[Lease, LeasedLogin]:
        engine = self._engines[server]
        made = await engine.make(mount, role)
        now = self._now()
        lease = Lease(
            id=made.lease,
            server=server,
            resource=session.resource.name,
            session=session.id,
            user=made.user,
            expires=now + timedelta(seconds=made.seconds),
        )
        try:
            self._store.add(lease, holder=self._holder, held_until=now + _HOLD)
        except StoreError:
            await engine.revoke(made.lease)  # what cannot be written down must not be used
            raise
        self._fresh.add(lease.id)
        return lease, made

    async def close(self, user: str) -> None:
        """Raises SecretUnavailableError, StoreError; the sweep tries again until it is done."""
        held = self._held.pop(user, None)
        if held is None:
            return
        try:
            await self._revoke(held.lease)
        except SecretUnavailableError:
            self._store.hold([held.lease.id], held_until=self._now())
            raise

    async def _revoke(self, lease: Lease) -> None:
        await self._engines[lease.server].revoke(lease.id)
        self._store.remove(lease.id)

    # -- what goes on in the background ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled. Three loops, so that a vault that is slow keeps nobody from holding on to what is used."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_holding())
            tasks.create_task(self._keep_sweeping())
            tasks.create_task(self._keep_renewing())

    async def _keep_holding(self) -> None:
        while True:
            try:
                self._store.hold([held.lease.id for held in self._held.values()], held_until=self._now() + _HOLD)
            except StoreError as error:
                _LOG.warning("leased logins cannot be held on to: %s", error)
            await asyncio.sleep(TICK_SECONDS)

    async def _keep_sweeping(self) -> None:
        former = self._holder  # what a former process of this name left behind goes first: its sessions ended with it
        while True:
            try:
                await self.sweep(former)
            except StoreError as error:
                _LOG.warning("leased logins cannot be swept: %s", error)
            former = ""
            await asyncio.sleep(TICK_SECONDS)

    async def _keep_renewing(self) -> None:
        while True:
            await self.renew()
            await asyncio.sleep(TICK_SECONDS)

    async def sweep(self, holder: str = "") -> int:
        """Take away what nobody holds; how many. ``holder``: whose rows count as abandoned too. Raises StoreError."""
        gone = 0
        away: set[str] = set()
        for lease in self._store.abandoned(now=self._now(), holder=holder):
            held = self._held.get(lease.user)
            if lease.id in self._fresh or (held is not None and held.lease.id == lease.id):
                continue  # this process was stuck, but has not given it up
            if lease.server in away:
                continue
            if lease.server not in self._engines:
                _LOG.warning("a login leased by vault %s is left, which is not configured any more", lease.server)
                continue
            try:
                await self._revoke(lease)
            except SecretUnavailableError as error:
                _LOG.warning("the login %s left behind at %s stays: %s", lease.user, lease.resource, error)
                if isinstance(error, VaultUnreachableError):
                    away.add(lease.server)  # one time-out is enough for this time
                continue
            gone += 1
            await self._swept(lease)
        return gone

    async def renew(self) -> None:
        """Renew what is half over. A session whose lease is over, or cannot be renewed, is ended: its login is gone."""
        away: set[str] = set()
        for server in {held.lease.server for held in self._held.values()}:
            try:
                await self._engines[server].vault.keep()
            except SecretUnavailableError as error:
                _LOG.warning("the gate's own token cannot be kept: %s", error)
        for held in tuple(self._held.values()):
            await self._renew(held, away)

    async def _renew(self, held: _Held, away: set[str]) -> None:
        clock = asyncio.get_running_loop().time
        if held.renewable and held.lease.server not in away and held.due <= (began := clock()) < held.until:
            held.due = began + min(_RETRY_SECONDS, (held.until - began) / 2)
            try:
                seconds = await self._engines[held.lease.server].renew(held.lease.id)
            except LeaseEndedError as error:
                _LOG.warning("the login %s ends: %s", held.lease.user, error)
                held.until = began
            except SecretUnavailableError as error:
                _LOG.warning("the login %s is not renewed yet: %s", held.lease.user, error)
                if isinstance(error, VaultUnreachableError):
                    away.add(held.lease.server)
            else:
                # Near its longest time a Vault renews for no more than is left, so this comes to its end below.
                if began + seconds > held.until:
                    held.until, held.due = began + seconds, began + seconds * _RENEWED_AFTER
        if clock() + TICK_SECONDS >= held.until:
            self._end(held)

    def _end(self, held: _Held) -> None:
        if not held.lost:
            held.lost = True
            self._lost(held.lease.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedRole:
    """A role of the engine, for sessions whose pass covers nothing but these."""

    role: str
    verbs: frozenset[VerbClass]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLogins:
    """Implements ``Logins`` for one resource. ``roles``: the first that covers all that a pass does is the one."""

    keeper: LeaseKeeper
    server: str
    mount: str
    roles: tuple[LeasedRole, ...]

    async def open(self, session: Session) -> Login:
        """Raises SecretUnavailableError."""
        wanted = session.pass_.verbs - {VerbClass.SESSION}
        for one in self.roles:
            if wanted <= one.verbs:
                try:
                    return await self.keeper.open(self.server, self.mount, one.role, session)
                except StoreError as error:
                    raise SecretUnavailableError(f"a leased login cannot be written down: {error}") from error
        names = ", ".join(sorted(verb.value for verb in wanted))
        raise SecretUnavailableError(f"no role of vault {self.server} covers a pass with the verbs {names}")

    async def close(self, user: str) -> None:
        """Raises SecretUnavailableError."""
        try:
            await self.keeper.close(user)
        except StoreError as error:
            raise SecretUnavailableError(f"a leased login is gone, but not crossed out: {error}") from error
