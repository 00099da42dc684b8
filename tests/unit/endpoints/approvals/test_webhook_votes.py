"""Votes that come back signed: counted once, of people who may, about what they were shown."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from passgate.endpoints.approvals.signatures import sign_webhook, webhook_key
from passgate.endpoints.approvals.webhook_votes import WebhookVotes
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState
from passgate.store.spent_tokens import SpentTokenStore
from tests.unit.approvals.parts import ADA, GRACE, LINUS, Bench, fresh_database, held
from tests.unit.endpoints.approvals.parts import Secret, client, listening
from tests.unit.endpoints.approvals.test_signatures import HOOK_SECRET


@dataclass
class Hooked:
    """The real desk, store and memory of what was used, behind a real server."""

    bench: Bench
    client: aiohttp.ClientSession
    url: str
    number: int = 0

    async def send(self, body: bytes, *, name: str = "pager", **changed: Any) -> tuple[int, Mapping[str, Any]]:
        self.number += 1
        key = webhook_key(changed.get("secret", HOOK_SECRET))
        when = datetime.now(UTC) + timedelta(seconds=changed.get("off", 0))
        signed = sign_webhook(key, changed.get("message", f"msg_{self.number}"), int(when.timestamp()), body)
        headers = {"Content-Type": changed.get("media", "application/json"), **signed}
        async with self.client.post(f"{self.url}/approvals/webhook/{name}", data=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def vote(self, request: ApprovalRequest, by: str = GRACE.subject, **changed: Any) -> tuple[int, Any]:
        return await self.send(vote(request, by), **changed)


def vote(request: ApprovalRequest, by: str = GRACE.subject, **changed: object) -> bytes:
    data = {"request": request.id, "binding_sha256": request.binding_sha256, "approves": True, "by": by, **changed}
    return orjson.dumps({"type": "approval.vote", "data": data})


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[Hooked]:
    bench = Bench(database=fresh_database(tmp_path / "state.db"))
    votes = WebhookVotes(
        desk=bench.desk,
        secrets={"pager": Secret(HOOK_SECRET), "gone": Secret("", missing=True)},
        people={one.subject: one for one in (GRACE, LINUS, ADA)},
        spent=SpentTokenStore(bench.database),
    )
    async with listening(votes.serve) as url, client() as session:
        yield Hooked(bench=bench, client=session, url=url)
    await bench.desk.close()
    bench.database.close()


async def test_two_people_approve(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held(count=2))
    status, told = await hooked.vote(request)
    assert (status, told) == (200, {"request": request.id, "state": "pending", "approvals": 1, "count": 2})
    status, told = await hooked.vote(request, LINUS.subject)
    assert (status, told["state"]) == (200, "approved")


async def test_one_person_twice_the_requester_and_a_stranger_do_not_count(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held(count=2))
    await hooked.vote(request)
    for by, status, why in (
        (GRACE.subject, 409, "has voted"),
        (ADA.subject, 409, "in their name"),
        ("eve@example.com", 403, "not among approvals.people"),
    ):
        answer = await hooked.vote(request, by)
        assert answer[0] == status
        assert why in answer[1]["detail"]
    assert hooked.bench.shown(request).approvals == 1


async def test_a_message_counts_once_whichever_process_takes_it(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held(count=2))
    assert (await hooked.vote(request, message="same"))[0] == 200
    status, told = await hooked.vote(request, LINUS.subject, message="same")
    assert status == 409
    assert "used before" in told["detail"]


async def test_after_its_end_and_about_something_else_nothing_counts(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held(seconds=60))
    status, told = await hooked.vote(replace(request, binding_sha256="cd" * 32))
    assert status == 409
    assert "bound to something else" in told["detail"]
    hooked.bench.now[0] = timedelta(seconds=61)
    status, told = await hooked.vote(request)
    assert status == 409
    assert "its time is over" in told["detail"]
    assert "approval.voted" not in hooked.bench.said()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"off": 301}, 401),
        ({"off": -301}, 401),
        ({"secret": "whsec_" + "A" * 32}, 401),
        ({"name": "other"}, 404),
        ({"name": "gone"}, 503),
        ({"media": "text/plain"}, 415),
    ],
)
async def test_what_is_not_signed_for_this_moment_and_place_is_refused(
    hooked: Hooked, changed: dict[str, Any], status: int
) -> None:
    request = await hooked.bench.asked(held())
    assert (await hooked.vote(request, **changed))[0] == status
    assert hooked.bench.shown(request).state is ApprovalState.PENDING


async def test_what_is_no_vote_is_refused_and_nothing_of_it_repeated(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held())
    for body in (
        b"",
        b"[]",
        b'{"type": "approval.requested", "data": {"request": "very-odd"}}',
        vote(request, approves="yes"),
        vote(request, more=1),
        vote(request, note="x" * 501),
    ):
        status, told = await hooked.send(body)
        assert status == 400
        assert "very-odd" not in str(told)
    assert (await hooked.send(b"x" * 70_000))[0] == 413
    async with hooked.client.get(f"{hooked.url}/approvals/webhook/pager") as response:
        assert response.status == 405
    async with hooked.client.get(f"{hooked.url}/elsewhere") as response:
        assert response.status == 404


async def test_a_vote_that_cannot_be_recorded_does_not_count(hooked: Hooked) -> None:
    request = await hooked.bench.asked(held())
    hooked.bench.recorder.full = True
    assert (await hooked.vote(request))[0] == 503
    assert hooked.bench.shown(request).votes == ()
