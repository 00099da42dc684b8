"""Authorizations in the database, and the refresh tokens that hang on them."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from passgate.core.action import VerbClass
from passgate.core.authorization import Authorization, Refresh
from passgate.core.errors import StoreError
from passgate.core.principal import Principal
from passgate.core.principal_json import principal_from_json, principal_to_json
from passgate.store.issuer_tables import AUTHORIZATIONS, REFRESH_TOKENS
from passgate.store.sqlite import SqliteDatabase

_FIND = select(AUTHORIZATIONS).where(AUTHORIZATIONS.c.id == bindparam("authorization_id"))
_FIND_REFRESH = select(REFRESH_TOKENS.c.authorization_id, REFRESH_TOKENS.c.used).where(
    REFRESH_TOKENS.c.digest == bindparam("token")
)


class AuthorizationStore:
    """All times are aware. Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, authorization: Authorization) -> None:
        row = {
            "id": authorization.id,
            "client_id": authorization.client_id,
            "provider": authorization.provider,
            "principal": principal_to_json(authorization.principal),
            "resources": sorted(authorization.resources),
            "verbs": sorted(verb.value for verb in authorization.verbs),
            "purpose": authorization.purpose,
            "ticket": authorization.ticket,
            "agent": authorization.agent,
            "passes": list(authorization.passes),
            "issued": authorization.issued,
            "expires": authorization.expires,
            "consented": authorization.consented,
            "revoked": authorization.revoked,
        }
        with self._database.writing() as connection:
            connection.execute(insert(AUTHORIZATIONS), row)

    def find(self, authorization_id: str) -> Authorization | None:
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"authorization_id": authorization_id}).one_or_none()
        return None if row is None else _authorization(row)

    def revoke_of(self, which: Callable[[Principal], bool], *, at: datetime) -> int:
        """Of everybody for whom ``which`` is True; how many."""
        return sum(self.revoke(one.id, at=at) for one in self._live(at) if which(one.principal))

    def _live(self, at: datetime) -> tuple[Authorization, ...]:
        live = select(AUTHORIZATIONS).where(AUTHORIZATIONS.c.expires > at, AUTHORIZATIONS.c.revoked.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(live.order_by(AUTHORIZATIONS.c.issued)).all()
        return tuple(_authorization(row) for row in rows)

    def consent(self, authorization_id: str, *, purpose: str, ticket: str | None, at: datetime) -> bool:
        """False if somebody has consented before, or it has ended."""
        consenting = update(AUTHORIZATIONS).where(
            AUTHORIZATIONS.c.id == authorization_id,
            AUTHORIZATIONS.c.consented.is_(None),
            AUTHORIZATIONS.c.revoked.is_(None),
        )
        with self._database.writing() as connection:
            changed = connection.execute(consenting.values(consented=at, purpose=purpose, ticket=ticket))
            return changed.rowcount > 0

    def add_pass(self, authorization_id: str, pass_id: str) -> bool:
        """False if the authorization was revoked meanwhile."""
        with self._database.writing() as connection:
            row = connection.execute(_FIND, {"authorization_id": authorization_id}).one_or_none()
            if row is None or row.revoked is not None:
                return False
            connection.execute(
                update(AUTHORIZATIONS)
                .where(AUTHORIZATIONS.c.id == authorization_id)
                .values(passes=[*row.passes, pass_id])
            )
        return True

    def revoke(self, authorization_id: str, *, at: datetime) -> bool:
        """False if it had ended before, or there is none."""
        ending = update(AUTHORIZATIONS).where(
            AUTHORIZATIONS.c.id == authorization_id, AUTHORIZATIONS.c.revoked.is_(None)
        )
        with self._database.writing() as connection:
            return connection.execute(ending.values(revoked=at)).rowcount > 0

    def add_refresh(self, digest: str, *, authorization_id: str, at: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(REFRESH_TOKENS), _refresh(digest, authorization_id, at))

    def find_refresh(self, digest: str) -> Refresh | None:
        with self._database.reading() as connection:
            row = connection.execute(_FIND_REFRESH, {"token": digest}).one_or_none()
        return None if row is None else Refresh(authorization=row.authorization_id, used=row.used is not None)

    def rotate(self, digest: str, *, following: str, at: datetime) -> bool:
        """Use up one refresh token and keep another in its place, at once. False if it was used up before."""
        using = update(REFRESH_TOKENS).where(REFRESH_TOKENS.c.digest == digest, REFRESH_TOKENS.c.used.is_(None))
        with self._database.writing() as connection:
            if not connection.execute(using.values(used=at)).rowcount:
                return False
            row = connection.execute(_FIND_REFRESH, {"token": digest}).one()
            connection.execute(insert(REFRESH_TOKENS), _refresh(following, row.authorization_id, at))
        return True

    def forget(self, *, before: datetime) -> None:
        """Drop what ended before then, with its refresh tokens."""
        ended = or_(AUTHORIZATIONS.c.expires < before, AUTHORIZATIONS.c.revoked < before)
        with self._database.reading() as connection:
            if connection.execute(select(AUTHORIZATIONS.c.id).where(ended).limit(1)).first() is None:
                return  # the usual answer, without the write lock
        with self._database.writing() as connection:
            gone = select(AUTHORIZATIONS.c.id).where(ended)
            connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.authorization_id.in_(gone)))
            connection.execute(delete(AUTHORIZATIONS).where(ended))


def _refresh(digest: str, authorization_id: str, at: datetime) -> dict[str, object]:
    return {"digest": digest, "authorization_id": authorization_id, "issued": at, "used": None}


def _authorization(row: Row[*tuple[object, ...]]) -> Authorization:
    try:
        return Authorization(
            id=row.id,
            client_id=row.client_id,
            provider=row.provider,
            principal=principal_from_json(row.principal),
            issued=row.issued,
            expires=row.expires,
            resources=frozenset(_texts(row.resources)),
            verbs=frozenset(VerbClass(verb) for verb in _texts(row.verbs)),
            purpose=row.purpose,
            ticket=row.ticket,
            agent=row.agent,
            passes=tuple(_texts(row.passes)),
            consented=row.consented,
            revoked=row.revoked,
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"The stored authorization {row.id} cannot be read: {type(error).__name__}") from error


def _texts(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values]
