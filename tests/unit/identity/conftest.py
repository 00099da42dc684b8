"""A store in memory, and a clock that is set by hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.passes import Pass, PassState
from passgate.pipeline.protocols import ScramVerifier


@dataclass
class Clock:
    time: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


async def until(happened: Callable[[], object]) -> None:
    """Let the tasks under test run until it has happened, two seconds at most."""
    async with asyncio.timeout(2):
        while not happened():  # noqa: ASYNC110 - what is waited for is state, not an event
            await asyncio.sleep(0)


@dataclass
class MemoryStore:
    """What identity asks of a store."""

    passes: dict[str, tuple[Pass, ScramVerifier]] = field(default_factory=dict)
    actors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add(self, pass_: Pass, verifier: ScramVerifier, *, actor: str) -> None:
        assert pass_.id not in self.passes
        self.passes[pass_.id] = (pass_, verifier)
        self.actors.append(actor)

    def find(self, pass_id: str) -> Pass | None:
        self.asked.append(pass_id)
        return self.passes[pass_id][0] if pass_id in self.passes else None

    def verifier(self, pass_id: str) -> ScramVerifier | None:
        self.asked.append(pass_id)
        return self.passes[pass_id][1] if pass_id in self.passes else None

    def all(self, *, live_at: datetime | None = None) -> tuple[Pass, ...]:
        passes = [pass_ for pass_, _ in self.passes.values()]
        return tuple(p for p in passes if live_at is None or p.state(live_at) is PassState.LIVE)

    def revoke(self, pass_id: str, *, at: datetime, actor: str) -> Pass | None:
        if pass_id not in self.passes:
            return None
        pass_, verifier = self.passes[pass_id]
        self.passes[pass_id] = (replace(pass_, revoked=at), verifier)
        self.actors.append(actor)
        return self.passes[pass_id][0]

    def shared_key(self, name: str) -> bytes:
        return name.encode().ljust(32, b"\0")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()
