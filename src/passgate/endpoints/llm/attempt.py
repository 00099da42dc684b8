"""One call at one resource: judged, masked, sent, answered. A call that is tried elsewhere is judged there anew."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from ulid import ULID

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.evidence import ScanEvidence, scan_evidence
from passgate.codecs.llm.headers import as_json
from passgate.codecs.llm.operation import RequestBody
from passgate.codecs.llm.refusal import Cause
from passgate.core.decision import Outcome
from passgate.core.errors import TargetUnavailableError
from passgate.core.masker import TextMasker
from passgate.endpoints.llm import models, results
from passgate.endpoints.llm.account import CallAccount
from passgate.endpoints.llm.answering import Answering
from passgate.endpoints.llm.disclosure import Disclosure
from passgate.endpoints.llm.earlier_bodies import EarlierBodies
from passgate.endpoints.llm.events import intent_detail, masked_claims, masked_name
from passgate.endpoints.llm.refused import RefusedError, denied
from passgate.endpoints.llm.services import Services
from passgate.endpoints.llm.settings import LlmTarget
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.endpoints.llm.uploads import UploadBody
from passgate.endpoints.llm.upstream import Answer
from passgate.pipeline.excerpt import Excerpt, excerpt
from passgate.pipeline.gate import GatedSession, Judged, Verdict
from passgate.pipeline.protocols import Understood, Waiting
from passgate.pipeline.receipt import looked_at

T = TypeVar("T")

_TRY_ELSEWHERE = frozenset({429, 500, 502, 503, 504, 529})
"""Answers after which another resource may be asked."""

_STEERING = ("anthropic-", "openai-")
"""Headers that change what a body means; the others (a retry's count) may differ when the same call is sent again."""


class Attempt:
    """``headers``: the gate's own, for whatever the client is answered. ``begun``: see ``Answering``."""

    def __init__(
        self,
        *,
        services: Services,
        request: web.BaseRequest,
        gated: GatedSession,
        bodies: EarlierBodies,
        target: LlmTarget,
        call: Call,
        path: str,
    ) -> None:
        """``bodies``: the session's; ``path``: as the provider is asked, with its query."""
        self.headers = {"Server": "passgate", "x-passgate-session": gated.session.id}
        self._services = services
        self._request = request
        self._gated = gated
        self._bodies = bodies
        self._target = target
        self._call = call
        self._path = path
        self._transcript: CallTranscript | None = None
        self._account: CallAccount | None = None
        self._answering: Answering | None = None

    @property
    def call_id(self) -> str:
        """The id of the event that tells of it; empty while there is none."""
        return self.headers.get("x-passgate-call", "")

    @property
    def begun(self) -> bool:
        return self._answering is not None and self._answering.begun

    async def run(self, *, last: bool) -> web.StreamResponse | None:
        """The answer; None where another resource is to be asked, never with the ``last``.

        Raises RefusedError where policy or a budget says no, and whatever else the gate knows.
        """
        scanned = await self._scan()
        verdict = await self._judge(scanned)
        if verdict.outcome is Outcome.HOLD:
            verdict = await self._approved(verdict, scanned.disclosure)
        transcript, account, body = await self._recorded(verdict, scanned)
        answer = await self._sent(body, account, transcript, last=last)
        if answer is None:
            return None
        self._answering = Answering(
            request=self._request,
            gated=self._gated,
            aside=self._services.aside,
            limits=self._services.limits,
            call=self._call,
            account=account,
            transcript=transcript,
            plan=self._gated.answer_plan(verdict.judged[0]),
            strict=verdict.strict,
            headers=self.headers,
            told=self._teller(),
        )
        return await self._answering.run(answer)

    def _teller(self) -> Callable[[bytes], bytes] | None:
        """What makes of an answer what the client is told, where that is not the answer itself."""
        if self._call.operation.verb == models.LISTING:
            return lambda body: models.told(body, models.usable(self._gated, self._target))
        if results.names_results(self._call.operation):
            origin = results.own_origin(self._request, self._path)
            return lambda body: results.led_back(body, origin)
        return None

    def settle(self, status: str, *, code: str) -> "asyncio.Future[None] | None":
        """What came of it, where it was let through. Raises LedgerUnavailableError."""
        return self._account.settle(status, code=code) if self._account is not None else None

    def told(self, status: int, body: bytes) -> None:
        """The client is answered by the gate itself."""
        if self._transcript is not None:
            if self._account is not None:
                self._account.http = status
            self._transcript.answer(status, media="application/json")
            self._transcript.frame(body)
            if self._account is None:
                self._transcript.end("refused", seconds=0)

    async def broken(self, error: RefusedError) -> web.StreamResponse:
        """An answer that had begun ends with an error. Raises ConnectionError."""
        if self._answering is None:
            raise ConnectionError("no answer has begun")
        return await self._answering.broken(error)

    # -- what may happen -------------------------------------------------------------------------------------------

    async def _scan(self) -> "_Scanned":
        """Raises DetectorError."""
        scanned = await self._beside_the_loop(lambda: _scanned(self._call, self._gated.masker))
        self._call = scanned.disclosure.call
        return scanned

    async def _judge(self, scanned: "_Scanned") -> Verdict:
        call = self._call
        digest = await self._beside_the_loop(self._digest)
        action = action_of(call, scanned.disclosure.findings, provider=self._target.provider)
        self._gated.session.count("requests")
        return self._gated.judge(
            Understood(actions=(action,), cacheable=False),
            digest=digest,
            detail=intent_detail(call, scanned.evidence, scanned.claims),
        )

    async def _beside_the_loop(self, work: Callable[[], T]) -> T:
        return await self._services.aside.run(self._gated.session.id, len(self._call.body), work)

    def _digest(self) -> str:
        """Of all that steers the provider, so that an approval is for nothing else. Empty while the body is on its way."""
        if self._call.operation.request is RequestBody.MULTIPART:
            return ""
        steering = sorted(
            f"{lower}: {value}\n"
            for name, value in self._request.headers.items()
            if (lower := name.lower()).startswith(_STEERING)
        )
        asked = hashlib.sha256(
            "".join((f"{self._request.method} {self._path}\n", *steering, "\n")).encode(errors="replace")
        )
        asked.update(self._call.body)
        return asked.hexdigest()

    async def _approved(self, verdict: Verdict, disclosure: Disclosure) -> Verdict:
        """What people say of a held call, if they say it while its client can wait. Raises RefusedError.

        What is decided later waits: the same call, sent again, finds it. A body that is not here yet is nothing to agree to.
        """
        if not verdict.digest:
            raise RefusedError(Cause.HELD, "This needs approval, and what is only on its way cannot be approved.")
        asked: list[Waiting] = []
        shown = await self._beside_the_loop(lambda: self._shown(verdict, disclosure))
        seconds = self._services.limits.approval
        try:
            async with asyncio.timeout(seconds):
                return await self._gated.approve(verdict, asked.append, shown=shown)
        except TimeoutError:
            told = "; ".join(
                f"request {one.request} waits for {one.count} of {one.group} until {one.expires:%H:%M:%S} UTC"
                for one in asked
            )
            raise RefusedError(
                Cause.HELD, f"This needs approval: {told}. Send the same call again then.", why="approval-pending"
            ) from None

    def _shown(self, verdict: Verdict, disclosure: Disclosure) -> Excerpt:
        """What would be disclosed: the body as it would leave, masked. Nothing where it cannot be masked, and so cannot leave."""
        try:
            body, _ = disclosure.masked(self._gated.masker, self._gated.request_plan(verdict.judged[0]))
        except RefusedError:
            return Excerpt(cut=len(self._call.body))
        return excerpt(body.decode(errors="replace"))

    async def _recorded(self, verdict: Verdict, scanned: "_Scanned") -> tuple[CallTranscript, CallAccount, bytes]:
        """The body as it may leave, with everything about it recorded. Raises RefusedError."""
        call, disclosure, masker = self._call, scanned.disclosure, self._gated.masker
        self.headers["x-passgate-call"] = event = verdict.event or str(ULID())
        self._transcript = transcript = CallTranscript(self._gated.recording, event, self._bodies)
        body: bytes | None = None
        refused: RefusedError | None = None
        if verdict.outcome is Outcome.ALLOW:
            judged = verdict.judged[0]
            self._account = account = self._opened(judged, transcript)
            try:
                plan = self._gated.request_plan(judged)
                body, masked = await self._beside_the_loop(lambda: disclosure.masked(masker, plan))
                account.masked.update(masked)
                self._tell_masked(masked)
                account.reserve()
            except RefusedError as error:
                refused = error
        else:
            refused = denied(verdict.decision)
        recorded = body
        if recorded is None:
            recorded = await self._beside_the_loop(lambda: disclosure.redacted(masker))
        transcript.request(
            operation=call.operation.name,
            method=call.operation.method,
            path=masked_name(self._path.partition("?")[0], masker),
            model=masked_name(call.model, masker),
            stream=call.stream,
            claims=scanned.claims,
            body=recorded,
        )
        transcript.evidence(scanned.evidence)
        transcript.verdict(verdict.decision)
        await asyncio.shield(verdict.durable)
        if refused is not None or body is None or self._account is None:
            raise refused or RefusedError(Cause.POLICY, "The request was not let through.")
        return transcript, self._account, body

    def _opened(self, judged: Judged, transcript: CallTranscript) -> CallAccount:
        return CallAccount(
            services=self._services,
            gated=self._gated,
            target=self._target,
            call=self._call,
            judged=judged,
            transcript=transcript,
        )

    def _tell_masked(self, masked: Mapping[str, int]) -> None:
        if masked:
            self.headers["x-passgate-masked"] = ",".join(f"{type_}={count}" for type_, count in sorted(masked.items()))

    # -- the way out -----------------------------------------------------------------------------------------------

    async def _sent(
        self, body: bytes, account: CallAccount, transcript: CallTranscript, *, last: bool
    ) -> Answer | None:
        """Raises TargetUnavailableError, UpstreamTimeoutError, SecretUnavailableError, LedgerUnavailableError; RefusedError where
        something of a file is refused."""
        upload = self._upload(account, transcript) if self._call.operation.request is RequestBody.MULTIPART else None
        account.asked = True
        try:
            answer = await self._services.upstreams.send(
                self._target,
                method=self._call.operation.method,
                path=self._path,
                headers=self._headers(),
                body=body or None if upload is None else aiter(upload),
            )
        except TargetUnavailableError:
            if upload is not None and upload.failed is not None:
                raise upload.failed from None
            if last:
                raise
            self._elsewhere(account, "unreachable")
            return None
        account.asked = answer.status < 400
        if upload is not None and upload.failed is not None:
            answer.close()
            raise upload.failed
        if not last and answer.status in _TRY_ELSEWHERE:
            answer.close()
            account.http = answer.status
            self._elsewhere(account, f"http_{answer.status}")
            return None
        return answer

    def _headers(self) -> Iterable[tuple[str, str]]:
        headers = self._request.headers.items()
        return as_json(headers) if self._call.operation.request is RequestBody.JSON else headers

    def _upload(self, account: CallAccount, transcript: CallTranscript) -> UploadBody:
        return UploadBody(
            request=self._request,
            call=self._call,
            gated=self._gated,
            target=self._target,
            account=account,
            transcript=transcript,
            limits=self._services.limits,
            aside=self._services.aside,
        )

    @staticmethod
    def _elsewhere(account: CallAccount, code: str) -> None:
        """This attempt is over; whether that is on disk matters as little as for any answer that nobody gets."""
        account.settle("error", code=code).add_done_callback(looked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scanned:
    """What was found in a call. ``claims``: what its client says of itself, masked."""

    disclosure: Disclosure
    evidence: ScanEvidence
    claims: Mapping[str, str]


def _scanned(call: Call, masker: TextMasker) -> _Scanned:
    """Raises DetectorError."""
    disclosure = Disclosure.of(call, masker)
    return _Scanned(
        disclosure=disclosure,
        evidence=scan_evidence(disclosure.call, disclosure.findings),
        claims=masked_claims(disclosure.call.claims, masker) if disclosure.call.claims else {},
    )
