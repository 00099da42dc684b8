"""``/ledger``: events, one event with its proof, and whether everything still fits together."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from passgate.endpoints.control.problem import Code, ProblemError, not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import (
    Answer,
    Id,
    Listed,
    NoBody,
    NoQuery,
    Page,
    Time,
    Word,
    read_cursor,
    write_cursor,
)
from passgate.pipeline.control import EventFilter, LedgerDesk, LedgerEvent, Place, Role

_READERS = frozenset({Role.AUDITOR, Role.OPERATOR})
_LIST = "listEvents"
_VERIFY_SECONDS = 10


class EventPage(Page):
    """``type``: ``pass.issued``, say. ``actor``: ``kind:subject``. ``since`` is included, ``until`` is not."""

    type: Annotated[str, Field(pattern=r"^[a-z.]{1,50}$")] | None = None
    actor: Word | None = None
    session: Id | None = None
    log: Id | None = None
    since: Time | None = None
    until: Time | None = None


class EventShown(Answer):
    """``event``: the entry as it was hashed (docs/reference/ledger-format.md); it holds no statement, prompt or result."""

    id: str
    log: str
    index: int
    type: str
    event: dict[str, Any]


class EventList(Listed):
    """Oldest first, one log after the other. A page may be short, even empty, and still have a ``next_cursor``."""

    items: list[EventShown]


class EventProven(EventShown):
    """``leaf``: the very bytes that were hashed; ``proof``: C2SP tlog-proof; ``key``: the log's public key. ``passgate ledger
    check`` takes ``leaf``, ``proof`` and ``key``."""

    leaf: str
    proof: str
    key: str


class ClaimShown(Answer):
    name: str
    claim: str
    verdict: str
    reason: str


class VerificationShown(Answer):
    """``sizes``: entries by log. ``heads``: each log's signed head, to be kept elsewhere."""

    passed: bool
    claims: list[ClaimShown]
    sizes: dict[str, int]
    heads: dict[str, str]


class LedgerRoutes:
    def __init__(self, desk: LedgerDesk) -> None:
        self._desk = desk

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/ledger/events", name=_LIST, about="Entries of the ledger, oldest first.",
            roles=_READERS, query=EventPage, body=NoBody, answer=EventList, handler=self._list, effect=Effect.VIEWS,
        )  # fmt: skip
        yield Route(
            method="GET", path="/ledger/events/{event_id}", name="getEvent", about="One entry and the proof that it is there.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=EventProven, handler=self._show, effect=Effect.VIEWS,
        )  # fmt: skip
        yield Route(
            method="POST", path="/ledger/verify", name="verifyLedger", about="Whether each claim on the ledger holds.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=VerificationShown, handler=self._verify, effect=Effect.VIEWS,
        )  # fmt: skip

    async def _list(self, call: Call[EventPage, NoBody]) -> EventList:
        asked = call.query
        wanted = EventFilter(
            type=asked.type,
            actor=asked.actor,
            session=asked.session,
            log=asked.log,
            since=asked.since,
            until=asked.until,
        )
        start = None if asked.cursor is None else _place(asked.cursor)
        found = await self._desk.events(wanted, start=start, most=asked.limit)
        rest = found.rest
        return EventList(
            items=[EventShown(**_fields(one)) for one in found.events],
            next_cursor=None if rest is None else write_cursor(_LIST, f"{rest.log} {rest.index}"),
        )

    async def _show(self, call: Call[NoQuery, NoBody]) -> EventProven:
        found = await self._desk.event(call.path["event_id"])
        if found is None:
            raise not_found("event")
        return EventProven(**_fields(found.event), leaf=found.leaf, proof=found.proof, key=found.key)

    async def _verify(self, _call: Call[NoQuery, NoBody]) -> VerificationShown:
        found = await self._desk.verify()
        if found is None:
            raise ProblemError(
                Code.TOO_MANY,
                "The ledger is being verified for somebody already: wait for that to end.",
                headers={"Retry-After": str(_VERIFY_SECONDS)},
            )
        return VerificationShown(
            passed=found.passed,
            claims=[
                ClaimShown(name=one.name, claim=one.claim, verdict=one.verdict, reason=one.reason)
                for one in found.claims
            ],
            sizes=dict(found.sizes),
            heads=dict(found.heads),
        )


def _place(cursor: str) -> Place:
    log, _, index = read_cursor(_LIST, cursor).rpartition(" ")
    if not (log and index.isascii() and index.isdecimal() and len(index) <= 18):
        raise ProblemError(Code.MALFORMED, "The cursor is not one of this list: start without one.")
    return Place(log=log, index=int(index))


def _fields(event: LedgerEvent) -> dict[str, Any]:
    return {"id": event.id, "log": event.log, "index": event.index, "type": event.type, "event": dict(event.body)}
