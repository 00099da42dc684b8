"""Tells channels of requests, beside everything else: a channel that fails or is slow keeps nothing waiting and decides nothing."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from passgate.core.errors import ChannelError, LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType
from passgate.pipeline.approval_desk import ApprovalRequest, Channel
from passgate.pipeline.approval_store import ApprovalStore
from passgate.pipeline.protocols import Recorder
from passgate.pipeline.receipt import looked_at

_LOG = logging.getLogger(__name__)

TRIES = 6
"""With the pauses below: about a minute, then the channel has failed this once."""

_FIRST_PAUSE = 2.0
_MOST_WAITING = 1000
"""Messages that wait for one channel. Past that new ones are not sent there: whoever decides still finds them at the desk."""

_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    request: ApprovalRequest
    over: bool


class Announcer:
    """One queue and one task for each channel; messages of a channel go out in order.

    ``pause``: seconds before the second try; each next one is twice as long.
    """

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        store: ApprovalStore,
        recorder: Recorder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: float = _FIRST_PAUSE,
    ) -> None:
        self._channels = dict(channels)
        self._store = store
        self._recorder = recorder
        self._now = now
        self._pause = pause
        self._queues: dict[str, asyncio.Queue[_Message]] = {name: asyncio.Queue(_MOST_WAITING) for name in channels}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._serve(name)) for name in self._channels]

    async def close(self) -> None:
        """What waits is given a moment, then let go: the desk has it all."""
        waiting = [asyncio.create_task(queue.join()) for queue in self._queues.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=_CLOSE_SECONDS)
        for task in (*waiting, *self._tasks):
            task.cancel()
        await asyncio.gather(*waiting, *self._tasks, return_exceptions=True)

    def announce(self, request: ApprovalRequest) -> None:
        """Somebody is asked."""
        self._put(_Message(request=request, over=False))

    def resolved(self, request: ApprovalRequest) -> None:
        """Nobody is asked any more."""
        self._put(_Message(request=request, over=True))

    def _put(self, message: _Message) -> None:
        for name, queue in self._queues.items():
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self._give_up(name, message.request, "too many messages wait for it")

    async def _serve(self, name: str) -> None:
        queue = self._queues[name]
        while True:
            message = await queue.get()
            try:
                await self._tell(name, message)
            finally:
                queue.task_done()

    async def _tell(self, name: str, message: _Message) -> None:
        pause, why = self._pause, ""
        for number in range(TRIES):
            if number:
                await asyncio.sleep(pause)
                pause *= 2
            if not message.over and message.request.expires <= self._now():
                return
            try:
                await self._once(name, message)
            except (ChannelError, StoreError) as error:
                why = str(error)
                _LOG.warning(
                    "channel %s, request %s, try %d of %d: %s", name, message.request.id, number + 1, TRIES, why
                )
            else:
                return
        self._give_up(name, message.request, why)

    async def _once(self, name: str, message: _Message) -> None:
        """Raises ChannelError, StoreError."""
        channel, request = self._channels[name], message.request
        if message.over:
            await channel.resolved(request, self._store.references(request.id).get(name, ""))
            return
        reference = await channel.announce(request)
        if reference:
            self._store.announced(request.id, name, reference)

    def _give_up(self, name: str, request: ApprovalRequest, why: str) -> None:
        _LOG.error("channel %s was not told of request %s: %s", name, request.id, why)
        event = Event(
            type=EventType.APPROVAL_UNTOLD, detail={"request": request.id, "channel": name, "reason": why[:200]}
        )
        try:
            self._recorder.append(event).durable.add_done_callback(looked_at)
        except LedgerUnavailableError as error:
            _LOG.warning("that channel %s failed could not be recorded: %s", name, error)


class Silent:
    """Tells nobody: people look at the desk by themselves."""

    def announce(self, request: ApprovalRequest) -> None:
        """Nobody is told."""

    def resolved(self, request: ApprovalRequest) -> None:
        """Nobody is told."""
