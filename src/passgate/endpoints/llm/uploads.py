"""A file on its way to a provider: judged and masked piece by piece as it comes, never kept as a whole."""

from collections.abc import AsyncIterator

from aiohttp import web

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.files.upload import Judge, UploadReader
from passgate.codecs.llm.refusal import Cause
from passgate.core.decision import Outcome
from passgate.core.errors import PassgateError, RemoteProtocolError
from passgate.endpoints.llm import bodies, routing
from passgate.endpoints.llm.account import CallAccount
from passgate.endpoints.llm.aside import Aside
from passgate.endpoints.llm.disclosure import Disclosure
from passgate.endpoints.llm.refused import RefusedError, denied
from passgate.endpoints.llm.settings import Limits, LlmTarget
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.pipeline.gate import GatedSession, Judged
from passgate.pipeline.protocols import Understood


class UploadBody:
    """The body of an upload as the provider gets it. ``failed``: why it ended before its end.

    The pieces that policy is asked about are foreseen, not recorded each: the upload itself is, and whatever is refused of it.
    """

    def __init__(
        self,
        *,
        request: web.BaseRequest,
        call: Call,
        gated: GatedSession,
        target: LlmTarget,
        account: CallAccount,
        transcript: CallTranscript,
        limits: Limits,
        aside: Aside,
    ) -> None:
        """Raises RefusedError where the body is no form."""
        self.failed: PassgateError | None = None
        self._request = request
        self._gated = gated
        self._target = target
        self._account = account
        self._transcript = transcript
        self._limits = limits
        self._aside = aside
        if bodies.content_coding(request):
            raise RefusedError(Cause.ENCODING, "A file is taken without a Content-Encoding only.")
        try:
            self._reader = UploadReader(call.operation, request.headers.get("Content-Type", ""))
        except RemoteProtocolError as error:
            raise RefusedError(Cause.BAD_REQUEST, f"The request is not a form: {error}.") from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in bodies.arriving(self._request, limit=self._limits.file, seconds=self._limits.send):
                passed = await self._passed(data)
                if passed:
                    self._transcript.sent(passed)
                    yield passed
            self._reader.finish()
        except RemoteProtocolError as error:
            self.failed = RefusedError(Cause.BAD_REQUEST, f"The file is refused: {error}.")
            raise self.failed from error
        except PassgateError as error:
            self.failed = error
            raise

    async def _passed(self, data: bytes) -> bytes:
        pieces = self._reader.feed(data)
        return b"".join([await self._judged(one.call) if isinstance(one, Judge) else one.data for one in pieces])

    async def _judged(self, call: Call) -> bytes:
        """Raises RefusedError, DetectorError."""
        gated = self._gated
        if not routing.serves(self._target, (call.model, *call.models)):
            raise RefusedError(Cause.MODEL, f"{self._target.name} does not serve a model that a line asks for.")
        masker, session, size = gated.masker, gated.session.id, len(call.body)
        disclosure = await self._aside.run(session, size, lambda: Disclosure.of(call, masker))
        action = action_of(disclosure.call, disclosure.findings, provider=self._target.provider)
        understood = Understood(actions=(action,), cacheable=False)
        decision = gated.foresee(understood)
        if decision.outcome is not Outcome.ALLOW:
            raise denied(gated.judge(understood).decision)
        plan = gated.request_plan(Judged(action=action, decision=decision))
        body, masked = await self._aside.run(session, size, lambda: disclosure.masked(masker, plan))
        self._account.masked.update(masked)
        return body
