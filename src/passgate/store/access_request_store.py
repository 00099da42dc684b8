"""Requests for access in the database."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, and_, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from passgate.core.action import VerbClass
from passgate.core.errors import StoreError
from passgate.core.principal_json import principal_from_json, principal_to_json
from passgate.pipeline.access_requests import AccessAsked, AccessRequest, AccessState, AccessVote
from passgate.store.access_tables import ACCESS_REQUESTS, ACCESS_VOTES
from passgate.store.sqlite import SqliteDatabase

MOST_LISTED = 500

_Rows = Select[*tuple[object, ...]]
_ALL: _Rows = select(ACCESS_REQUESTS).order_by(ACCESS_REQUESTS.c.at.desc(), ACCESS_REQUESTS.c.id.desc())
_PENDING = ACCESS_REQUESTS.c.state == AccessState.PENDING.value


class AccessRequestStore:
    """All times are aware. Every method is one transaction, and raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, request: AccessRequest, asked_sha256: str) -> AccessRequest:
        """This one; or one that asks the same and still waits, so that two who ask at once have one request."""
        same = and_(ACCESS_REQUESTS.c.asked_sha256 == asked_sha256, _PENDING, ACCESS_REQUESTS.c.expires > request.at)
        with self._database.writing() as connection:
            known = _read(connection, _ALL.where(same).limit(1))
            if known:
                return known[0]
            connection.execute(insert(ACCESS_REQUESTS), _row(request, asked_sha256))
        return request

    def find(self, request_id: str) -> AccessRequest | None:
        return self._one(_ALL.where(ACCESS_REQUESTS.c.id == request_id))

    def latest(self, asked_sha256: str) -> AccessRequest | None:
        """The newest that asks for just this."""
        return self._one(_ALL.where(ACCESS_REQUESTS.c.asked_sha256 == asked_sha256).limit(1))

    def all(self) -> tuple[AccessRequest, ...]:
        """Newest first, ``MOST_LISTED`` at most."""
        with self._database.reading() as connection:
            return _read(connection, _ALL.limit(MOST_LISTED))

    def waiting(self, now: datetime) -> tuple[AccessRequest, ...]:
        with self._database.reading() as connection:
            return _read(connection, _ALL.where(_PENDING, ACCESS_REQUESTS.c.expires > now))

    def add_vote(self, request_id: str, vote: AccessVote, *, person: str) -> bool:
        """False if it waits no more, or the person has voted."""
        open_ = select(ACCESS_REQUESTS.c.id).where(
            ACCESS_REQUESTS.c.id == request_id, _PENDING, ACCESS_REQUESTS.c.expires > vote.at
        )
        row = {
            "request_id": request_id,
            "person": person,
            "subject": vote.subject,
            "approves": int(vote.approves),
            "note": vote.note,
            "at": vote.at,
        }
        with self._database.writing() as connection:
            if connection.execute(open_).first() is None:
                return False
            return connection.execute(sqlite_insert(ACCESS_VOTES).values(row).on_conflict_do_nothing()).rowcount > 0

    def settle(self, request_id: str, state: AccessState, *, at: datetime) -> bool:
        """False if it waited no more, or if it would be approved and somebody has refused it meanwhile."""
        change = (
            update(ACCESS_REQUESTS)
            .where(ACCESS_REQUESTS.c.id == request_id, _PENDING, ACCESS_REQUESTS.c.expires > at)
            .values(state=state.value, decided=at)
        )
        refusals = select(ACCESS_VOTES.c.person).where(
            ACCESS_VOTES.c.request_id == request_id, ACCESS_VOTES.c.approves == 0
        )
        with self._database.writing() as connection:
            if state is AccessState.APPROVED and connection.execute(refusals).first() is not None:
                return False
            return connection.execute(change).rowcount > 0

    def use(self, request_id: str) -> bool:
        """False if it is not approved, or was used."""
        approved = ACCESS_REQUESTS.c.state == AccessState.APPROVED.value
        change = (
            update(ACCESS_REQUESTS)
            .where(ACCESS_REQUESTS.c.id == request_id, approved)
            .values(state=AccessState.ISSUED.value)
        )
        with self._database.writing() as connection:
            return connection.execute(change).rowcount > 0

    def name_pass(self, request_id: str, pass_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(ACCESS_REQUESTS).where(ACCESS_REQUESTS.c.id == request_id).values(pass_id=pass_id)
            )

    def expire(self, now: datetime) -> tuple[str, ...]:
        """Ids of those that waited too long; each is told once, to whoever comes first."""
        over = and_(_PENDING, ACCESS_REQUESTS.c.expires <= now)
        with self._database.reading() as connection:
            if connection.execute(select(ACCESS_REQUESTS.c.id).where(over).limit(1)).first() is None:
                return ()  # the usual answer, without the write lock
        with self._database.writing() as connection:
            ids = tuple(connection.execute(select(ACCESS_REQUESTS.c.id).where(over)).scalars())
            connection.execute(update(ACCESS_REQUESTS).where(over).values(state=AccessState.EXPIRED.value, decided=now))
        return ids

    def _one(self, query: _Rows) -> AccessRequest | None:
        with self._database.reading() as connection:
            found = _read(connection, query)
        return found[0] if found else None


def _read(connection: Connection, query: _Rows) -> tuple[AccessRequest, ...]:
    rows = connection.execute(query).all()
    votes: defaultdict[str, list[AccessVote]] = defaultdict(list)
    wanted = select(ACCESS_VOTES).where(ACCESS_VOTES.c.request_id.in_([row.id for row in rows]))
    for row in connection.execute(wanted.order_by(ACCESS_VOTES.c.at)) if rows else ():
        vote = AccessVote(subject=row.subject, approves=bool(row.approves), note=row.note, at=row.at)
        votes[row.request_id].append(vote)
    return tuple(_request(row, votes[row.id]) for row in rows)


def _row(request: AccessRequest, asked_sha256: str) -> dict[str, object]:
    asked = request.asked
    return {
        "id": request.id,
        "asked_sha256": asked_sha256,
        "principal": principal_to_json(asked.principal),
        "source": asked.source,
        "resources": sorted(asked.resources),
        "verbs": sorted(verb.value for verb in asked.verbs),
        "seconds": int(asked.ttl.total_seconds()),
        "reason": asked.reason,
        "ticket": asked.ticket,
        "rule": request.rule,
        "approvers": request.group,
        "needed": request.count,
        "at": request.at,
        "expires": request.expires,
        "state": request.state.value,
        "decided": request.decided,
        "pass_id": request.pass_id,
    }


def _request(row: Row[*tuple[object, ...]], votes: Sequence[AccessVote]) -> AccessRequest:
    try:
        asked = AccessAsked(
            principal=principal_from_json(row.principal),
            resources=frozenset(str(name) for name in row.resources),
            verbs=frozenset(VerbClass(verb) for verb in row.verbs),
            ttl=timedelta(seconds=row.seconds),
            reason=row.reason,
            ticket=row.ticket,
            source=row.source,
        )
        return AccessRequest(
            id=row.id,
            asked=asked,
            rule=row.rule,
            group=row.approvers,
            count=row.needed,
            at=row.at,
            expires=row.expires,
            state=AccessState(row.state),
            votes=tuple(votes),
            decided=row.decided,
            pass_id=row.pass_id,
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"The stored request {row.id} cannot be read: {type(error).__name__}") from error
