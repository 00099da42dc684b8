"""Where Slack tells which button was pressed: ``POST /approvals/slack`` ("Handling user interaction": block_actions).

Slack is answered at once, and with nothing; what became of it stands in the message, or is told to the one who pressed.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passgate.core.errors import (
    ApprovalError,
    ChannelError,
    LedgerUnavailableError,
    SecretUnavailableError,
    StoreError,
)
from passgate.endpoints.approvals.incoming import RefusedError, Spent, body_of, refused, spend_once
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.signatures import SignatureError, verify_slack
from passgate.endpoints.approvals.slack_message import APPROVE, blocks, escaped, fallback, is_whole
from passgate.endpoints.approvals.webhook import Secret
from passgate.pipeline.approval_desk import ApprovalDesk, ApprovalRequest, Voter

PATH = "/approvals/slack"
HOOKS = "https://hooks.slack.com"

_LOG = logging.getLogger(__name__)


class _Open(BaseModel):
    """Slack adds members whenever it likes."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _User(_Open):
    id: Annotated[str, Field(min_length=1, max_length=100)]


class _Action(_Open):
    action_id: Literal["passgate.approve", "passgate.deny"]
    value: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,100}:[0-9a-f]{64}$")]


class _Pressed(_Open):
    type: Literal["block_actions"]
    user: _User
    actions: Annotated[tuple[_Action, ...], Field(min_length=1, max_length=1)]
    response_url: Annotated[str, Field(max_length=2000)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackInteractions:
    """``secret``: Slack's signing secret. ``people``: who may decide, by Slack's id of them. ``hooks``: the one origin that
    messages are brought up to date through. ``close`` waits for what is still to be told."""

    desk: ApprovalDesk
    secret: Secret
    people: Mapping[str, Voter]
    spent: Spent
    poster: Poster
    hooks: str = HOOKS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _telling: set["asyncio.Task[None]"] = field(default_factory=set, repr=False)

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        if request.rel_url.raw_path != PATH:
            return None
        try:
            body = await body_of(request, "application/x-www-form-urlencoded")
            message = verify_slack((await self.secret.obtain()).strip(), request.headers, body, now=self.now())
            pressed = _read(body)
            spend_once(self.spent, "slack", message, now=self.now())
        except SignatureError as error:
            return refused(RefusedError(401, str(error)))
        except RefusedError as error:
            return refused(error)
        except (StoreError, SecretUnavailableError):
            return refused(RefusedError(503, "it cannot be counted now: press it again"))
        self._tell(pressed.response_url, await self._decided(pressed))
        return web.Response(status=200)

    async def close(self) -> None:
        if self._telling:
            await asyncio.wait(tuple(self._telling))

    async def _decided(self, pressed: _Pressed) -> Mapping[str, object]:
        """What the message is from now on, or what only the one who pressed is told."""
        voter = self.people.get(pressed.user.id)
        if voter is None:
            return _privately("You are not among the people who may decide (approvals.people).")
        action = pressed.actions[0]
        number, _, binding = action.value.partition(":")
        try:
            shown = self.desk.show(number)
            if shown is not None and shown.binding_sha256 != binding:
                return _privately("This message is not about the request as it is.")
            if shown is None:
                return _privately("Its time is over: there is no such request any more.")
            if action.action_id == APPROVE and not is_whole(shown):
                return _privately("It cannot be shown whole here, so it can be approved at the gate only.")
            note = f"in Slack, as {pressed.user.id}"
            found = await self.desk.vote(number, voter, approves=action.action_id == APPROVE, note=note)
        except ApprovalError as error:
            return _privately(str(error))
        except (LedgerUnavailableError, StoreError):
            return _privately("Your word could not be recorded, so it does not count. Try again later.")
        return _message(found)

    def _tell(self, url: str, told: Mapping[str, object]) -> None:
        if not _is_at(url, self.hooks):
            if url:
                _LOG.warning(
                    "a Slack interaction named another place for its answer than %s: nothing is sent", self.hooks
                )
            return
        task = asyncio.get_running_loop().create_task(self._send(url, told))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _send(self, url: str, told: Mapping[str, object]) -> None:
        """Once: the desk has it, and the channel is told of the end besides."""
        try:
            reply = await self.poster.post(url, orjson.dumps(told), {"Content-Type": "application/json"})
        except ChannelError as error:
            _LOG.warning("a message in Slack could not be brought up to date: %s", error)
        else:
            if reply.status != 200:
                _LOG.warning("a message in Slack could not be brought up to date: it answers %d", reply.status)


def _read(body: bytes) -> _Pressed:
    """Raises RefusedError."""
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=10)
        (payload,) = form["payload"]
        return _Pressed.model_validate_json(payload)
    except (ValueError, KeyError) as error:
        what = "its payload is of no known kind" if isinstance(error, ValidationError) else "it has no payload"
        raise RefusedError(400, f"this is no pressed button: {what}") from None


def _message(request: ApprovalRequest) -> Mapping[str, object]:
    return {"replace_original": True, "text": fallback(request), "blocks": blocks(request)}


def _privately(text: str) -> Mapping[str, object]:
    return {"response_type": "ephemeral", "replace_original": False, "text": escaped(text), "mrkdwn": False}


def _is_at(url: str, origin: str) -> bool:
    """Whether it is below that very origin: scheme, host and port, no user, nothing that could be read otherwise."""
    try:
        given, wanted = urlsplit(url), urlsplit(origin)
        ports = given.port, wanted.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and "\\" not in url and "@" not in given.netloc
    return plain and (given.scheme, given.hostname, ports[0]) == (wanted.scheme, wanted.hostname, ports[1])
