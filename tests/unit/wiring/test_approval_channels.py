"""Channels as they are configured: told, and heard, with the real desk between."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest

from passgate.approvals.desk import Desk
from passgate.config.approvals import Approvals, Person, Slack, Webhook
from passgate.config.secret_sources import LocalSecret
from passgate.core.errors import ConfigError
from passgate.endpoints.approvals.signatures import verify_webhook, webhook_key
from passgate.endpoints.beside import first_of
from passgate.pipeline.excerpt import Excerpt
from passgate.wiring.approval_channels import channels
from passgate.wiring.approvals import ApprovalsWiring
from tests.unit.approvals.parts import fresh_database, held
from tests.unit.endpoints.approvals.parts import Other, client, listening, other
from tests.unit.endpoints.approvals.test_signatures import HOOK_SECRET
from tests.unit.pipeline.steps import MemoryRecorder


@pytest.fixture
async def there() -> AsyncIterator[Other]:
    async with other() as one:
        one.answer = b'{"ok": true, "channel": "C1", "ts": "1.2"}'
        yield one


def secret(folder: Path, name: str, value: str) -> LocalSecret:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(value)
    return LocalSecret(file=path)


async def test_slack_and_a_webhook_are_told_and_a_press_of_the_button_decides(tmp_path: Path, there: Other) -> None:
    settings = Approvals(
        people={"grace@example.com": Person(slack="U1", groups=("dba",))},
        webhooks={"pager": Webhook(url=there.url + "/hook", secret=secret(tmp_path, "hook", HOOK_SECRET), votes=True)},
        slack=Slack(
            channel="C1",
            token=secret(tmp_path, "token", "xoxb-1"),
            signing_secret=secret(tmp_path, "signing", "s1"),
            api=there.url + "/api",
            hooks=there.url,
        ),
    )
    database = fresh_database(tmp_path / "state.db")
    wiring = ApprovalsWiring(settings, MemoryRecorder(), database=database, key=bytes(32))
    wiring.start()
    assert isinstance(wiring.approvals, Desk)
    assert len(wiring.beside) == 2
    decision = await _decided(wiring, there)
    assert decision.startswith("Approved by grace@example.com")
    over = {(await there.next()).path for _ in range(3)}
    assert over == {"/hook", "/api/chat.update", "/back"}
    await wiring.close()
    database.close()


async def _decided(wiring: ApprovalsWiring, there: Other) -> str:
    what = replace(held(), shown=Excerpt(text="create table x"))
    asked = asyncio.create_task(wiring.approvals.resolve(what, lambda _waiting: None))
    told = {got.path: got for got in [await there.next(), await there.next()]}
    verify_webhook(webhook_key(HOOK_SECRET), told["/hook"].headers, told["/hook"].body, now=datetime.now(UTC))
    buttons = next(
        block for block in json.loads(told["/api/chat.postMessage"].body)["blocks"] if block["type"] == "actions"
    )
    (request,) = wiring.desk.list()
    payload = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "actions": [{"action_id": "passgate.approve", "value": f"{request.id}:{request.binding_sha256}"}],
        "response_url": there.url + "/back",
    }
    assert buttons["elements"][-1]["value"] == f"{request.id}:{request.binding_sha256}"
    body = urlencode({"payload": orjson.dumps(payload).decode()}).encode()
    when = str(int(datetime.now(UTC).timestamp()))
    signature = hmac.new(b"s1", b"v0:%b:%b" % (when.encode(), body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": when,
        "X-Slack-Signature": f"v0={signature}",
    }
    serve = first_of(wiring.beside)
    assert serve is not None
    async with listening(serve) as url, client() as session:
        async with session.post(f"{url}/approvals/slack", data=body, headers=headers) as response:
            assert response.status == 200
        async with session.post(f"{url}/approvals/webhook/pager", data=b"{}") as response:
            assert response.status == 415
        return (await asked).reason


async def test_without_channels_nothing_answers(tmp_path: Path) -> None:
    database = fresh_database(tmp_path / "state.db")
    wiring = ApprovalsWiring(Approvals(), MemoryRecorder(), database=database, key=bytes(32))
    assert wiring.beside == ()
    await wiring.close()
    database.close()


def test_authorities_that_are_none_are_said(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    hook = Webhook(url="https://x.example", secret=LocalSecret(env="X"), ca=tmp_path / "ca.crt")
    with pytest.raises(ConfigError, match="pager"):
        channels(Approvals(webhooks={"pager": hook}))
