"""From the provider to the client, with a provider that says exactly what it is told."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from aiohttp import web

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.operation import Operation
from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import LedgerUnavailableError, PassgateError
from passgate.core.masker import Lane
from passgate.core.text_plan import TextPlan
from passgate.endpoints.llm.account import CallAccount
from passgate.endpoints.llm.answering import Answering
from passgate.endpoints.llm.call import refused_for
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import Limits
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.endpoints.llm.upstream import Answer, UpstreamCutError
from passgate.pipeline.protocols import Understood
from tests.unit.endpoints.llm.parts import CHAT, House, call, operation
from tests.unit.endpoints.llm.serving import serving


@dataclass
class Said:
    """An answer of a provider: pieces, an error among them, a pause where there is a number."""

    pieces: Sequence[bytes | Exception | float]
    status: int = 200
    media: str = "application/json"
    coding: str = ""
    reason: str = "OK"
    request_id: str = "r1"
    headers: list[tuple[str, str]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._left = list(self.pieces)
        self._until = 0.0

    def ready(self) -> bytes:
        return b""

    async def next(self) -> bytes:
        while self._left:
            piece = self._left[0]
            if isinstance(piece, float):  # who is not patient may ask again and again
                now = asyncio.get_running_loop().time()
                self._until = self._until or now + piece
                await asyncio.sleep(self._until - now)
                self._left.pop(0)
                continue
            self._left.pop(0)
            if isinstance(piece, Exception):
                raise piece
            return piece
        return b""

    unsaid = b""

    def told(self, data: bytes) -> bytes:
        return data

    def lane(self, lane: Lane) -> Lane:
        return lane

    def told_so_far(self, data: bytes) -> bytes:
        return data

    async def read(self, limit: int) -> bytes:
        parts = []
        while part := await self.next():
            parts.append(part)
        data = b"".join(parts)
        if len(data) > limit:
            raise OverflowError
        return data

    def passed(self) -> list[tuple[str, str]]:
        return self.headers

    def close(self) -> None:
        self.closed = True


def chunk(text: str, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5", "choices": [choice], **more}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


END = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-5",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
EVENTS = "text/event-stream; charset=utf-8"


@dataclass
class Given:
    """What the client got."""

    status: int
    headers: "aiohttp.typedefs.CIMultiDictProxy[str]"
    body: bytes
    error: Exception | None


async def answered(
    house: House, said: Said, *, what: Operation = CHAT, strict: bool = False, limits: Limits | None = None
) -> Given:
    """One answer, all the way to a client of HTTP."""
    caught: list[Exception] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        gated = house.gated()
        asked = replace(call("x"), operation=what)
        verdict = gated.judge(Understood(actions=(action_of(asked, (), provider="openai"),), cacheable=False))
        transcript = CallTranscript(gated.recording, verdict.event)
        account = CallAccount(
            services=house.services,
            gated=gated,
            target=house.target,
            call=asked,
            judged=verdict.judged[0],
            transcript=transcript,
        )
        answering = Answering(
            request=request,
            gated=gated,
            aside=house.services.aside,
            limits=limits or house.limits,
            call=asked,
            account=account,
            transcript=transcript,
            plan=TextPlan(),
            strict=strict,
            headers={"x-passgate-call": "c1"},
        )
        answer: Answer = said  # type: ignore[assignment]
        try:
            return await answering.run(answer)
        except PassgateError as error:
            caught.append(error)
            if answering.begun:
                return await answering.broken(refused_for(error))
            return web.Response(status=refused_for(error).refusal.status)

    async with serving(handler) as origin, aiohttp.ClientSession() as client, client.get(origin) as response:
        try:
            body = await response.read()
        except aiohttp.ClientError as error:
            body = b""
            caught.append(error)
    return Given(status=response.status, headers=response.headers, body=body, error=caught[-1] if caught else None)


COMPLETION = b'{"id":"c","object":"chat.completion","model":"gpt-5","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"%s"}}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}'  # noqa: E501 - an answer as it comes


async def test_a_body_is_masked_recorded_and_settled() -> None:
    house, said = House(), Said([COMPLETION[:50], COMPLETION[50:] % b"to a@b.cd"], headers=[("x-new", "1")])
    got = await answered(house, said)
    assert (got.status, got.headers["x-new"], got.headers["x-passgate-call"]) == (200, "1", "c1")
    assert b"to [EMAIL]" in got.body
    outcome = house.recorder.events[-1]
    assert outcome.detail["masked"] == {"EMAIL": 1}
    assert (outcome.detail["status"], outcome.detail["tokens"]) == ("ok", 7)
    assert said.closed


async def test_nothing_masked_nothing_changed() -> None:
    body = COMPLETION % b"caf\\u00e9  "
    assert (await answered(House(), Said([body]))).body == body


async def test_a_stream_that_is_masked_by_the_piece() -> None:
    house = House()
    got = await answered(house, Said([chunk("to a@b.cd"), END], media=EVENTS))
    assert b"to [EMAIL]" in got.body
    assert got.body.endswith(b"data: [DONE]\n\n")
    assert got.headers["Cache-Control"] == "no-cache"
    assert house.recorder.events[-1].detail["frames"] == 2


async def test_a_quiet_stream_is_kept_alive() -> None:
    got = await answered(House(), Said([chunk("x"), 0.2, END], media=EVENTS), limits=Limits(heartbeat=0.05))
    assert got.body.count(b": keepalive\n\n") >= 2


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (Said([chunk("x"), UpstreamCutError()], media=EVENTS), Cause.UPSTREAM_UNREACHABLE),
        (Said([chunk("x"), b"data: {nonsense\n\n"], media=EVENTS), Cause.UPSTREAM_BROKEN),
        (Said([chunk("x")], media=EVENTS), Cause.UPSTREAM_BROKEN),
        (Said([chunk("x"), chunk("boom")], media=EVENTS), Cause.UNAVAILABLE),
    ],
)
async def test_a_stream_that_cannot_go_on_says_why(said: Said, cause: Cause) -> None:
    got = await answered(House(), said)
    last = json.loads(got.body.rstrip().rpartition(b"data: ")[2])
    assert (got.status, last["error"]["code"]) == (200, cause.value)
    assert b"boom" not in got.body
    assert said.closed


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (Said([b"{nonsense"]), 502),
        (Said([COMPLETION % b"boom"]), 503),
        (Said([b"x"], coding="br"), 502),
        (Said([b"not gzip"], coding="gzip"), 502),
        (Said([chunk("x")], media=EVENTS, coding="gzip"), 502),
        (Said([b"x" * 200]), 502),
    ],
)
async def test_an_answer_that_cannot_be_looked_at_is_not_passed_on(said: Said, status: int) -> None:
    got = await answered(House(), said, limits=Limits(answer=150) if said.pieces == [b"x" * 200] else None)
    assert got.status == status
    assert isinstance(got.error, PassgateError)


async def test_events_where_none_were_asked_for() -> None:
    got = await answered(House(), Said([b"data: {}\n\n"], media=EVENTS), what=operation("openai.embeddings"))
    assert got.status == 502


async def test_an_error_and_an_answer_without_a_body() -> None:
    wording = b"<html> busy </html>"
    got = await answered(House(), Said([wording], status=503, media="text/html", reason="Busy"))
    assert (got.status, got.body) == (503, wording)
    assert (await answered(House(), Said([], status=204))).body == b""


async def test_lines_are_shown_line_by_line_and_cut_where_they_break() -> None:
    lines = operation("openai.files.content")
    got = await answered(House(), Said([b'{"a": "to a@b.cd"}\n{"b"', b": 1}\n"], media="application/jsonl"), what=lines)
    assert got.body == b'{"a": "to [EMAIL]"}\n{"b": 1}\n'
    cut = await answered(House(), Said([b'{"a": 1}\n', b"\xff\xfe nonsense\n"]), what=lines)
    assert isinstance(cut.error, aiohttp.ClientError)


async def test_strict_the_last_byte_waits_for_the_disk() -> None:
    for said in (Said([COMPLETION % b"x"]), Said([chunk("x"), END], media=EVENTS)):
        house = House()

        async def late(house: House = house, said: Said = said) -> Given:
            return await answered(house, said, strict=True)

        asked = asyncio.ensure_future(late())
        await asyncio.sleep(0)
        house.recorder.delay = True
        await house.recorder.asked()
        await asyncio.sleep(0.05)
        assert not asked.done()
        async with asyncio.timeout(5):
            while not asked.done():
                house.recorder.sync()
                await asyncio.sleep(0.01)
        assert asked.result().status == 200


async def test_an_outcome_that_cannot_be_recorded_is_no_answer() -> None:
    class Full(House):
        def gated(self):
            gated = super().gated()
            append = self.recorder.append

            def once(event):
                if event.type.value == "action.outcome":
                    raise LedgerUnavailableError
                return append(event)

            self.recorder.append = once
            return gated

    got = await answered(Full(), Said([COMPLETION % b"x"]))
    assert got.status == 503


async def test_what_has_not_begun_cannot_be_broken_off() -> None:
    house = House()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        gated = house.gated()
        answering = Answering(
            request=request,
            gated=gated,
            aside=house.services.aside,
            limits=house.limits,
            call=call("x"),
            account=None,  # type: ignore[arg-type]
            transcript=CallTranscript(gated.recording, "c"),
            plan=TextPlan(),
            strict=False,
            headers={},
        )
        with pytest.raises(ConnectionError):
            await answering.broken(RefusedError(Cause.UPSTREAM_BROKEN, "x"))
        raise ConnectionError

    async with serving(handler) as origin, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(origin)
