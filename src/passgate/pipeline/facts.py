"""A session's part in the facts of its task: learnt before each decision, set before what they are about is released."""

import asyncio
from collections.abc import Iterable
from typing import Final, final

from passgate.core.decision import Obligation, Tag
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.core.session import Session
from passgate.pipeline.protocols import Recorder, Tasks
from passgate.pipeline.receipt import both

SENSITIVE_READ = "sensitive-read"
"""Set by the gate itself: a result in which a column or a value is masked is about to reach the caller."""

BY_GATE = "gate"
"""Whose doing a fact is that no rule asks for."""


@final
class SessionFacts:
    def __init__(self, *, session: Session, tasks: Tasks, recorder: Recorder) -> None:
        """Raises StoreError."""
        self.session: Final = session
        self._tasks = tasks
        self._recorder = recorder
        self._task = session.task = tasks.open(session.pass_)
        self._seen = self._task.tags
        self._kept: asyncio.Future[None] | None = None
        self._waited: dict[str, asyncio.Future[None]] = {}
        session.tags |= self._seen

    def refresh(self) -> None:
        """Whatever any session of the task has set by now is among the session's tags. Raises StoreError."""
        self._tasks.look()
        tags = self._task.tags
        if tags is not self._seen:
            self._seen = tags
            self.session.tags |= tags

    def oblige(self, obligations: Iterable[Obligation]) -> None:
        """Raises LedgerUnavailableError."""
        for obligation in obligations:
            if isinstance(obligation, Tag):
                self.tag(obligation.tag, by=obligation.rule)

    def tag(self, tag: str, *, by: str) -> None:
        """In force at once, durable when ``kept`` is done. ``by``: the rule that asks for it. Raises LedgerUnavailableError."""
        task = self._task
        if tag in task.kept:
            return
        new = tag not in task.tags
        kept = self._tasks.tag(task, tag)
        if kept is not None and self._waited.get(tag) is not kept:
            self._waited[tag] = kept
            earlier = self.kept
            self._kept = kept if earlier is None else both(earlier, kept)
        self._seen = task.tags
        self.session.tags |= task.tags
        if new:
            event = Event(type=EventType.TASK_TAGGED, session=self.session, detail={"tag": tag, "by": by})
            self._recorder.append(event)

    @property
    def kept(self) -> "asyncio.Future[None] | None":
        """Done when all that this session has set is durable, failed with StoreError where it will not be; None where nothing is on
        its way. To be asked for at once by whoever has set something: a failure is theirs, and the next who sets it tries again."""
        if self._kept is not None and self._kept.done():
            self._kept = None
        return self._kept

    def after(self, recorded: "asyncio.Future[None]") -> "asyncio.Future[None]":
        """Done when both ``recorded`` and the facts are durable."""
        if self._kept is None:
            return recorded
        kept = self.kept
        return recorded if kept is None else both(recorded, kept)

    def close(self) -> None:
        self._tasks.close(self._task)


def attempted(facts: SessionFacts, obligations: Iterable[Obligation]) -> None:
    """Of a rule that stops what it tags: the attempt is the fact, also where the ledger cannot take note of it."""
    try:
        facts.oblige(obligations)
    except LedgerUnavailableError:
        return  # nothing happens then, and the fact is in force all the same
