"""Requests for approval in the database: what one process decides holds for all of them, and outlives them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from passgate.core.errors import StoreError
from passgate.pipeline.approval_desk import ApprovalState
from passgate.pipeline.approval_store import Most, Room, StoredRequest, StoredVote
from passgate.store.approval_tables import APPROVAL_NOTICES, APPROVAL_REQUESTS, APPROVAL_VOTES
from passgate.store.sqlite import SqliteDatabase

_REQUESTS = APPROVAL_REQUESTS.c
_OPEN = (ApprovalState.PENDING.value, ApprovalState.APPROVED.value)

_KEPT = timedelta(minutes=5)
"""After its time a request that is over stays so long: long enough for whoever watches it to see how it ended."""


class ApprovalRequestStore:
    """The pipeline's ``ApprovalStore``. Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def room(self, pass_id: str, most: Most, *, now: datetime) -> Room:
        with self._database.reading() as connection:
            return _room(connection, pass_id, most, now)

    def add(self, request: StoredRequest, most: Most, *, now: datetime) -> Room:
        row = {
            "id": request.id,
            "question": request.question,
            "pass_id": request.pass_id,
            "state": request.state.value,
            "asked": request.asked,
            "expires": request.expires,
            "sealed": request.sealed,
        }
        with self._database.writing() as connection:
            over = (_REQUESTS.expires < now - _KEPT) & (_REQUESTS.state != ApprovalState.PENDING.value)
            connection.execute(delete(APPROVAL_REQUESTS).where(over))
            if connection.execute(_asked(request.question, now)).first() is not None:
                return Room.TAKEN
            room = _room(connection, request.pass_id, most, now)
            if room is Room.FREE:
                connection.execute(insert(APPROVAL_REQUESTS), row)
        return room

    def remove(self, request_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(APPROVAL_REQUESTS).where(_REQUESTS.id == request_id))

    def find(self, request_id: str) -> StoredRequest | None:
        with self._database.reading() as connection:
            return _one(connection, select(APPROVAL_REQUESTS).where(_REQUESTS.id == request_id))

    def asked(self, question: str, *, now: datetime) -> StoredRequest | None:
        with self._database.reading() as connection:
            return _one(connection, _asked(question, now))

    def living(self, *, now: datetime) -> tuple[StoredRequest, ...]:
        with self._database.reading() as connection:
            wanted = select(APPROVAL_REQUESTS).where(_REQUESTS.expires > now).order_by(_REQUESTS.asked, _REQUESTS.id)
            return _many(connection, wanted)

    def pending(self) -> tuple[StoredRequest, ...]:
        with self._database.reading() as connection:
            still = _REQUESTS.state == ApprovalState.PENDING.value
            return _many(connection, select(APPROVAL_REQUESTS).where(still).order_by(_REQUESTS.asked, _REQUESTS.id))

    def vote(self, request_id: str, vote: StoredVote, *, now: datetime) -> StoredRequest | None:
        with self._database.writing() as connection:
            request = _one(connection, select(APPROVAL_REQUESTS).where(_REQUESTS.id == request_id))
            if request is None or request.state is not ApprovalState.PENDING or request.expires <= now:
                return None
            row = {
                "request": request_id,
                "person": vote.person,
                "number": len(request.votes),
                "approves": vote.approves,
                "sealed": vote.sealed,
            }
            try:
                connection.execute(insert(APPROVAL_VOTES), row)
            except IntegrityError:
                return None
            return _one(connection, select(APPROVAL_REQUESTS).where(_REQUESTS.id == request_id))

    def move(self, request_id: str, *, before: ApprovalState, after: ApprovalState) -> bool:
        refusals = select(APPROVAL_VOTES.c.person).where(
            APPROVAL_VOTES.c.request == request_id, APPROVAL_VOTES.c.approves.is_(False)
        )
        with self._database.writing() as connection:
            if after is ApprovalState.APPROVED and connection.execute(refusals).first() is not None:
                return False
            changed = update(APPROVAL_REQUESTS).where(_REQUESTS.id == request_id, _REQUESTS.state == before.value)
            return connection.execute(changed.values(state=after.value)).rowcount > 0

    def announced(self, request_id: str, channel: str, reference: str) -> None:
        row = {"request": request_id, "channel": channel, "reference": reference}
        added = sqlite_insert(APPROVAL_NOTICES).values(row)
        replaced = added.on_conflict_do_update(index_elements=["request", "channel"], set_={"reference": reference})
        with self._database.writing() as connection:
            if connection.execute(select(_REQUESTS.id).where(_REQUESTS.id == request_id)).first() is not None:
                connection.execute(replaced)

    def references(self, request_id: str) -> dict[str, str]:
        wanted = select(APPROVAL_NOTICES.c.channel, APPROVAL_NOTICES.c.reference)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.where(APPROVAL_NOTICES.c.request == request_id)).all()
        return {row.channel: row.reference for row in rows}


def _asked(question: str, now: datetime) -> Select[tuple[object, ...]]:
    return select(APPROVAL_REQUESTS).where(
        _REQUESTS.question == question, _REQUESTS.state.in_(_OPEN), _REQUESTS.expires > now
    )


def _room(connection: Connection, pass_id: str, most: Most, now: datetime) -> Room:
    waiting = select(func.count(), func.count().filter(_REQUESTS.pass_id == pass_id)).where(
        _REQUESTS.state == ApprovalState.PENDING.value, _REQUESTS.expires > now
    )
    everybody, own = connection.execute(waiting).one()
    if everybody >= most.all:
        return Room.FULL
    return Room.PASS_FULL if own >= most.of_a_pass else Room.FREE


def _one(connection: Connection, wanted: Select[tuple[object, ...]]) -> StoredRequest | None:
    found = _many(connection, wanted)
    return found[0] if found else None


def _many(connection: Connection, wanted: Select[tuple[object, ...]]) -> tuple[StoredRequest, ...]:
    rows = connection.execute(wanted).all()
    votes = _votes(connection, [row.id for row in rows])
    return tuple(_request(row, votes.get(row.id, ())) for row in rows)


def _votes(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[StoredVote, ...]]:
    wanted = select(APPROVAL_VOTES).where(APPROVAL_VOTES.c.request.in_(tuple(ids))).order_by(APPROVAL_VOTES.c.number)
    found: dict[str, tuple[StoredVote, ...]] = {}
    for row in connection.execute(wanted).all():
        vote = StoredVote(person=row.person, approves=row.approves, sealed=row.sealed)
        found[row.request] = (*found.get(row.request, ()), vote)
    return found


def _request(row: Row[*tuple[object, ...]], votes: tuple[StoredVote, ...]) -> StoredRequest:
    try:
        state = ApprovalState(row.state)
    except ValueError as error:
        raise StoreError(f"The stored request for approval {row.id} cannot be read: of no known state") from error
    return StoredRequest(
        id=row.id,
        question=row.question,
        pass_id=row.pass_id,
        state=state,
        asked=row.asked,
        expires=row.expires,
        sealed=row.sealed,
        votes=votes,
    )
