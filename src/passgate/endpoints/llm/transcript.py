"""What the recording of a session with models holds, channel by channel. ``sessions replay`` reads it back by this page.

Several calls may be under way at once, so every line names its call: the id of the event that allowed or refused it.

=========  ==========================================================================================================
channel    payload
=========  ==========================================================================================================
in         JSON: call, operation, method, path (without its query), model, stream, claims (what the client says of itself, masked),
           withheld (true where the body could not be scanned, so that nothing of it is kept); bytes (the body's length) and like
           (call, begin, end): where the body begins and ends like an earlier call's, only what is between is in ``sent``
sent       the call's id and a line feed, then bytes of the request's body as sent on: masked, with tokens as tokens. Of a
           refused request: as it would have been, with everything that was found redacted. A body may take several lines
scan       JSON: call, fields (by field: texts, fixed, found by class and type), opaque (pointers of what could not be scanned)
verdict    JSON: call, outcome, rule, reason, hint, policy (version), masks (by field and type: strategy, rule)
answer     JSON: call, status (the HTTP status that the client got), media (its content type), request (the upstream's own id)
frame      the call's id and a line feed, then bytes of the answer's body as recorded: tokens stay tokens
end        JSON: call, status (as in the ledger's outcome), code, finish, model, input_tokens, output_tokens, cached_tokens, tools,
           milliseconds, first_milliseconds (until the first frame; null where there was none)
=========  ==========================================================================================================

Nothing here was ever restored or in the clear, but for what a rule let pass in both directions.
"""

from collections.abc import Mapping

import orjson

from passgate.codecs.llm.answer import Summary
from passgate.codecs.llm.evidence import ScanEvidence
from passgate.core.decision import Decision, Mask
from passgate.endpoints.llm.earlier_bodies import EarlierBodies
from passgate.pipeline.protocols import Recording


class CallTranscript:
    """Writes one call into its session's recording.

    ``call_id``: ``Verdict.event``, or an id of the caller's own where that is empty. ``earlier``: the session's.
    """

    __slots__ = ("_call", "_earlier", "_prefix", "_recording")

    def __init__(self, recording: Recording, call_id: str, earlier: EarlierBodies | None = None) -> None:
        self._recording = recording
        self._call = call_id
        self._earlier = earlier
        self._prefix = call_id.encode() + b"\n"

    def request(
        self,
        *,
        operation: str,
        method: str,
        path: str,
        model: str = "",
        stream: bool = False,
        claims: Mapping[str, str] | None = None,
        body: bytes | None,
    ) -> None:
        """``claims`` and ``body`` masked by the caller; ``body`` None where it could not be scanned."""
        head = {
            "operation": operation,
            "method": method,
            "path": path,
            "model": model,
            "stream": stream,
            "claims": dict(claims or {}),
            "withheld": body is None,
            "bytes": len(body or b""),
        }
        like = self._earlier.take(self._call, body) if body and self._earlier is not None else None
        if like is None:
            self._write("in", head)
            if body:
                self.sent(body)
            return
        self._write("in", {**head, "like": {"call": like.call, "begin": like.begin, "end": like.end}})
        if body and (new := body[like.begin : len(body) - like.end]):
            self.sent(new)

    def sent(self, data: bytes) -> None:
        """More of the request's body, where it is not known at once (an upload)."""
        self._recording.write("sent", self._prefix + data, result=self._call)

    def evidence(self, evidence: ScanEvidence) -> None:
        fields = {
            one.field.value: {"texts": one.texts, "fixed": one.fixed, "found": dict(one.found)}
            for one in evidence.fields
        }
        self._write("scan", {"fields": fields, "opaque": list(evidence.opaque)})

    def verdict(self, decision: Decision) -> None:
        masks = {
            f"{o.column.column}:{o.column.object}": f"{o.strategy.kind.value} by {o.rule}"
            for o in decision.obligations
            if isinstance(o, Mask)
        }
        self._write(
            "verdict",
            {
                "outcome": decision.outcome.value,
                "rule": decision.rule,
                "reason": decision.reason,
                "hint": decision.hint,
                "policy": decision.policy_version,
                "masks": masks,
            },
        )

    def answer(self, status: int, *, media: str = "", request: str = "") -> None:
        """The status line is on its way to the client: the upstream's, or the gate's own refusal."""
        self._write("answer", {"status": status, "media": media, "request": request})

    def frame(self, recorded: bytes) -> None:
        """``recorded``: a ``Piece``'s."""
        if recorded:
            self._recording.write("frame", self._prefix + recorded, result=self._call)

    def end(
        self,
        status: str,
        *,
        code: str = "",
        summary: Summary | None = None,
        seconds: float,
        first_chunk: float | None = None,
    ) -> None:
        """``status``, ``code``: the ``Result``'s. Call it once, whatever became of the call."""
        told = summary or Summary()
        self._write(
            "end",
            {
                "status": status,
                "code": code,
                "finish": told.finish,
                "model": told.model,
                "input_tokens": told.usage.input_tokens,
                "output_tokens": told.usage.output_tokens,
                "cached_tokens": told.usage.cached_tokens,
                "tools": list(told.tools),
                "milliseconds": round(seconds * 1000),
                "first_milliseconds": None if first_chunk is None else round(first_chunk * 1000),
            },
        )

    def _write(self, channel: str, payload: Mapping[str, object]) -> None:
        self._recording.write(channel, orjson.dumps({"call": self._call, **payload}), result=self._call)
