"""From the provider to the client: read, masked, recorded, delivered piece by piece."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial

from aiohttp import web
from multidict import CIMultiDict

from passgate.codecs.llm.answer import AnswerReader, Piece
from passgate.codecs.llm.answers.reader import answer_reader, error_reader, heartbeat
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.headers import is_familiar, keeps_ascii
from passgate.codecs.llm.operation import AnswerBody
from passgate.codecs.llm.refusal import Cause, refusal_event
from passgate.core.finding import Field
from passgate.core.masker import Lane
from passgate.core.text_plan import TextPlan
from passgate.endpoints.llm import bodies
from passgate.endpoints.llm.account import CallAccount
from passgate.endpoints.llm.aside import LARGE, Aside
from passgate.endpoints.llm.lane_counts import LaneCounts
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import Limits
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.endpoints.llm.upstream import Answer, within
from passgate.pipeline.gate import GatedSession

_EVENTS = "text/event-stream"
_NO_BODY = frozenset({204, 205, 304})
_NOTHING = Piece()
_SLICE = 64 * 1024
"""So much a socket takes at once."""
_NUMBER = re.compile(rb'"sequence_number" ?: ?(\d{1,18})')


class Answering:
    """One answer. ``begun``: its first byte may have reached the client, so that no other answer can be given."""

    def __init__(
        self,
        *,
        request: web.BaseRequest,
        gated: GatedSession,
        aside: Aside,
        limits: Limits,
        call: Call,
        account: CallAccount,
        transcript: CallTranscript,
        plan: TextPlan,
        strict: bool,
        headers: Mapping[str, str],
        told: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """``headers``: the gate's own, beside those of the provider. ``strict``: the outcome is durable before the last byte.

        ``told``: makes of a whole answer what the client is to be told of it.
        """
        self.begun = False
        self._request = request
        self._gated = gated
        self._aside = aside
        self._limits = limits
        self._call = call
        self._account = account
        self._transcript = transcript
        self._plan = plan
        self._strict = strict
        self._headers = headers
        self._told = told
        self._response: web.StreamResponse | None = None
        self._shown = b""  # last

    async def run(self, answer: Answer) -> web.StreamResponse:
        """Raises RemoteProtocolError, LocalProtocolError, DetectorError, LedgerUnavailableError, UpstreamCutError,
        UpstreamTimeoutError, RefusedError."""
        try:
            self._account.http = answer.status
            media = answer.media if self._account.is_clean(answer.media) else "(withheld)"
            self._transcript.answer(answer.status, media=media, request=answer.request_id)
            lanes = LaneCounts(self._gated.masker)
            make = partial(self._lane, lanes, answer)
            if not keeps_ascii(answer.media):
                raise RefusedError(
                    Cause.UPSTREAM_BROKEN, "The provider's answer is in a charset that is not read here."
                )
            if answer.status >= 300:
                return await self._whole(answer, error_reader(self._call.operation, lanes=make), lanes)
            stream = answer.media.lower().startswith(_EVENTS)
            reader = answer_reader(self._call.operation, stream=stream, lanes=make)
            if stream or self._call.operation.answer is AnswerBody.LINES:
                return await self._stream(answer, reader, lanes)
            return await self._whole(answer, reader, lanes)
        finally:
            answer.close()

    # -- an answer in one piece --------------------------------------------------------------------------------------

    async def _whole(self, answer: Answer, reader: AnswerReader, lanes: LaneCounts) -> web.StreamResponse:
        data = await self._decoded(answer)
        session = self._gated.session.id

        def read() -> tuple[Piece, Piece]:
            return reader.feed(answer.told(data)), reader.finish()

        pieces = await self._aside.run(session, len(data), read) if data else ()
        self._account.answered_by(reader, lanes)  # not before: who is cancelled meanwhile has had nothing of it
        delivered = b"".join([piece.delivered for piece in pieces])
        recorded = b"".join([piece.recorded for piece in pieces])
        if self._told is not None and answer.status == 200:
            delivered, recorded = self._told(delivered), self._told(recorded)
        self._account.delivered(delivered, recorded)
        self._account.complete = True
        headers = self._passed(answer)
        if len(delivered) <= _SLICE:
            await self._settled(answer)
            self.begun = True
            return web.Response(status=answer.status, headers=headers, body=delivered or None)
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(delivered)
        self.begun = True
        await response.prepare(self._request)
        last = len(delivered) - _SLICE
        for at in range(0, last, _SLICE):  # while the call can be ended: it is up to its client how long that takes
            await response.write(delivered[at : min(at + _SLICE, last)])
        await self._settled(answer)
        await response.write_eof(delivered[last:])
        return response

    async def _settled(self, answer: Answer) -> None:
        """Raises LedgerUnavailableError."""
        durable = self._account.settle("ok" if answer.status < 400 else "error", code=_code(answer.status))
        if self._strict:
            await asyncio.shield(durable)

    async def _decoded(self, answer: Answer) -> bytes:
        """Raises RefusedError where it cannot be looked at."""
        if answer.status in _NO_BODY or self._request.method == "HEAD":
            return b""
        try:
            data = await answer.read(self._limits.answer)
            if answer.coding in ("", "identity"):
                return data
            if answer.coding in bodies.CODINGS:
                return await asyncio.to_thread(bodies.decoded, data, answer.coding, self._limits.answer)
        except OverflowError:
            raise RefusedError(
                Cause.UPSTREAM_BROKEN, f"The provider's answer is larger than {self._limits.answer} bytes."
            ) from None
        raise RefusedError(
            Cause.UPSTREAM_BROKEN, "The provider's answer is compressed in a way that is not known here."
        )

    # -- a stream ----------------------------------------------------------------------------------------------------

    async def _stream(self, answer: Answer, reader: AnswerReader, lanes: LaneCounts) -> web.StreamResponse:
        if answer.coding not in ("", "identity"):
            raise RefusedError(Cause.UPSTREAM_BROKEN, "The provider compressed a stream that was asked for as it is.")
        account = self._account
        account.answered_by(reader, lanes)
        headers = self._passed(answer)
        headers["Cache-Control"] = "no-cache"
        headers["X-Accel-Buffering"] = "no"
        self._response = response = web.StreamResponse(status=answer.status, headers=headers)
        self.begun = True
        await response.prepare(self._request)
        await self._pump(answer, reader, lanes, response)
        left = answer.told(answer.unsaid)
        rest = await self._read(reader, lanes, len(left), lambda: reader.feed(left))
        if rest.delivered or rest.recorded:
            account.delivered(rest.delivered, rest.recorded)
            await response.write(rest.delivered)
        last = await self._read(reader, lanes, 0, reader.finish)
        if last.delivered or last.recorded:
            account.delivered(last.delivered, last.recorded)
        durable = account.settle("ok")
        if self._strict:
            await asyncio.shield(durable)
        await response.write_eof(last.delivered)
        return response

    async def _read(self, reader: AnswerReader, lanes: LaneCounts, size: int, read: Callable[[], Piece]) -> Piece:
        """``size``: bytes that are new. What is large is looked at beside the loop: an event may be as long as a whole answer."""
        size += reader.unread + reader.held
        if size <= LARGE:
            return read()
        self._account.read_aside()  # who is cancelled meanwhile has had nothing of it
        piece = await self._aside.run(self._gated.session.id, size, read)
        self._account.answered_by(reader, lanes)
        return piece

    async def _pump(
        self, answer: Answer, reader: AnswerReader, lanes: LaneCounts, response: web.StreamResponse
    ) -> None:
        """Whatever comes is shown at once; where nothing can be shown for a while, that the stream lives."""
        loop, seconds = asyncio.get_running_loop(), self._limits.heartbeat
        lines = self._call.operation.answer is AnswerBody.LINES  # a file holds what it holds
        alive = b"" if lines else heartbeat(self._call.operation)
        shown = loop.time()
        while (data := await within(answer, seconds)) != b"":
            piece = _NOTHING
            if data is not None:
                told = answer.told_so_far(data)
                piece = await self._read(reader, lanes, len(told), partial(reader.feed, told))
            if piece.delivered or piece.recorded:
                self._account.delivered(piece.delivered, piece.recorded)
            if piece.delivered:
                self._shown = piece.delivered
                await response.write(piece.delivered)
                shown = loop.time()
            elif alive and loop.time() - shown >= seconds:
                await response.write(alive)
                shown = loop.time()

    async def broken(self, error: RefusedError) -> web.StreamResponse:
        """Tell the client of a stream that it ends here. Raises ConnectionError where it cannot be told but by cutting it off."""
        response = self._response
        if response is None or self._call.operation.answer is AnswerBody.LINES:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionError("the answer cannot be ended in its own words")
        event = refusal_event(error.refusal, self._call.operation, sequence_number=self._next_number())
        self._account.delivered(event, event)
        response.force_close()
        await response.write_eof(event)
        return response

    def _next_number(self) -> int:
        """Of an event of a Responses stream: they are counted, and those that were held back are not shown any more."""
        found = _NUMBER.findall(self._shown)
        return int(found[-1]) + 1 if found else 0

    # -- both --------------------------------------------------------------------------------------------------------

    def _lane(self, lanes: LaneCounts, answer: Answer, field: Field, context: bytes) -> Lane:
        return answer.lane(lanes.lane(self._plan.lane(field), context))

    def _passed(self, answer: Answer) -> "CIMultiDict[str]":
        """Names that nobody knows may say anything; one that says what may not be said is left out."""
        passed = [
            (name, value) for name, value in answer.passed() if is_familiar(name) or self._account.is_clean(value)
        ]
        headers = CIMultiDict(passed)
        headers.update(self._headers)
        return headers


def _code(status: int) -> str:
    return "" if status < 400 else f"http_{status}"
