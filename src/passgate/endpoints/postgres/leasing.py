"""A login of its own for each session, made by a service that leases them; with ``minting`` the gate makes it itself."""

from dataclasses import dataclass, replace

from passgate.core.errors import SecretUnavailableError, TargetUnavailableError
from passgate.core.session import Session
from passgate.endpoints.postgres.minting import Known
from passgate.endpoints.postgres.settings import Upstream
from passgate.pipeline.logins import Logins


@dataclass(frozen=True, slots=True, kw_only=True)
class Leasing:
    """Implements ``Minting``. ``upstream``: the server, with the login that the gate itself uses."""

    upstream: Upstream
    logins: Logins

    async def mint(self, session: Session) -> Upstream:
        """Raises SecretUnavailableError."""
        login = await self.logins.open(session)
        return replace(self.upstream, user=login.user, credential=Known(text=login.password))

    async def drop(self, name: str) -> None:
        """Raises TargetUnavailableError."""
        try:
            await self.logins.close(name)
        except SecretUnavailableError as error:
            raise TargetUnavailableError(str(error)) from error
