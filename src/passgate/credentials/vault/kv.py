"""One field of a secret in a key/value engine (Vault's documentation, "KV secrets engine", versions 1 and 2 of its API)."""

from dataclasses import dataclass
from typing import Literal

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import checked
from passgate.credentials.vault.http import Json
from passgate.credentials.vault.login import Authenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class KvCredential:
    """``version`` of the engine, not of the secret: the newest is read. What is read as version 1 may be any engine's plain answer,
    such as the password of a static role of the database engine."""

    vault: Authenticated
    mount: str
    path: str
    field: str
    version: Literal[1, 2] = 2

    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""
        where = f"{self.mount}/{self.path} of vault {self.vault.server.name}"
        data: Json = await self.vault.ask("GET", f"{self.mount}/{'data/' if self.version == 2 else ''}{self.path}")
        for step in ("data", "data")[: self.version]:
            data = data.get(step) if isinstance(data, dict) else None
        if not isinstance(data, dict):
            raise SecretUnavailableError(f"{where} is no secret of a KV engine of version {self.version}")
        value = data.get(self.field)
        if value is None:
            raise SecretUnavailableError(f"{where} has no field {self.field}")
        if not isinstance(value, str):
            raise SecretUnavailableError(f"The field {self.field} of {where} is not a text")
        return checked(value, f"The field {self.field} of {where}")
