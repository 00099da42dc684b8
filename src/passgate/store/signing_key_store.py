"""Signing keys in the database, shared by every process of the state folder, each encrypted (AES-256-GCM)."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select

from passgate.core.errors import StoreError
from passgate.core.signing_key import SigningKey
from passgate.store.issuer_tables import SIGNING_KEYS
from passgate.store.sqlite import SqliteDatabase

_ALL = select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created, SIGNING_KEYS.c.kid)
_NEWEST = select(SIGNING_KEYS.c.kid).order_by(SIGNING_KEYS.c.created.desc(), SIGNING_KEYS.c.kid.desc()).limit(1)

_NONCE_BYTES = 12


class SigningKeyStore:
    """``key``: 32 bytes, under which they are kept. Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase, key: bytes) -> None:
        self._database = database
        self._cipher = AESGCM(key)

    def keys(self) -> tuple[SigningKey, ...]:
        """Oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_ALL).all()
        return tuple(
            SigningKey(kid=row.kid, private=self._opened(row.kid, row.private), created=row.created) for row in rows
        )

    def follow(self, key: SigningKey, *, newest: str | None) -> None:
        """Keep ``key`` as the newest one, unless another process was sooner: ``newest`` is then no longer the newest."""
        with self._database.writing() as connection:
            if connection.execute(_NEWEST).scalar() == newest:
                row = {"kid": key.kid, "private": self._sealed(key), "created": key.created}
                connection.execute(insert(SIGNING_KEYS), row)

    def _sealed(self, key: SigningKey) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, key.private.encode(), key.kid.encode())).decode()

    def _opened(self, kid: str, text: str) -> str:
        try:
            sealed = base64.b64decode(text, validate=True)
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kid.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise StoreError(f"The signing key {kid} was not kept by this gate") from error

    def drop(self, kid: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.kid == kid))
