"""Votes that come back signed, as webhooks themselves: ``POST /approvals/webhook/<name>``.

The body is JSON: ``{"type": "approval.vote", "data": {"request": "…", "binding_sha256": "…", "approves": true, "by": "…",
"note": "…"}}``. Whoever has a webhook's secret speaks for the people it names, so votes are taken only where the configuration says
so; who may decide is checked as for everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passgate.core.errors import ApprovalError, LedgerUnavailableError, SecretUnavailableError, StoreError
from passgate.endpoints.approvals.incoming import (
    RefusedError,
    Spent,
    answered,
    body_of,
    refused,
    spend_once,
)
from passgate.endpoints.approvals.signatures import SignatureError, verify_webhook, webhook_key
from passgate.endpoints.approvals.webhook import Secret
from passgate.pipeline.approval_desk import ApprovalDesk, Voter

PATH = "/approvals/webhook/"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Data(_Closed):
    request: Annotated[str, Field(min_length=1, max_length=200)]
    binding_sha256: Annotated[str, Field(min_length=64, max_length=64)]
    approves: bool
    by: Annotated[str, Field(min_length=1, max_length=1000)]
    note: Annotated[str, Field(max_length=500)] = ""


class _Vote(_Closed):
    type: Literal["approval.vote"]
    data: _Data


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookVotes:
    """``secrets``: of the webhooks whose votes count, by name. ``people``: who may decide, by subject."""

    desk: ApprovalDesk
    secrets: Mapping[str, Secret]
    people: Mapping[str, Voter]
    spent: Spent
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        path = request.rel_url.raw_path
        if not path.startswith(PATH):
            return None
        try:
            return await self._vote(request, path.removeprefix(PATH))
        except SignatureError as error:
            return refused(RefusedError(401, str(error)))
        except RefusedError as error:
            return refused(error)
        except ApprovalError as error:
            return refused(RefusedError(409, str(error)))
        except (LedgerUnavailableError, StoreError, SecretUnavailableError):
            return refused(RefusedError(503, "it cannot be counted now: send it again with another id"))

    async def _vote(self, request: web.BaseRequest, name: str) -> web.Response:
        """Raises RefusedError and whatever else the gate knows."""
        secret = self.secrets.get(name)
        if secret is None:
            raise RefusedError(404, "there is no webhook of this name whose votes count")
        body = await body_of(request, "application/json")
        message = verify_webhook(webhook_key(await secret.obtain()), request.headers, body, now=self.now())
        vote = _read(body)
        spend_once(self.spent, f"webhook/{name}", message, now=self.now())
        voter = self.people.get(vote.by)
        if voter is None:
            raise RefusedError(403, "the person is not among approvals.people")
        wanted = self.desk.show(vote.request)
        if wanted is not None and wanted.binding_sha256 != vote.binding_sha256:
            raise RefusedError(409, "the request is bound to something else than what was voted on")
        found = await self.desk.vote(vote.request, voter, approves=vote.approves, note=vote.note)
        told = {"request": found.id, "state": found.state.value, "approvals": found.approvals, "count": found.count}
        return answered(told)


def _read(body: bytes) -> _Data:
    """Raises RefusedError, which repeats nothing of it."""
    try:
        return _Vote.model_validate_json(body).data
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RefusedError(400, f"this is no vote: {place or 'the body'}: {first['msg']}") from None
