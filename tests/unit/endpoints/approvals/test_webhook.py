"""What a webhook is told, and what it is not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from passgate.core.errors import ChannelError
from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.signatures import verify_webhook, webhook_key
from passgate.endpoints.approvals.webhook import WebhookChannel
from passgate.pipeline.approval_desk import ApprovalState, Vote
from tests.unit.endpoints.approvals.parts import REQUEST, Other, Secret, decided, other
from tests.unit.endpoints.approvals.test_signatures import HOOK_SECRET


@pytest.fixture
async def there() -> AsyncIterator[Other]:
    async with other() as one:
        yield one


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    poster = Poster(seconds=2)
    yield poster
    await poster.close()


async def test_it_is_signed_and_holds_nothing_of_what_will_run(there: Other, poster: Poster) -> None:
    channel = WebhookChannel(url=there.url + "/in", secret=Secret(HOOK_SECRET), poster=poster)
    assert await channel.announce(replace(REQUEST, inputs={"1": "very-secret-parameter"})) == ""
    got = await there.next()
    assert got.path == "/in"
    message = verify_webhook(webhook_key(HOOK_SECRET), got.headers, got.body, now=datetime.now(UTC))
    assert message == f"{REQUEST.id}-requested"
    told = orjson.loads(got.body)
    assert told["type"] == "approval.requested"
    assert told["data"]["rows"] == 214
    assert told["data"]["binding_sha256"] == REQUEST.binding_sha256
    for kept in ("eve@", "[EMAIL]", "very-secret-parameter", "e***", "weekly report", "Writes in production"):
        assert kept not in got.body.decode()


async def test_its_end_is_told_with_who_decided_and_without_their_notes(there: Other, poster: Poster) -> None:
    channel = WebhookChannel(url=there.url, secret=Secret(HOOK_SECRET), poster=poster)
    vote = Vote(subject="grace@example.com", approves=False, note="because of eve", at=REQUEST.asked)
    await channel.resolved(replace(decided(ApprovalState.DENIED), votes=(vote,)), "")
    got = await there.next()
    told = orjson.loads(got.body)
    assert (told["type"], told["data"]["state"]) == ("approval.resolved", "denied")
    assert told["data"]["votes"][0]["by"] == "grace@example.com"
    assert b"because of eve" not in got.body


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [(500, {}, "answers 500"), (404, {}, "answers 404"), (302, {"Location": "http://169.254.169.254/"}, "redirect")],
)
async def test_what_is_no_success_is_a_failure(
    there: Other, poster: Poster, status: int, headers: dict[str, str], why: str
) -> None:
    there.status, there.headers = status, headers
    channel = WebhookChannel(url=there.url, secret=Secret(HOOK_SECRET), poster=poster)
    with pytest.raises(ChannelError, match=why):
        await channel.announce(REQUEST)
    assert there.received.qsize() == 1  # nothing was followed


async def test_a_place_that_is_not_there_and_a_secret_that_is_not_one_are_failures(
    there: Other, poster: Poster
) -> None:
    with pytest.raises(ChannelError, match="cannot be reached"):
        await WebhookChannel(url="http://127.0.0.1:1", secret=Secret(HOOK_SECRET), poster=poster).announce(REQUEST)
    for secret in (Secret("short"), Secret("", missing=True)):
        with pytest.raises(ChannelError, match="secret is not usable"):
            await WebhookChannel(url=there.url, secret=secret, poster=poster).announce(REQUEST)
    there.answer = b"x" * 100_000
    with pytest.raises(ChannelError, match="more than"):
        await WebhookChannel(url=there.url, secret=Secret(HOOK_SECRET), poster=poster).announce(REQUEST)
