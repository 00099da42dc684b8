"""Leases in the database: written before their login is used, gone once it is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update

from passgate.core.lease import Lease
from passgate.store.lease_tables import LEASES
from passgate.store.sqlite import SqliteDatabase


class LeaseStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, lease: Lease, *, holder: str, held_until: datetime) -> None:
        row = {
            "id": lease.id,
            "server": lease.server,
            "resource": lease.resource,
            "session": lease.session,
            "user": lease.user,
            "expires": lease.expires,
            "holder": holder,
            "held_until": held_until,
        }
        with self._database.writing() as connection:
            connection.execute(insert(LEASES), row)

    def hold(self, lease_ids: Sequence[str], *, held_until: datetime) -> None:
        """These are looked after until then."""
        if not lease_ids:
            return
        with self._database.writing() as connection:
            connection.execute(update(LEASES).where(LEASES.c.id.in_(lease_ids)).values(held_until=held_until))

    def abandoned(self, *, now: datetime, holder: str = "") -> tuple[Lease, ...]:
        """Those that nobody looks after any more, and all of ``holder``'s; oldest first."""
        wanted = select(LEASES).where(or_(LEASES.c.held_until <= now, LEASES.c.holder == holder))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(LEASES.c.expires)).all()
        return tuple(
            Lease(
                id=row.id,
                server=row.server,
                resource=row.resource,
                session=row.session,
                user=row.user,
                expires=row.expires,
            )
            for row in rows
        )

    def remove(self, lease_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(LEASES).where(LEASES.c.id == lease_id))
