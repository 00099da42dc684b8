"""A secret in an environment variable of the gate."""

import os
from dataclasses import dataclass

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCredential:
    """``name``: the variable. Read each time it is needed."""

    name: str

    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""
        return self.read()

    def read(self) -> str:
        """Raises SecretUnavailableError."""
        secret = os.environ.get(self.name)
        if secret is None:
            raise SecretUnavailableError(f"The environment variable {self.name} is not set")
        return checked(secret, f"The environment variable {self.name}")
