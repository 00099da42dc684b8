"""The ledger, as the control API reads it."""

import asyncio
from collections.abc import Iterator

import orjson

from passgate.ledger.proof import prove
from passgate.ledger.reader import Entry, LedgerReader
from passgate.ledger.verify import verify
from passgate.pipeline.control import (
    ClaimChecked,
    EventFilter,
    EventsPage,
    LedgerEvent,
    Place,
    ProvenEvent,
    Verification,
)

MOST_LOOKED_AT = 20_000
"""Entries that one page looks at: a tenth of a second or two, whatever the filter."""


class LedgerRecords:
    """Implements ``pipeline.control.LedgerDesk``. Files are read in threads, up to each log's last seal."""

    def __init__(self, reader: LedgerReader) -> None:
        self._reader = reader
        self._verifying = False

    async def events(self, wanted: EventFilter, *, start: Place | None, most: int) -> EventsPage:
        return await asyncio.to_thread(self._events, wanted, start, most)

    async def event(self, event_id: str) -> ProvenEvent | None:
        return await asyncio.to_thread(self._event, event_id)

    async def verify(self) -> Verification | None:
        if self._verifying:
            return None
        self._verifying = True
        try:
            return await asyncio.to_thread(self._verify)
        finally:
            self._verifying = False

    def _events(self, wanted: EventFilter, start: Place | None, most: int) -> EventsPage:
        found: list[LedgerEvent] = []
        for looked, entry in enumerate(self._entries(wanted, start)):
            here = Place(log=entry.log.name, index=entry.index)
            if looked == MOST_LOOKED_AT:
                return EventsPage(events=tuple(found), rest=here)
            if _fits(entry, wanted):
                if len(found) == most:
                    return EventsPage(events=tuple(found), rest=here)
                found.append(_shown(entry))
        return EventsPage(events=tuple(found), rest=None)

    def _entries(self, wanted: EventFilter, start: Place | None) -> Iterator[Entry]:
        for log in self._reader.logs():
            if wanted.log not in (None, log.name) or (start is not None and log.name < start.log):
                continue
            yield from log.entries(start.index if start is not None and log.name == start.log else 0)

    def _event(self, event_id: str) -> ProvenEvent | None:
        entry = self._reader.find(event_id)
        if entry is None:
            return None
        proof = prove(entry).text()
        return ProvenEvent(event=_shown(entry), leaf=entry.leaf.decode(), proof=proof, key=entry.log.verifier.vkey())

    def _verify(self) -> Verification:
        report = verify(self._reader)
        return Verification(
            passed=not report.failed,
            claims=tuple(
                ClaimChecked(name=one.name, claim=str(one.claim), verdict=str(one.verdict), reason=one.reason)
                for one in report.findings
            ),
            sizes=report.sizes,
            heads=report.heads,
        )


def _fits(entry: Entry, wanted: EventFilter) -> bool:
    time = entry.event["time"]
    return (
        wanted.type in (None, entry.type)
        and wanted.session in (None, entry.session)
        and (wanted.since is None or time >= wanted.since.timestamp() * 1e6)
        and (wanted.until is None or time < wanted.until.timestamp() * 1e6)
        and (wanted.actor is None or wanted.actor in _names(entry))
    )


def _names(entry: Entry) -> tuple[str, str]:
    """What a session's events say of who acts has two parts, what the gate's own say has one."""
    actor = entry.event.get("actor", {})
    subject = str(actor.get("subject", ""))
    return subject, f"{actor.get('kind', '')}:{subject}"


def _shown(entry: Entry) -> LedgerEvent:
    return LedgerEvent(
        id=entry.id, log=entry.log.name, index=entry.index, type=entry.type, body=orjson.loads(entry.leaf)
    )
