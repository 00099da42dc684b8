"""A pressed button: by whom, about what, once."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from passgate.endpoints.approvals.posting import Poster
from passgate.endpoints.approvals.slack_interactions import SlackInteractions
from passgate.endpoints.approvals.slack_message import APPROVE, DENY
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState
from passgate.pipeline.excerpt import Excerpt
from passgate.pipeline.protocols import Held
from passgate.store.spent_tokens import SpentTokenStore
from tests.unit.approvals import parts
from tests.unit.approvals.parts import ADA, GRACE, LINUS, Bench, fresh_database
from tests.unit.endpoints.approvals.parts import Other, Secret, client, listening, other

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def held(text: str = "create table x", *, count: int = 1, seconds: int = 900, value: str | None = None) -> Held:
    """Shown as a whole, but for the ``value`` of its parameter."""
    plain = parts.held(text, count=count, seconds=seconds)
    inputs = {} if value is None else {"1": value}
    return replace(plain, shown=Excerpt(text=text), action=replace(plain.action, inputs=inputs))


@dataclass
class Slacked:
    """The real desk and store behind a real server; ``hooks``: where messages are brought up to date."""

    bench: Bench
    client: aiohttp.ClientSession
    url: str
    hooks: Other
    interactions: SlackInteractions

    async def send(self, body: bytes, *, off: int = 0, secret: str = SECRET, **headers: str) -> int:
        when = int((datetime.now(UTC) + timedelta(seconds=off)).timestamp())
        signature = hmac.new(secret.encode(), b"v0:%d:%b" % (when, body), hashlib.sha256).hexdigest()
        given = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": str(when),
            "X-Slack-Signature": f"v0={signature}",
            **headers,
        }
        async with self.client.post(f"{self.url}/approvals/slack", data=body, headers=given) as response:
            await response.read()
            return response.status

    def pressed(self, request: ApprovalRequest, user: str = "U1", action: str = APPROVE, **changed: Any) -> bytes:
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": "who", "team_id": "T1"},
            "actions": [
                {
                    "action_id": action,
                    "type": "button",
                    "value": f"{request.id}:{request.binding_sha256}",
                    "action_ts": "1",
                }
            ],
            "response_url": self.hooks.url + "/actions/T1/1/x",
            "trigger_id": f"{id(changed)}",
            **changed,
        }
        return urlencode({"payload": json.dumps(payload)}).encode()

    async def told(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((await self.hooks.next()).body)
        return answer


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[Slacked]:
    bench = Bench(database=fresh_database(tmp_path / "state.db"))
    poster = Poster(seconds=2)
    async with other() as hooks:
        interactions = SlackInteractions(
            desk=bench.desk,
            secret=Secret(SECRET),
            people={"U1": GRACE, "U2": LINUS, "U3": ADA},
            spent=SpentTokenStore(bench.database),
            poster=poster,
            hooks=hooks.url,
        )
        async with listening(interactions.serve) as url, client() as session:
            yield Slacked(bench=bench, client=session, url=url, hooks=hooks, interactions=interactions)
        await interactions.close()
        await poster.close()
    await bench.desk.close()
    bench.database.close()


async def test_two_people_press_approve_and_the_message_follows(slack: Slacked) -> None:
    async with slack.bench.asking(held(count=2)) as (asked, request):
        assert await slack.send(slack.pressed(request)) == 200
        first = await slack.told()
        assert first["replace_original"] is True
        assert "1 of 2 of dba" in json.dumps(first)
        assert await slack.send(slack.pressed(request, "U2")) == 200
        assert not any(block["type"] == "actions" for block in (await slack.told())["blocks"])
        answer = await asked
    assert answer.reason == f"Approved by {GRACE.subject}, {LINUS.subject} (request {request.id})."
    assert [vote.note for vote in slack.bench.shown(request).votes] == ["in Slack, as U1", "in Slack, as U2"]


async def test_what_is_not_shown_whole_is_not_approved_there(slack: Slacked) -> None:
    """There is no such button in the message; whoever sends one all the same has not seen the values that run."""
    request = await slack.bench.asked(held("DELETE FROM t WHERE id = $1", value="7"))
    assert await slack.send(slack.pressed(request)) == 200
    assert "approved at the gate only" in (await slack.told())["text"]
    assert slack.bench.shown(request).votes == ()
    assert await slack.send(slack.pressed(request, action=DENY)) == 200
    assert slack.bench.shown(request).state is ApprovalState.DENIED


async def test_one_presses_deny(slack: Slacked) -> None:
    request = await slack.bench.asked(held(count=2))
    assert await slack.send(slack.pressed(request, action=DENY)) == 200
    assert slack.bench.shown(request).state is ApprovalState.DENIED


@pytest.mark.parametrize(
    ("user", "why"), [("U3", "in their name"), ("U9", "not among the people"), ("U1", "has voted")]
)
async def test_whoever_may_not_is_told_so_alone(slack: Slacked, user: str, why: str) -> None:
    request = await slack.bench.asked(held(count=2))
    await slack.bench.desk.vote(request.id, GRACE, approves=True)
    assert await slack.send(slack.pressed(request, user)) == 200
    told = await slack.told()
    assert (told["response_type"], told["replace_original"]) == ("ephemeral", False)
    assert why in told["text"]
    assert slack.bench.shown(request).approvals == 1


async def test_the_very_same_message_counts_once(slack: Slacked) -> None:
    request = await slack.bench.asked(held(count=2))
    body = slack.pressed(request)
    when = str(int(datetime.now(UTC).timestamp()))
    signature = hmac.new(SECRET.encode(), b"v0:%b:%b" % (when.encode(), body), hashlib.sha256).hexdigest()
    signed = {"X-Slack-Request-Timestamp": when, "X-Slack-Signature": f"v0={signature}"}
    assert await slack.send(body, **signed) == 200
    assert await slack.send(body, **signed) == 409
    assert slack.bench.said().count("approval.voted") == 1


@pytest.mark.parametrize("changed", [{"off": 301}, {"off": -301}, {"secret": "another"}])
async def test_what_slack_has_not_signed_just_now_is_refused(slack: Slacked, changed: dict[str, Any]) -> None:
    request = await slack.bench.asked(held())
    assert await slack.send(slack.pressed(request), **changed) == 401
    assert slack.bench.shown(request).state is ApprovalState.PENDING
    assert slack.hooks.received.empty()


async def test_a_button_is_about_what_was_shown_and_in_its_time(slack: Slacked) -> None:
    request = await slack.bench.asked(held(seconds=60))
    value = {"action_id": APPROVE, "value": f"{request.id}:{'cd' * 32}"}
    await slack.send(slack.pressed(request, actions=[value]))
    assert "not about the request as it is" in (await slack.told())["text"]
    slack.bench.now[0] = timedelta(seconds=61)
    await slack.send(slack.pressed(request))
    assert "Its time is over" in (await slack.told())["text"]
    assert "approval.voted" not in slack.bench.said()


async def test_a_vote_that_cannot_be_recorded_does_not_count_and_that_is_told(slack: Slacked) -> None:
    request = await slack.bench.asked(held())
    slack.bench.recorder.full = True
    await slack.send(slack.pressed(request))
    assert "could not be recorded" in (await slack.told())["text"]
    assert slack.bench.shown(request).votes == ()


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "view_submission"},
        {"actions": []},
        {"actions": [{"action_id": "other", "value": "x:" + "ab" * 32}]},
        {"actions": [{"action_id": APPROVE, "value": "../x"}]},
        {"user": {"id": ""}},
    ],
)
async def test_what_is_no_button_of_ours_is_refused(slack: Slacked, payload: dict[str, Any]) -> None:
    request = await slack.bench.asked(held())
    assert await slack.send(slack.pressed(request, **payload)) == 400


async def test_what_is_no_form_is_refused(slack: Slacked) -> None:
    for body in (b"payload=%7B", b"x=1", b"payload=%FF", b"\xff", b"payload=1&payload=2"):
        assert await slack.send(body) == 400
    assert await slack.send(b"x" * 70_000) == 413
    assert await slack.send(b"{}", **{"Content-Type": "application/json"}) == 415
    async with slack.client.get(f"{slack.url}/approvals/slack") as response:
        assert response.status == 405


async def test_without_its_secret_nothing_is_taken(slack: Slacked) -> None:
    slack.interactions.secret.missing = True  # type: ignore[attr-defined]
    assert await slack.send(b"payload=1") == 503


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "{hooks}@evil.example/",
        "{hooks}.evil.example/",
        "ftp{hooks}",
        "",
        "http://[",
        "{other}",
    ],
)
async def test_an_answer_goes_to_slack_and_nowhere_else(slack: Slacked, url: str) -> None:
    request = await slack.bench.asked(held())
    async with other() as elsewhere:
        there = url.format(hooks=slack.hooks.url, other=elsewhere.url)
        assert await slack.send(slack.pressed(request, response_url=there)) == 200
        await slack.interactions.close()
        assert elsewhere.received.empty()
    assert slack.hooks.received.empty()
    assert slack.bench.shown(request).state is ApprovalState.APPROVED  # the vote counts all the same


@pytest.mark.parametrize("status", [500, 302])
async def test_a_message_that_cannot_follow_changes_nothing(slack: Slacked, status: int) -> None:
    slack.hooks.status = status
    slack.hooks.headers = {"Location": "http://127.0.0.1:1/"}
    request = await slack.bench.asked(held())
    assert await slack.send(slack.pressed(request)) == 200
    await slack.told()
    await slack.interactions.close()
    assert slack.bench.shown(request).state is ApprovalState.APPROVED
