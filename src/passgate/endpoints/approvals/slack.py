"""Slack as a channel: one message for each request, brought up to date when it is over (``chat.postMessage``, ``chat.update``)."""

from collections.abc import Mapping

import orjson

from passgate.core.errors import ChannelError, SecretUnavailableError
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.slack_message import blocks, fallback
from passgate.endpoints.approvals.webhook import Secret
from passgate.pipeline.approval_desk import ApprovalRequest

_QUIET = {"mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}


class SlackChannel:
    """The pipeline's ``Channel``. ``api``: Slack's Web API, without a slash at its end; ``channel``: the conversation's id.

    A reference is ``channel/timestamp`` of the message.
    """

    def __init__(self, *, api: str, token: Secret, channel: str, poster: Poster) -> None:
        self._api = api
        self._token = token
        self._channel = channel
        self._poster = poster

    async def announce(self, request: ApprovalRequest) -> str:
        told = await self._call(
            "chat.postMessage",
            {"channel": self._channel, "text": fallback(request), "blocks": blocks(request), **_QUIET},
        )
        channel, timestamp = told.get("channel"), told.get("ts")
        if not isinstance(channel, str) or not isinstance(timestamp, str):
            raise ChannelError("Slack does not say where the message is")
        return f"{channel}/{timestamp}"

    async def resolved(self, request: ApprovalRequest, reference: str) -> None:
        channel, _, timestamp = reference.partition("/")
        if not timestamp:
            return  # it was never told there
        await self._call(
            "chat.update",
            {
                "channel": channel,
                "ts": timestamp,
                "text": fallback(request),
                "blocks": blocks(request),
                "parse": "none",
                "link_names": False,
            },
        )

    async def _call(self, method: str, body: Mapping[str, object]) -> Mapping[str, object]:
        """Raises ChannelError."""
        try:
            token = (await self._token.obtain()).strip()
        except SecretUnavailableError as error:
            raise ChannelError(f"its token is not usable: {error}") from error
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}
        reply = await self._poster.post(f"{self._api}/{method}", orjson.dumps(body), headers)
        if reply.status != 200:
            raise ChannelError(f"Slack answers {reply.status} to {method}")
        try:
            told = orjson.loads(reply.body)
        except ValueError as error:
            raise ChannelError(f"Slack's answer to {method} cannot be read") from error
        if not isinstance(told, dict) or told.get("ok") is not True:
            why = told.get("error") if isinstance(told, dict) else None
            raise ChannelError(f"Slack refuses {method}: {str(why)[:100]}")
        return told
