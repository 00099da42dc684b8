"""Logins that a Vault makes at a database when asked for one, and takes away again.

Vault's documentation, "Database secrets engine (API)", "Generate credentials", and "/sys/leases".
"""

import contextlib
from dataclasses import dataclass, field

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import checked
from passgate.credentials.vault.errors import VaultRefusedError, VaultUnreachableError
from passgate.credentials.vault.http import Document
from passgate.credentials.vault.login import Authenticated

_LONGEST = 10 * 365 * 24 * 3600
"""Seconds of a lease, whatever a Vault says: a moment that far away can still be written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedLogin:
    """``seconds``: how long it is good, if it is not renewed."""

    lease: str
    user: str
    password: str = field(repr=False)
    seconds: float
    renewable: bool


class LeaseEndedError(VaultRefusedError):
    """The Vault knows nothing of the lease, or renews it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEngine:
    vault: Authenticated

    async def make(self, mount: str, role: str) -> LeasedLogin:
        """Raises SecretUnavailableError."""
        # Not to be asked again when it may have been heard: each answer is another login.
        answer = await self.vault.ask("GET", f"{mount}/creds/{role}", repeatable=False)
        try:
            return self._login(answer, mount, role)
        except SecretUnavailableError:
            lease = answer.get("lease_id")
            if isinstance(lease, str) and lease:  # there is a login, and nobody will ever use it
                with contextlib.suppress(SecretUnavailableError):
                    await self.revoke(lease)
            raise

    def _login(self, answer: Document, mount: str, role: str) -> LeasedLogin:
        match answer:
            case {
                "lease_id": str(lease),
                "lease_duration": int(seconds),
                "renewable": bool(renewable),
                "data": {"username": str(user), "password": str(password)},
            } if lease and user:
                where = f"What {mount}/creds/{role} of vault {self.vault.server.name} made"
                return LeasedLogin(
                    lease=lease,
                    user=user,
                    password=checked(password, where),
                    seconds=min(seconds, _LONGEST),
                    renewable=renewable,
                )
        raise VaultUnreachableError(f"{mount}/creds/{role} of vault {self.vault.server.name} made no login")

    async def renew(self, lease: str) -> float:
        """For how many seconds from now on. Raises LeaseEndedError, SecretUnavailableError."""
        try:
            answer = await self.vault.ask("POST", "sys/leases/renew", body={"lease_id": lease})
        except VaultRefusedError as error:
            if error.status in (400, 404):
                raise LeaseEndedError(str(error), status=error.status) from error
            raise
        return _seconds(answer)

    async def revoke(self, lease: str) -> None:
        """On return the login is gone. One that is gone already is no error. Raises SecretUnavailableError."""
        try:
            await self.vault.ask("POST", "sys/leases/revoke", body={"lease_id": lease, "sync": True})
        except VaultRefusedError as error:
            if error.status != 404:
                raise


def _seconds(answer: Document) -> float:
    seconds = answer.get("lease_duration")
    return min(seconds, _LONGEST) if isinstance(seconds, int) else 0
