"""``/sessions``: who is connected, who was, what they saw; end one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from passgate.core.principal import Principal, PrincipalKind
from passgate.endpoints.control.problem import not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import (
    Answer,
    Flag,
    Listed,
    NoBody,
    NoQuery,
    Page,
    page,
    read_cursor,
    write_cursor,
)
from passgate.pipeline.control import Caller, PassDesk, Role, SessionDesk, SessionView

MOST_OVER = 2000
"""How far back a list of sessions that are over goes; the ledger's own search goes further."""

_READERS = frozenset({Role.USER, Role.AUDITOR, Role.OPERATOR})
_ALL = frozenset({Role.AUDITOR, Role.OPERATOR})
_RECORDING = "getRecording"


class SessionShown(Answer):
    """``closed`` null: it is open, or its gate died with it. ``counters``: of a live session those that rules see."""

    id: str
    live: bool
    pass_id: str
    principal: str
    on_behalf_of: str | None
    purpose: str
    resource: str
    opened: datetime
    closed: datetime | None
    peer: str
    tags: list[str]
    counters: dict[str, int]


class SessionList(Listed):
    items: list[SessionShown]


class SessionPage(Page):
    """``live``: those that are open now; otherwise the newest that are over."""

    live: Flag = True


class SessionKilled(Answer):
    id: str
    killed: bool


class MomentShown(Answer):
    """``at``: seconds since the session began, as text with six digits. ``facts``: what ``text`` was made of, as recorded."""

    at: str
    kind: str
    text: str
    facts: dict[str, Any]


class Recording(Listed):
    """``recorded`` false: what the client saw was erased or never stored, and the log alone tells."""

    session: str
    recorded: bool
    items: list[MomentShown]


class Sessions:
    def __init__(self, desk: SessionDesk, passes: PassDesk) -> None:
        self._desk = desk
        self._passes = passes

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/sessions", name="listSessions", about="Sessions, newest first; a user's own only.",
            roles=_READERS, query=SessionPage, body=NoBody, answer=SessionList, handler=self._list,
        )  # fmt: skip
        yield Route(
            method="GET", path="/sessions/{session_id}", name="getSession", about="One session, live or over.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=SessionShown, handler=self._show,
        )  # fmt: skip
        yield Route(
            method="POST", path="/sessions/{session_id}/kill", name="killSession",
            about="End a live session and cancel what it runs; its pass stays live.",
            roles=frozenset({Role.USER, Role.OPERATOR}), query=NoQuery, body=NoBody, answer=SessionKilled,
            handler=self._kill, effect=Effect.CHANGES,
        )  # fmt: skip
        yield Route(
            method="GET", path="/sessions/{session_id}/recording", name=_RECORDING,
            about="What came in, what was decided, and what the client saw (masked), moment by moment.",
            roles=_ALL, query=Page, body=NoBody, answer=Recording, handler=self._play, effect=Effect.VIEWS,
        )  # fmt: skip

    async def _list(self, call: Call[SessionPage, NoBody]) -> SessionList:
        found = await (self._desk.live() if call.query.live else self._desk.over(most=MOST_OVER))
        seen = [one for one in found if self._may_see(call.caller, one)]
        items, rest = page(seen, call.query, route="listSessions", key=lambda one: f"{one.opened.isoformat()} {one.id}")
        return SessionList(items=[_shown(one) for one in items], next_cursor=rest)

    async def _show(self, call: Call[NoQuery, NoBody]) -> SessionShown:
        return _shown(await self._found(call))

    async def _kill(self, call: Call[NoQuery, NoBody]) -> SessionKilled:
        found = await self._found(call)
        if Role.OPERATOR not in call.caller.roles and not self._own(call.caller, found):
            raise not_found("live session")
        if not await self._desk.kill(found.id, actor=call.caller.name):
            raise not_found("live session")
        return SessionKilled(id=found.id, killed=True)

    async def _play(self, call: Call[Page, NoBody]) -> Recording:
        session = call.path["session_id"]
        played = await self._desk.play(session)
        if played is None:
            raise not_found("recorded session")
        cursor = call.query.cursor
        # A recording only grows, so a moment's place in it is a good name for it.
        text = "0" if cursor is None else read_cursor(_RECORDING, cursor)
        start = int(text) if text.isdecimal() else 0
        end = start + call.query.limit
        moments = [
            MomentShown(at=f"{one.at:.6f}", kind=one.kind, text=one.text, facts=_facts(one.json()))
            for one in played.moments[start:end]
        ]
        return Recording(
            session=session,
            recorded=played.recorded,
            items=moments,
            next_cursor=write_cursor(_RECORDING, str(end)) if end < len(played.moments) else None,
        )

    async def _found(self, call: Call[Any, NoBody]) -> SessionView:
        found = await self._desk.find(call.path["session_id"])
        if found is None or not self._may_see(call.caller, found):
            raise not_found("session")
        return found

    def _may_see(self, caller: Caller, session: SessionView) -> bool:
        return bool(caller.roles & _ALL) or self._own(caller, session)

    def _own(self, caller: Caller, session: SessionView) -> bool:
        """By the pass, which knows the whole chain; by the session's own words where the pass is no longer kept."""
        pass_ = self._passes.find(session.pass_id)
        if pass_ is not None:
            return caller.owns(pass_.principal)
        words = (session.principal, session.on_behalf_of or "")
        return any(caller.owns(principal) for word in words if (principal := _principal(word)) is not None)


def _principal(text: str) -> Principal | None:
    kind, _, subject = text.partition(":")
    return Principal(kind=PrincipalKind(kind), subject=subject) if kind in list(PrincipalKind) and subject else None


def _facts(moment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in moment.items() if name not in ("at", "kind", "text")}


def _shown(session: SessionView) -> SessionShown:
    return SessionShown(
        id=session.id,
        live=session.live,
        pass_id=session.pass_id,
        principal=session.principal,
        on_behalf_of=session.on_behalf_of,
        purpose=session.purpose,
        resource=session.resource,
        opened=session.opened,
        closed=session.closed,
        peer=session.peer,
        tags=list(session.tags),
        counters=dict(session.counters),
    )
