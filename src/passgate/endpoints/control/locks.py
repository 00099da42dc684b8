"""``/locks``: list, set, lift."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from passgate.core.errors import LockError
from passgate.core.lock import Lock, LockKind
from passgate.endpoints.control.problem import Code, ProblemError, not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import Answer, Body, Listed, NoBody, NoQuery, Page, Said, Word, page
from passgate.pipeline.control import LockAsked, LockDesk, Role


class LockSet(Body):
    """``target``: a subject, a pass's id or a resource's name, as ``kind`` says. Without ``ttl_seconds`` it holds until lifted."""

    kind: Annotated[LockKind, Field(strict=False)]
    target: Word
    reason: Said
    ttl_seconds: Annotated[int, Field(ge=1, le=10**9)] | None = None


class LockShown(Answer):
    id: str
    kind: LockKind
    target: str
    reason: str
    actor: str
    at: datetime
    until: datetime | None


class LockSetShown(LockShown):
    """``live_passes``: how many passes it keeps out that were good until now; 0 where a subject may be mistyped."""

    live_passes: int


class LockList(Listed):
    items: list[LockShown]


class Locks:
    def __init__(self, desk: LockDesk) -> None:
        self._desk = desk

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/locks", name="listLocks", about="The locks that hold, newest first.",
            roles=frozenset({Role.AUDITOR, Role.OPERATOR}), query=Page, body=NoBody, answer=LockList, handler=self._list,
        )  # fmt: skip
        yield Route(
            method="POST", path="/locks", name="setLock",
            about="Keep somebody or something out from now on; live sessions end within two seconds.",
            roles=frozenset({Role.OPERATOR}), query=NoQuery, body=LockSet, answer=LockSetShown, handler=self._set,
            effect=Effect.CHANGES, status=201,
        )  # fmt: skip
        yield Route(
            method="DELETE", path="/locks/{lock_id}", name="liftLock", about="Lift a lock.",
            roles=frozenset({Role.OPERATOR}), query=NoQuery, body=NoBody, answer=LockShown, handler=self._lift,
            effect=Effect.CHANGES,
        )  # fmt: skip

    async def _list(self, call: Call[Page, NoBody]) -> LockList:
        items, rest = page(self._desk.list(), call.query, route="listLocks", key=lambda one: one.id)
        return LockList(items=[_shown(one) for one in items], next_cursor=rest)

    async def _set(self, call: Call[NoQuery, LockSet]) -> LockSetShown:
        sent = call.body
        asked = LockAsked(
            kind=sent.kind,
            target=sent.target,
            reason=sent.reason,
            ttl=None if sent.ttl_seconds is None else timedelta(seconds=sent.ttl_seconds),
        )
        try:
            made = await self._desk.set(asked, actor=call.caller.name)
        except LockError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None
        return LockSetShown(**_shown(made.lock).model_dump(), live_passes=made.live_passes)

    async def _lift(self, call: Call[NoQuery, NoBody]) -> LockShown:
        found = next((one for one in self._desk.list() if one.id == call.path["lock_id"]), None)
        if found is None or not await self._desk.lift(found.id, actor=call.caller.name):
            raise not_found("lock")
        return _shown(found)


def _shown(lock: Lock) -> LockShown:
    return LockShown(
        id=lock.id,
        kind=lock.kind,
        target=lock.target,
        reason=lock.reason,
        actor=lock.actor,
        at=lock.at,
        until=lock.until,
    )
