"""Files piece by piece."""

import aiohttp
import orjson
import pytest
from aiohttp import web

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.refusal import Cause
from passgate.core.action import ColumnRef
from passgate.core.decision import Mask, Outcome
from passgate.core.errors import DetectorError, PassgateError
from passgate.core.text_plan import REDACT
from passgate.endpoints.llm.account import CallAccount
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import Limits
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.endpoints.llm.uploads import UploadBody
from passgate.pipeline.protocols import Understood
from tests.unit.endpoints.llm.parts import House, OnePolicy, operation, target
from tests.unit.endpoints.llm.serving import serving

UPLOAD = operation("openai.files.upload")


def line(text: str, model: str = "gpt-5") -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return orjson.dumps({"custom_id": "c", "method": "POST", "url": "/v1/chat/completions", "body": body}) + b"\n"


async def uploaded(
    house: House, content: bytes, *, models: tuple[str, ...] = ("*",), limits: Limits | None = None
) -> tuple[bytes, PassgateError | None, CallAccount]:
    """What leaves, why it ended early, and the account of it."""
    found: list[tuple[bytes, PassgateError | None, CallAccount]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        gated = house.gated()
        call = read_call(UPLOAD, b"", {})
        verdict = gated.judge(Understood(actions=(action_of(call, (), provider="openai"),), cacheable=False))
        transcript = CallTranscript(gated.recording, verdict.event)
        account = CallAccount(
            services=house.services,
            gated=gated,
            target=house.target,
            call=call,
            judged=verdict.judged[0],
            transcript=transcript,
        )
        body = UploadBody(
            request=request,
            call=call,
            gated=gated,
            target=target(models=models),
            account=account,
            transcript=transcript,
            limits=limits or house.limits,
            aside=house.services.aside,
        )
        left = b""
        try:
            async for part in body:
                left += part
        except PassgateError:
            left += b"!"
        found.append((left, body.failed, account))
        return web.Response()

    data = aiohttp.FormData()
    data.add_field("purpose", "batch")
    data.add_field("file", content, filename="batch.jsonl")
    async with serving(handler) as origin, aiohttp.ClientSession() as client, client.post(origin, data=data):
        return found[0]


async def test_every_line_is_masked_and_recorded_as_it_leaves() -> None:
    column = ColumnRef(namespace="pii", object="EMAIL", column="user")
    house = House(policy=OnePolicy(obligations=(Mask(column=column, strategy=REDACT, rule="one"),)))
    left, failed, account = await uploaded(house, line("to a@b.cd") + line("hello") + line("and c@d.ef"))
    assert failed is None
    assert (left.count(b"[EMAIL]"), b"@" in left, b"hello" in left) == (2, False, True)
    assert account.masked == {"EMAIL": 2}
    recorded = b"".join(data.partition(b"\n")[2] for data in house.recorder.recordings[0].of("sent"))
    assert recorded == left
    assert not left.endswith(b"!")
    assert house.recorder.types() == ["session.start", "action.intent"]


async def test_a_line_for_a_model_that_is_not_served() -> None:
    _, failed, _ = await uploaded(House(), line("x") + line("x", "o4"), models=("gpt-*",))
    assert isinstance(failed, RefusedError)
    assert failed.refusal.cause is Cause.MODEL


async def test_a_line_that_policy_denies_is_recorded_as_refused() -> None:
    house = House()
    decide = house.policy.decide

    def picky(action, session):
        house.policy.outcome = Outcome.DENY if action.verb == "generate" else Outcome.ALLOW
        return decide(action, session)

    house.policy.decide = picky  # type: ignore[method-assign]
    left, failed, _ = await uploaded(house, line("x"))
    assert isinstance(failed, RefusedError)
    assert failed.refusal.cause is Cause.POLICY
    assert b"custom_id" not in left
    assert house.recorder.types()[-1] == "action.refused"


async def test_a_detector_that_fails_stops_the_upload() -> None:
    left, failed, _ = await uploaded(House(), line("x") + line("boom"))
    assert isinstance(failed, DetectorError)
    assert b"boom" not in left


@pytest.mark.parametrize(
    ("content", "limits", "cause"),
    [
        (b"{nonsense}\n", None, Cause.BAD_REQUEST),
        (line("x" * 500), Limits(file=300), Cause.TOO_LARGE),
    ],
)
async def test_what_cannot_be_taken(content: bytes, limits: Limits | None, cause: Cause) -> None:
    _, failed, _ = await uploaded(House(), content, limits=limits)
    assert isinstance(failed, RefusedError)
    assert failed.refusal.cause is cause
