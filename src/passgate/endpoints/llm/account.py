"""What came of one call: told once to the ledger, the recording, the budget and telemetry."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import replace

from passgate.codecs.llm.answer import AnswerReader, Summary
from passgate.codecs.llm.answers.event_stream import EventStreamReader
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import StoreError
from passgate.endpoints.llm.events import masked_name, outcome_detail
from passgate.endpoints.llm.lane_counts import LaneCounts
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.routing import price
from passgate.endpoints.llm.services import Services
from passgate.endpoints.llm.settings import LlmTarget, Price
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.pipeline.gate import GatedSession, Judged, Result
from passgate.pipeline.protocols import CallMeasured, Spending

_LOG = logging.getLogger(__name__)

_COSTLY = frozenset({"generate", "embed"})

_BYTES_PER_TOKEN = 3
"""Fewer than most texts have, so that a budget is rather met too early than too late."""


def expected(target: LlmTarget, call: Call) -> Spending:
    """What a call may cost, before anybody knows: counted while it is in flight."""
    return _spent(price(target, call.model), len(call.body) // _BYTES_PER_TOKEN, max(call.max_tokens, 0))


def _spent(known: Price | None, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Spending:
    cost = (
        0
        if known is None
        else known.microdollars(input_tokens=input_tokens, output_tokens=output_tokens, cached_tokens=cached_tokens)
    )
    return Spending(requests=1, tokens=input_tokens + output_tokens, microdollars=cost)


class CallAccount:
    """Of one call that was let through. ``settle`` once, whatever became of it."""

    def __init__(
        self,
        *,
        services: Services,
        gated: GatedSession,
        target: LlmTarget,
        call: Call,
        judged: Judged,
        transcript: CallTranscript,
    ) -> None:
        self.target = target
        self.masked: Counter[str] = Counter()
        self.reader: AnswerReader | None = None
        self.http = 0
        self.asked = False  # the provider works on it, for all that is known
        self.complete = False  # all of the answer is here, whatever of it the client gets
        self._services = services
        self._gated = gated
        self._call = call
        self._judged = judged
        self._transcript = transcript
        self._reserved: Spending | None = None
        self._known: tuple[Summary, int] | None = None
        self._lanes = LaneCounts(gated.masker)
        self._started = time.monotonic()
        self._wall = time.time()
        self._first: float | None = None
        self._frames = 0
        self._bytes = 0
        self._settled = False

    def reserve(self) -> None:
        """Take what the call may cost off the pass's budget. Raises RefusedError where it does not fit, StoreError."""
        wanted, session = expected(self.target, self._call), self._gated.session
        if self._call.operation.verb == "create_batch" and session.pass_.budget is not None:
            raise RefusedError(
                Cause.BUDGET,
                "The pass has a budget, and what a batch costs is never told to the gate: send its requests by themselves.",
            )
        if self._services.budgets is not None:
            why = self._services.budgets.reserve(session.pass_, wanted)
            if why is not None:
                raise RefusedError(Cause.BUDGET, why)
        self._reserved = wanted
        session.count("tokens", wanted.tokens)

    @property
    def summary(self) -> Summary:
        if self._known is not None:
            return self._known[0]
        return self.reader.summary if self.reader is not None else Summary()

    def is_clean(self, said: str) -> bool:
        """Whether nothing at all is found in it. Raises DetectorError."""
        text = said.encode(errors="replace")
        return self._gated.masker.scan_text(text) == text

    def answered_by(self, reader: AnswerReader, lanes: LaneCounts) -> None:
        """Who reads the answer, and what its lanes do counts for this call."""
        self.reader = reader
        self._known = None
        self._lanes = lanes

    def read_aside(self) -> None:
        """A thread goes on reading: until ``answered_by`` comes again, what is known now is what counts."""
        self._known = (self.summary, self._seen())
        self._lanes = self._lanes.so_far()

    def delivered(self, data: bytes, recorded: bytes) -> None:
        """A piece of the answer's body is on its way to the client."""
        if self._first is None and data:
            self._first = time.monotonic() - self._started
        self._frames += 1
        self._bytes += len(data)
        self._transcript.frame(recorded)

    def settle(self, status: str, *, code: str = "") -> "asyncio.Future[None]":
        """``status`` and ``code``: as of ``Result``. Raises LedgerUnavailableError."""
        if self._settled:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        self._settled = True
        seconds = time.monotonic() - self._started
        self._lanes.finish()
        self.masked.update(self._lanes.masked)
        if masked := self.masked.total():
            self._gated.session.count("masked", masked)
        summary = self._masked_summary()
        self._transcript.end(status, code=code, summary=summary, seconds=seconds, first_chunk=self._first)
        self._measure(status, code, seconds, summary)
        self._spend(status, self.summary)
        return self._gated.settle(
            self._judged,
            Result(
                status=status,
                code=code,
                bytes=self._bytes,
                masked=dict(self.masked),
                detail=outcome_detail(
                    summary,
                    http=self.http,
                    frames=self._frames,
                    seconds=seconds,
                    first_chunk=self._first,
                    restored=self._lanes.restored,
                ),
            ),
        )

    def _masked_summary(self) -> Summary:
        """Names in it are the provider's and the model's own words, and get into records that forget nothing."""
        summary, masker = self.summary, self._gated.masker
        return replace(
            summary,
            model=masked_name(summary.model, masker),
            finish=masked_name(summary.finish, masker),
            tools=tuple(masked_name(tool, masker) for tool in summary.tools),
        )

    def _measure(self, status: str, code: str, seconds: float, summary: Summary) -> None:
        usage = summary.usage
        self._services.telemetry.call_ended(
            CallMeasured(
                operation=self._call.operation.verb,
                provider=self.target.provider,
                resource=self.target.name,
                request_model=self._call.model,
                answer_model=summary.model,
                conversation=self._gated.session.id,
                outcome=status,
                error="" if status == "ok" else code or status,
                started=self._wall,
                seconds=seconds,
                first_chunk=self._first,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                finish=summary.finish,
                masked=dict(self.masked),
            )
        )

    def _spend(self, status: str, summary: Summary) -> None:
        if self._reserved is None:
            return
        actual = self._actual(summary, status, self._reserved)
        session = self._gated.session
        session.count("tokens", actual.tokens - self._reserved.tokens)
        if self._services.budgets is None:
            return
        try:
            self._services.budgets.settle(session.pass_, self._reserved, actual)
        except StoreError as error:  # what was reserved stays spent: the strict side
            _LOG.warning("what a call has cost could not be stored: %s", error)

    def _actual(self, summary: Summary, status: str, reserved: Spending) -> Spending:
        """What the provider says. Where it does not, or was not heard to its end, at least what was seen of the answer; an error
        costs but the request."""
        usage = summary.usage
        known = price(self.target, summary.model) or price(self.target, self._call.model)
        seen = self._seen() // _BYTES_PER_TOKEN
        input_tokens = len(self._call.body) // _BYTES_PER_TOKEN
        if usage.input_tokens is None and usage.output_tokens is None:
            left = self.asked and status == "cancelled"  # the provider was not, or not before it had read the question
            free = not left and (not self._frames or self.http >= 400)
            if free or self._call.operation.verb not in _COSTLY:
                return Spending(requests=1)
            told = _spent(known, input_tokens, seen)
            return told if status == "ok" or self.complete else _larger(reserved, told)
        output_tokens = usage.output_tokens or 0
        if (
            status != "ok" and not self.complete
        ):  # it is told at the end of an answer, and whoever leaves before has had the answer
            output_tokens = max(output_tokens, seen)
        return _spent(known, usage.input_tokens or 0, output_tokens, usage.cached_tokens or 0)

    def _seen(self) -> int:
        """Bytes of what was said; of an answer in one piece all of it."""
        if self._known is not None:
            return self._known[1]
        return self.reader.said if isinstance(self.reader, EventStreamReader) else self._bytes


def _larger(one: Spending, other: Spending) -> Spending:
    return Spending(
        requests=one.requests,
        tokens=max(one.tokens, other.tokens),
        microdollars=max(one.microdollars, other.microdollars),
    )
