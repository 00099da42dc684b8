"""What the admin channel asks of a gate. The composition root implements it."""

from typing import Protocol

from passgate.api.access_messages import AccessAnswer, AccessMessage
from passgate.api.messages import ApprovalInfo, CatalogsRefreshed, GateStatus, PolicyReloaded
from passgate.core.session import Session


class Control(Protocol):
    """``actor`` is the operating-system user who asked, for the ledger. A PassgateError becomes the answer's text."""

    def status(self) -> GateStatus: ...

    def sessions(self) -> tuple[Session, ...]: ...

    async def kill(self, session_id: str, *, actor: str) -> bool:
        """End one session and cancel what it runs; False if this process has none of that id."""

    async def cancel(self, process_id: int, key: bytes) -> bool:
        """Cancel the statement of the session that was given this key; False if this process has none such."""

    async def revoked(self, pass_ids: frozenset[str]) -> int:
        """Look into the store now and end the sessions of passes that are revoked; says how many there were."""

    async def locked(self) -> int:
        """Look into the store now and end the sessions that a lock reaches; says how many there were."""

    async def reload_policy(self, *, actor: str) -> PolicyReloaded:
        """Raises PolicyError; the bundle in force stays then."""

    async def refresh_catalog(self, resource: str | None, *, actor: str) -> CatalogsRefreshed:
        """Raises TargetUnavailableError, and ConfigError for a resource that does not exist."""

    async def access(self, request: AccessMessage, *, actor: str) -> AccessAnswer:
        """Ask for access, list, vote, take. Raises ApprovalError, PassRequestError, StoreError, LedgerUnavailableError."""

    def approvals(self, *, actor: str) -> tuple[ApprovalInfo, ...]:
        """What waits for people. Raises ApprovalError where this user is nobody who may decide."""

    async def vote(self, request: str, *, approves: bool, note: str, actor: str) -> ApprovalInfo | None:
        """Count one vote; None if this process has no such request. Raises ApprovalError, LedgerUnavailableError."""
