"""One line of the ledger."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from passgate.core.decision import Decision
from passgate.core.session import Session


class EventType(StrEnum):
    NODE_BOOT = "node.boot"
    HEARTBEAT = "heartbeat"
    SESSION_START = "session.start"
    SESSION_REFUSED = "session.refused"
    SESSION_END = "session.end"
    SESSION_CANCELLED = "session.cancelled"
    ACTION_INTENT = "action.intent"
    ACTION_OUTCOME = "action.outcome"
    ACTION_REFUSED = "action.refused"
    ACTION_HELD = "action.held"
    ACTION_PREVIEWED = "action.previewed"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_VOTED = "approval.voted"
    APPROVAL_RESOLVED = "approval.resolved"
    APPROVAL_UNTOLD = "approval.untold"
    ACCESS_REQUESTED = "access.requested"
    ACCESS_VOTED = "access.voted"
    ACCESS_RESOLVED = "access.resolved"
    ACCESS_TAKEN = "access.taken"
    CREDENTIAL_MINTED = "credential.minted"
    CREDENTIAL_DROPPED = "credential.dropped"
    ROW_GUARD = "row.guard"
    REC_CHUNK = "rec.chunk"
    PASS_ISSUED = "pass.issued"
    PASS_REVOKED = "pass.revoked"
    TOKEN_ISSUED = "token.issued"
    TOKEN_REFUSED = "token.refused"
    TOKEN_REVOKED = "token.revoked"
    TOKEN_REUSED = "token.reused"
    CONSENT_GIVEN = "consent.given"
    CONSENT_DENIED = "consent.denied"
    DIRECTORY_CHANGED = "directory.changed"
    DIRECTORY_REFUSED = "directory.refused"
    LOGOUT_RECEIVED = "logout.received"
    LOGOUT_REFUSED = "logout.refused"
    ACCESS_ENDED = "access.ended"
    LOCK_SET = "lock.set"
    LOCK_LIFTED = "lock.lifted"
    SESSION_KILLED = "session.killed"
    TASK_TAGGED = "task.tagged"
    POLICY_ACTIVATED = "policy.bundle.activated"
    POLICY_REFUSED = "policy.bundle.refused"
    CATALOG_CHANGED = "catalog.changed"
    PROTOCOL_ERROR = "protocol.error"
    BOUND_HIT = "bound.hit"
    AUDIT_GAP = "audit.gap"
    CONTROL_CALLED = "control.called"
    CONTROL_ANSWERED = "control.answered"
    CONTROL_REFUSED = "control.refused"
    AUDIT_VIEWED = "audit.viewed"
    AUDIT_EXPORTED = "audit.exported"
    KEY_DESTROYED = "key.destroyed"


Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

_NOTHING: Mapping[str, Json] = MappingProxyType({})


@final
class Event:
    """What the gate says happened. The ledger adds its own envelope: id, node, epoch, wall and monotonic time, index.

    ``intent`` ties an outcome to its intent (the intent's event id). ``text`` is the statement as judged: the ledger stores it
    encrypted and puts only the hash of the ciphertext in the leaf. ``detail`` holds integers and short strings: never a
    value from a result, never a float, never a secret.
    """

    __slots__ = ("actor", "decision", "detail", "fingerprint", "intent", "objects", "session", "text", "type", "verb")

    def __init__(
        self,
        *,
        type: EventType,  # noqa: A002 - the ledger's own word
        session: Session | None = None,
        actor: str = "",
        intent: str | None = None,
        verb: str = "",
        objects: tuple[str, ...] = (),
        fingerprint: str = "",
        text: str | None = None,
        decision: Decision | None = None,
        detail: Mapping[str, Json] = _NOTHING,
    ) -> None:
        self.type: Final = type
        self.session: Final = session
        self.actor: Final = actor
        self.intent: Final = intent
        self.verb: Final = verb
        self.objects: Final = objects
        self.fingerprint: Final = fingerprint
        self.text: Final = text
        self.decision: Final = decision
        self.detail: Final = detail
