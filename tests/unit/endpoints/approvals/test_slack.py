"""Slack as a channel, at a stand-in for its Web API."""

import json
from collections.abc import AsyncIterator

import pytest

from passgate.core.errors import ChannelError
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.slack import SlackChannel
from passgate.pipeline.approval_desk import ApprovalState
from tests.unit.endpoints.approvals.parts import REQUEST, Other, Secret, decided, other


@pytest.fixture
async def api() -> AsyncIterator[Other]:
    async with other() as one:
        one.answer = b'{"ok": true, "channel": "C1", "ts": "1503435956.000247"}'
        yield one


@pytest.fixture
async def slack(api: Other) -> AsyncIterator[SlackChannel]:
    poster = Poster(seconds=2)
    yield SlackChannel(api=api.url + "/api", token=Secret("xoxb-1\n"), channel="C1", poster=poster)
    await poster.close()


async def test_a_request_is_a_message_that_is_brought_up_to_date(api: Other, slack: SlackChannel) -> None:
    reference = await slack.announce(REQUEST)
    assert reference == "C1/1503435956.000247"
    asked = await api.next()
    assert (asked.path, asked.headers["Authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-1")
    body = json.loads(asked.body)
    assert (body["channel"], body["mrkdwn"], body["parse"], body["link_names"]) == ("C1", False, "none", False)
    await slack.resolved(decided(ApprovalState.DENIED), reference)
    over = await api.next()
    body = json.loads(over.body)
    assert (over.path, body["ts"], body["channel"]) == ("/api/chat.update", "1503435956.000247", "C1")
    assert not any(block["type"] == "actions" for block in body["blocks"])


async def test_what_was_never_told_is_not_brought_up_to_date(api: Other, slack: SlackChannel) -> None:
    await slack.resolved(decided(ApprovalState.DENIED), "")
    assert api.received.empty()


@pytest.mark.parametrize(
    ("status", "answer", "why"),
    [
        (200, b'{"ok": false, "error": "channel_not_found"}', "channel_not_found"),
        (200, b"[]", "refuses"),
        (200, b"not json", "cannot be read"),
        (200, b'{"ok": true}', "where the message is"),
        (429, b"", "answers 429"),
    ],
)
async def test_what_slack_refuses_is_a_failure(
    api: Other, slack: SlackChannel, status: int, answer: bytes, why: str
) -> None:
    api.status, api.answer = status, answer
    with pytest.raises(ChannelError, match=why):
        await slack.announce(REQUEST)


async def test_without_a_token_nothing_is_sent(api: Other) -> None:
    poster = Poster()
    channel = SlackChannel(api=api.url, token=Secret("", missing=True), channel="C1", poster=poster)
    with pytest.raises(ChannelError, match="token is not usable"):
        await channel.announce(REQUEST)
    assert api.received.empty()
    await poster.close()
