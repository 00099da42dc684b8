"""Where authorizations are kept, with their refresh tokens."""

import secrets
from datetime import datetime
from typing import Protocol

from passgate.core.authorization import Authorization, Refresh

_ID_BYTES = 16


class AuthorizationStore(Protocol):
    """Raises StoreError throughout."""

    def add(self, authorization: Authorization) -> None: ...

    def find(self, authorization_id: str) -> Authorization | None: ...

    def consent(self, authorization_id: str, *, purpose: str, ticket: str | None, at: datetime) -> bool:
        """False if somebody has consented before, or it has ended."""

    def add_pass(self, authorization_id: str, pass_id: str) -> bool:
        """False if the authorization was revoked meanwhile."""

    def revoke(self, authorization_id: str, *, at: datetime) -> bool:
        """False if it had ended before, or there is none."""

    def add_refresh(self, digest: str, *, authorization_id: str, at: datetime) -> None: ...

    def find_refresh(self, digest: str) -> Refresh | None: ...

    def rotate(self, digest: str, *, following: str, at: datetime) -> bool:
        """Use up one refresh token and keep another in its place, at once. False if it was used up before."""

    def forget(self, *, before: datetime) -> None:
        """Drop what ended before then, with its refresh tokens."""


def new_id() -> str:
    return secrets.token_urlsafe(_ID_BYTES)
