"""A signed webhook: told of every request's beginning and end, and of nothing that a statement or a prompt holds.

The body is JSON: ``type`` (``approval.requested`` or ``approval.resolved``), ``timestamp``, ``data``. Names of objects, people and
rules are in it; texts, parameters, rows and notes are not.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import orjson

from passgate.core.errors import ChannelError, SecretUnavailableError
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.signatures import sign_webhook, webhook_key
from passgate.pipeline.approval_desk import ApprovalRequest

REQUESTED = "approval.requested"
RESOLVED = "approval.resolved"

_MOST_ATOMS = 100


class Secret(Protocol):
    async def obtain(self) -> str:
        """As of this moment. Raises SecretUnavailableError."""


class WebhookChannel:
    """The pipeline's ``Channel``. ``url``: https, or this very machine; checked by whoever reads the configuration."""

    def __init__(
        self,
        *,
        url: str,
        secret: Secret,
        poster: Poster,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._secret = secret
        self._poster = poster
        self._now = now

    async def announce(self, request: ApprovalRequest) -> str:
        await self._send(REQUESTED, request)
        return ""

    async def resolved(self, request: ApprovalRequest, reference: str) -> None:  # noqa: ARG002 - there is no such place
        await self._send(RESOLVED, request)

    async def _send(self, type_: str, request: ApprovalRequest) -> None:
        """The id is the same however often it is tried, so that it can be taken for one. Raises ChannelError."""
        now = self._now()
        body = orjson.dumps({"type": type_, "timestamp": now.isoformat(), "data": _data(request)})
        try:
            key = webhook_key(await self._secret.obtain())
        except SecretUnavailableError as error:
            raise ChannelError(f"its secret is not usable: {error}") from error
        signed = sign_webhook(key, f"{request.id}-{type_.rpartition('.')[2]}", int(now.timestamp()), body)
        reply = await self._poster.post(self._url, body, {"Content-Type": "application/json", **signed})
        if not 200 <= reply.status < 300:
            raise ChannelError(f"it answers {reply.status}")


def _data(request: ApprovalRequest) -> dict[str, object]:
    return {
        "request": request.id,
        "state": request.state.value,
        "binding_sha256": request.binding_sha256,
        "chain": list(request.chain),
        "resource": request.resource,
        "verb": request.verb,
        "touches": list(request.atoms[:_MOST_ATOMS]),
        "rule": request.rule,
        "policy": request.policy,
        "group": request.group,
        "count": request.count,
        "rows": request.preview.rows,
        "asked": request.asked.isoformat(),
        "expires": request.expires.isoformat(),
        "votes": [{"by": vote.subject, "approves": vote.approves, "at": vote.at.isoformat()} for vote in request.votes],
    }
