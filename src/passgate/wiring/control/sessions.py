"""Sessions, as the control API asks for them: live ones of every worker, and what the ledger tells of those that were."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from passgate.api.client import AdminClient
from passgate.api.messages import SessionInfo
from passgate.config.state_folder import StateFolder
from passgate.core.event import Event, EventType
from passgate.ledger.index import Index, SessionRow
from passgate.ledger.reader import LedgerReader
from passgate.ledger.replay import replay
from passgate.pipeline.control import Played, SessionView
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.wiring.control.gate import RunningGate, record
from passgate.wiring.recordings import READERS

_SIBLING_SECONDS = 2.0
"""A worker that answers its own socket no sooner is not one to wait for."""

_T = TypeVar("_T")


class Sessions:
    """Implements ``pipeline.control.SessionDesk``. Files and sockets are read in threads: the gate goes on meanwhile."""

    def __init__(self, folder: StateFolder, *, gate: RunningGate, sealing: Sealing = UNSEALED) -> None:
        self._gate = gate
        self._workers = AdminClient(folder.run, timeout_seconds=_SIBLING_SECONDS)
        self._ledger = LedgerReader(folder.ledger, sealing=sealing)
        self._indexing = asyncio.Lock()

    async def live(self) -> Sequence[SessionView]:
        survey = await asyncio.to_thread(self._workers.sessions)
        return tuple(_live(info) for one in survey.answers for info in one.answer.sessions)

    async def over(self, *, most: int) -> Sequence[SessionView]:
        rows = await self._indexed(lambda index: index.sessions(most))
        return tuple(_over(row) for row in rows if row.closed is not None)

    async def find(self, session_id: str) -> SessionView | None:
        for session in await self.live():
            if session.id == session_id:
                return session
        rows = await self._indexed(lambda index: index.beginning_with(session_id))
        return next((_over(row) for row in rows if row.id == session_id), None)

    async def kill(self, session_id: str, *, actor: str) -> bool:
        if self._gate.live.kill(session_id):
            await record(self._gate, Event(type=EventType.SESSION_KILLED, actor=actor, detail={"session": session_id}))
            return True
        survey = await asyncio.to_thread(self._workers.kill, session_id)
        return any(one.answer.found for one in survey.answers)

    async def play(self, session_id: str) -> Played | None:
        found = await asyncio.to_thread(replay, self._ledger, session_id, READERS)
        return None if found is None else Played(recorded=found.recorded, moments=found.moments)

    async def _indexed(self, ask: Callable[[Index], _T]) -> _T:
        """One at a time: the index is brought up to date first."""

        def run() -> _T:
            with Index.open(self._ledger) as index:
                return ask(index)

        async with self._indexing:
            return await asyncio.to_thread(run)


def _live(info: SessionInfo) -> SessionView:
    return SessionView(
        id=info.id,
        live=True,
        pass_id=info.pass_id,
        principal=info.principal,
        on_behalf_of=info.on_behalf_of,
        purpose=info.purpose,
        resource=info.resource,
        opened=info.opened,
        closed=None,
        peer=info.peer,
        tags=info.tags,
        counters=info.counters,
    )


def _over(row: SessionRow) -> SessionView:
    return SessionView(
        id=row.id,
        live=False,
        pass_id=row.pass_,
        principal=row.actor,
        on_behalf_of=row.on_behalf_of or None,
        purpose=row.purpose,
        resource=row.resource,
        opened=_time(row.opened),
        closed=None if row.closed is None else _time(row.closed),
        peer=row.peer,
        counters={"allowed": row.allowed, "refused": row.refused, "rows": row.rows, "tokens": row.tokens},
    )


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
