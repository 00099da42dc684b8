"""Who vouched for passes, and when to ask them again, in the database."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from passgate.core.errors import StoreError
from passgate.pipeline.vouching import Recheck
from passgate.store.recheck_tables import PASS_ORIGINS, RECHECKS
from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import PASSES


class RecheckStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def bought(self, pass_id: str, *, provider: str | None, recheck: Recheck | None) -> None:
        """A token of this provider bought the pass by a grant (None: people allowed it). One refresh token may stand behind several
        passes."""
        with self._database.writing() as connection:
            known = None
            if recheck is not None:
                same = select(RECHECKS.c.id).where(RECHECKS.c.digest == recheck.digest)
                known = connection.execute(same).scalar()
                if known is None:
                    connection.execute(insert(RECHECKS), _row(recheck))
                    known = recheck.id
            row = {"pass_id": pass_id, "provider": provider, "recheck": known}
            connection.execute(insert(PASS_ORIGINS), row)

    def provider(self, pass_id: str) -> str | None:
        """Whose token bought it by a grant; None where none did."""
        with self._database.reading() as connection:
            wanted = select(PASS_ORIGINS.c.provider).where(PASS_ORIGINS.c.pass_id == pass_id)
            found: str | None = connection.execute(wanted).scalar()
        return found

    def behind(self, recheck_id: str) -> frozenset[str]:
        """The passes that it stands behind."""
        with self._database.reading() as connection:
            wanted = select(PASS_ORIGINS.c.pass_id).where(PASS_ORIGINS.c.recheck == recheck_id)
            return frozenset(connection.execute(wanted).scalars())

    def claim_due(self, *, provider: str, now: datetime, until: datetime, most: int) -> tuple[Recheck, ...]:
        """What is due, for the caller alone until ``until``: a token that is used twice at once may look like a stolen one.

        What stands behind no live pass is forgotten.
        """
        due = (RECHECKS.c.provider == provider, RECHECKS.c.due <= now)
        with self._database.reading() as connection:
            if connection.execute(select(RECHECKS.c.id).where(*due).limit(1)).first() is None:
                return ()  # the usual answer, without the write lock
        live = (
            select(PASS_ORIGINS.c.recheck)
            .join(PASSES, PASSES.c.id == PASS_ORIGINS.c.pass_id)
            .where(PASS_ORIGINS.c.recheck.is_not(None), PASSES.c.expires > now, PASSES.c.revoked.is_(None))
        )
        with self._database.writing() as connection:
            connection.execute(delete(RECHECKS).where(RECHECKS.c.id.not_in(live)))
            rows = connection.execute(select(RECHECKS).where(*due).order_by(RECHECKS.c.due).limit(most)).all()
            ids = [row.id for row in rows]
            connection.execute(update(RECHECKS).where(RECHECKS.c.id.in_(ids)).values(due=until))
        return tuple(
            Recheck(
                id=row.id,
                provider=row.provider,
                sub=row.sub,
                digest=row.digest,
                sealed=row.sealed,
                confirmed=row.confirmed,
                due=until,
            )
            for row in rows
        )

    def keep(self, recheck: Recheck) -> None:
        """As it is now. Raises StoreError also where it is gone."""
        with self._database.writing() as connection:
            done = connection.execute(update(RECHECKS).where(RECHECKS.c.id == recheck.id).values(_row(recheck)))
            if not done.rowcount:
                raise StoreError("A re-check that was under way is gone from the state store")

    def forget(self, recheck_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(RECHECKS).where(RECHECKS.c.id == recheck_id))


def _row(recheck: Recheck) -> dict[str, object]:
    return {
        "id": recheck.id,
        "provider": recheck.provider,
        "sub": recheck.sub,
        "digest": recheck.digest,
        "sealed": recheck.sealed,
        "confirmed": recheck.confirmed,
        "due": recheck.due,
    }
