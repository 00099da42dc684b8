"""Devices that wait until somebody signs in elsewhere, in the database."""

from datetime import datetime

from sqlalchemy import Row, delete, insert, select, update

from passgate.core.authorization import DeviceCode, DeviceState
from passgate.core.errors import StoreError
from passgate.store.issuer_tables import DEVICE_CODES
from passgate.store.sqlite import SqliteDatabase


class DeviceStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, digest: str, device: DeviceCode, *, now: datetime) -> bool:
        """What has expired is dropped. False if the user code is taken."""
        row = {
            "digest": digest,
            "user_code": device.user_code,
            "content": dict(device.content),
            "expires": device.expires,
            "interval": device.interval,
            "asked": device.asked,
            "state": device.state.value,
            "authorization_id": device.authorization,
        }
        with self._database.writing() as connection:
            connection.execute(delete(DEVICE_CODES).where(DEVICE_CODES.c.expires < now))
            taken = select(DEVICE_CODES.c.digest).where(DEVICE_CODES.c.user_code == device.user_code)
            if connection.execute(taken).first() is not None:
                return False
            connection.execute(insert(DEVICE_CODES), row)
        return True

    def find(self, digest: str) -> DeviceCode | None:
        with self._database.reading() as connection:
            row = connection.execute(select(DEVICE_CODES).where(DEVICE_CODES.c.digest == digest)).one_or_none()
        return None if row is None else _device(row)

    def by_user_code(self, user_code: str) -> DeviceCode | None:
        with self._database.reading() as connection:
            row = connection.execute(select(DEVICE_CODES).where(DEVICE_CODES.c.user_code == user_code)).one_or_none()
        return None if row is None else _device(row)

    def decide(self, user_code: str, state: DeviceState, *, authorization: str | None, now: datetime) -> bool:
        """False if it waits for no decision any more."""
        waiting = update(DEVICE_CODES).where(
            DEVICE_CODES.c.user_code == user_code,
            DEVICE_CODES.c.state == DeviceState.WAITING.value,
            DEVICE_CODES.c.expires > now,
        )
        with self._database.writing() as connection:
            changed = connection.execute(waiting.values(state=state.value, authorization_id=authorization))
            return changed.rowcount > 0

    def asked(self, digest: str, *, at: datetime, interval: int) -> None:
        """The device has asked; from now on it must leave ``interval`` seconds between two questions."""
        with self._database.writing() as connection:
            asking = update(DEVICE_CODES).where(DEVICE_CODES.c.digest == digest)
            connection.execute(asking.values(asked=at, interval=interval))

    def use(self, digest: str) -> bool:
        """False if it was used before, or nobody has allowed it."""
        allowed = update(DEVICE_CODES).where(
            DEVICE_CODES.c.digest == digest, DEVICE_CODES.c.state == DeviceState.ALLOWED.value
        )
        with self._database.writing() as connection:
            return connection.execute(allowed.values(state=DeviceState.USED.value)).rowcount > 0


def _device(row: Row[*tuple[object, ...]]) -> DeviceCode:
    try:
        return DeviceCode(
            user_code=row.user_code,
            content={str(name): str(value) for name, value in row.content.items()},
            expires=row.expires,
            interval=row.interval,
            asked=row.asked,
            state=DeviceState(row.state),
            authorization=row.authorization_id,
        )
    except (AttributeError, ValueError) as error:
        raise StoreError(f"A stored device code cannot be read: {type(error).__name__}") from error
