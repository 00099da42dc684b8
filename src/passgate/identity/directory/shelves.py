"""Changes of people and groups: written down, and followed by the end of access where they take it away."""

import dataclasses
import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol

from passgate.core.directory import Content, Entry, Group, User
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.identity.directory.standing import Standing
from passgate.identity.ending import Ending
from passgate.pipeline.directory import Match, Page
from passgate.pipeline.protocols import Recorder

_LOG = logging.getLogger(__name__)

_NOBODY: frozenset[str] = frozenset()


class Entries(Protocol[Content]):
    """Where they are kept. Every method raises StoreError; those that write raise NameTakenError and UnknownMemberError too."""

    def find(self, entry_id: str) -> Entry[Content] | None: ...

    def page(self, matches: Sequence[Match], *, start: int, count: int) -> Page[Content]: ...

    def add(self, entry: Entry[Content]) -> None: ...

    def replace(self, old: Entry[Content], new: Entry[Content]) -> bool: ...

    def remove(self, old: Entry[Content]) -> bool: ...


class Subjects(Protocol):
    def subjects(self, user_ids: frozenset[str]) -> frozenset[str]:
        """How tokens name these users, casefolded. Raises StoreError."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a change leads to. ``actor``: who changes, as the ledger names it."""

    standing: Standing
    ending: Ending
    recorder: Recorder
    actor: str

    def judge(self, affected: frozenset[str], gone: frozenset[str] = _NOBODY) -> None:
        """End what these subjects may not have any more. Raises StoreError."""
        if affected:  # first what passes are made from, so that nothing grows again behind what is cut
            self.ending.sign_out(self.standing.is_out(affected=affected, gone=gone))
            self.ending.end(self.standing.why_not(affected=affected, gone=gone), actor=self.actor)

    async def record(self, detail: dict[str, Json], *, taking: bool) -> None:
        """Until it is durable. Raises LedgerUnavailableError, unless it takes something away: that is done all the same."""
        try:
            await self.recorder.append(Event(type=EventType.DIRECTORY_CHANGED, actor=self.actor, detail=detail)).durable
        except LedgerUnavailableError as error:
            if not taking:
                raise
            _LOG.error("a change of the directory could not be recorded: %s", error)


class _Shelf(ABC, Generic[Content]):
    """Nothing is given that is not recorded first; nothing is left waiting for the ledger that is taken."""

    def __init__(
        self,
        *,
        entries: Entries[Content],
        subjects: Subjects,
        consequences: Consequences,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._entries = entries
        self._subjects = subjects
        self._consequences = consequences
        self._now = now

    def find(self, entry_id: str) -> Entry[Content] | None:
        return self._entries.find(entry_id)

    def page(self, matches: Sequence[Match], *, start: int, count: int) -> Page[Content]:
        return self._entries.page(matches, start=start, count=count)

    async def add(self, content: Content) -> Entry[Content]:
        now = self._now()
        entry = Entry(id=str(uuid.uuid4()), content=content, created=now, modified=now, version=1)
        await self._consequences.record(_detail("created", entry), taking=False)
        self._entries.add(entry)
        self._consequences.judge(self._touched(None, content, entry.id))
        return entry

    async def replace(self, old: Entry[Content], content: Content) -> Entry[Content] | None:
        touched, gone = self._touched(old.content, content, old.id), self._gone(old, content)
        if content == old.content:
            self._consequences.judge(touched, gone)  # perhaps the last time something came in between
            return old
        new = Entry(id=old.id, content=content, created=old.created, modified=self._now(), version=old.version + 1)
        taking = self._takes(old.content, content)
        if not taking:
            await self._consequences.record(_detail("changed", new), taking=False)
        if not self._entries.replace(old, new):
            return None
        self._consequences.judge(touched | self._touched(old.content, content, old.id), gone)
        if taking:
            await self._consequences.record(_detail("changed", new), taking=True)
        return new

    async def remove(self, old: Entry[Content]) -> bool:
        touched = self._touched(old.content, None, old.id)
        if not self._entries.remove(old):
            return False
        self._consequences.judge(touched, touched if self._people else _NOBODY)
        await self._consequences.record(_detail("removed", old), taking=True)
        return True

    _people = False
    """Whether they are people themselves."""

    @abstractmethod
    def _touched(self, old: Content | None, new: Content | None, entry_id: str) -> frozenset[str]:
        """The subjects for whom the change may mean something, as far as the store knows them now."""

    @abstractmethod
    def _gone(self, old: Entry[Content], new: Content) -> frozenset[str]:
        """The subjects who may be nobody after it."""

    @abstractmethod
    def _takes(self, old: Content, new: Content) -> bool:
        """Does it only take something away?"""


class Users(_Shelf[User]):
    """The ``Shelf`` of people."""

    _people = True

    def _touched(self, old: User | None, new: User | None, entry_id: str) -> frozenset[str]:  # noqa: ARG002 - the store knows
        return self._subjects.subjects(frozenset({entry_id}))

    def _gone(self, old: Entry[User], new: User) -> frozenset[str]:  # noqa: ARG002 - what they are called now is asked later
        return self._subjects.subjects(frozenset({old.id}))

    def _takes(self, old: User, new: User) -> bool:  # noqa: ARG002 - whoever is not active has nothing, whatever they are called
        return not new.active

    async def remove(self, old: Entry[User]) -> bool:
        """First inactive, so that nothing is left standing if it ends halfway."""
        inactive = await self.replace(old, dataclasses.replace(old.content, active=False))
        return inactive is not None and await super().remove(inactive)


class Groups(_Shelf[Group]):
    """The ``Shelf`` of groups."""

    def _touched(self, old: Group | None, new: Group | None, entry_id: str) -> frozenset[str]:  # noqa: ARG002
        before = _NOBODY if old is None else old.members
        after = _NOBODY if new is None else new.members
        renamed = old is not None and new is not None and old.display_name != new.display_name
        return self._subjects.subjects(before | after if renamed or old == new else before - after)

    def _gone(self, old: Entry[Group], new: Group) -> frozenset[str]:  # noqa: ARG002 - a group takes nobody out of the company
        return _NOBODY

    def _takes(self, old: Group, new: Group) -> bool:
        return dataclasses.replace(old, members=new.members) == new and new.members < old.members


def _detail(what: str, entry: Entry[Content]) -> dict[str, Json]:
    content = entry.content
    if isinstance(content, User):
        return {"what": what, "user": content.user_name, "id": entry.id, "active": content.active}
    return {"what": what, "group": content.display_name, "id": entry.id, "members": len(content.members)}
