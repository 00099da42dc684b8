"""What the control API needs of the worker that serves it."""

from typing import Protocol

from passgate.api.messages import PolicyReloaded
from passgate.core.event import Event
from passgate.identity.registry import PassRegistry
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.policy.bundle import Bundle
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.databases import Databases


class RunningGate(Protocol):
    """The composition root's gate."""

    @property
    def database(self) -> SqliteDatabase: ...

    @property
    def passes(self) -> PassRegistry: ...

    @property
    def live(self) -> LiveSessions: ...

    @property
    def steps(self) -> Steps: ...

    @property
    def databases(self) -> Databases: ...

    @property
    def bundle(self) -> Bundle:
        """The policy in force."""

    async def revoked(self, pass_ids: frozenset[str]) -> int:
        """End the sessions of passes that are revoked, now."""

    async def locked(self) -> int:
        """End the sessions that a lock reaches, now."""

    async def reload_policy(self, *, actor: str) -> PolicyReloaded:
        """Raises PolicyError; the bundle in force stays then."""


async def record(gate: RunningGate, event: Event) -> None:
    """Durable on return. Raises LedgerUnavailableError."""
    await gate.steps.recorder.append(event).durable
