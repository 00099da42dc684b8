"""The gate's own connection to a target, opened when needed and again when lost."""

import asyncio
from collections.abc import Sequence

from passgate.core.errors import SecretUnavailableError, TargetUnavailableError
from passgate.endpoints.postgres.settings import Upstream
from passgate.endpoints.postgres.upstream import Connection, ask, connect

_READ_ONLY = (("default_transaction_read_only", "on"), ("search_path", "pg_catalog"))


class TargetConnection:
    """One query at a time; ``seconds`` is the most one may take."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        application_name: str,
        parameters: Sequence[tuple[str, str]] = (),
        seconds: float = 30.0,
        connect_seconds: float = 10.0,
    ) -> None:
        self._upstream = upstream
        self._application_name = application_name
        self._parameters = parameters
        self._seconds = seconds
        self._connect_seconds = connect_seconds
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        """Rows of text cells. Raises TargetUnavailableError."""
        async with self._turn:
            if self._connection is None or self._connection.stream.closed:
                self._connection = await self._connect()
            try:
                async with asyncio.timeout(self._seconds):
                    return await ask(self._connection, text)
            except TimeoutError as error:
                self.close()
                raise TargetUnavailableError("a query of the gate's own took too long") from error
            except BaseException:
                self.close()  # whatever else the server still says belongs to the query that failed
                raise

    async def _connect(self) -> Connection:
        try:
            return await connect(
                self._upstream,
                application_name=self._application_name,
                parameters=self._parameters,
                seconds=self._connect_seconds,
            )
        except SecretUnavailableError as error:
            raise TargetUnavailableError(f"the upstream credential could not be obtained: {error}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.stream.abort()
            self._connection = None


class CatalogQuery(TargetConnection):
    """A ``TargetQuery``: how a language reads its target's catalog."""

    def __init__(self, upstream: Upstream, *, seconds: float = 30.0, connect_seconds: float = 10.0) -> None:
        super().__init__(
            upstream,
            application_name="passgate:catalog",
            parameters=_READ_ONLY,
            seconds=seconds,
            connect_seconds=connect_seconds,
        )
