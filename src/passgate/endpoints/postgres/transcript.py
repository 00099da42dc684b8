"""What a session's recording holds, channel by channel. ``sessions replay`` reads it back by this page.

=========  ==========================================================================================================
channel    payload
=========  ==========================================================================================================
in         the statement as the client sent it, masked by the session's scanner (UTF-8)
verdict    JSON: outcome, rule, reason, hint, policy (version)
shape      JSON: columns (list of names), types (list of type OIDs), formats (list of 0 text, 1 binary), masked (list of rule ids,
           empty where a column passes as it is); for COPY also copy (true), and then types is empty
rows       DataRow messages exactly as delivered (CopyData messages after a shape with copy)
notice     JSON: severity, sqlstate, message, detail, hint of an error or notice as delivered
end        JSON: tag (the server's command tag, empty for an error), status (as in the ledger's outcome), rows
=========  ==========================================================================================================

Statements of one simple query share one ``in`` and ``verdict``; each has its own shape, rows and end.
"""

from collections.abc import Mapping, Sequence

import orjson

from passgate.codecs.postgres.error_response import Report
from passgate.core.decision import Decision
from passgate.core.errors import DetectorError
from passgate.core.masker import Masker
from passgate.core.shape import Plan
from passgate.pipeline.protocols import Recording

WITHHELD = b"<withheld: it could not be scanned>"


_TEXTS = 64
_SHORT = 4096
"""Statements whose masked form is kept per session, and how long each may be: the few that an application repeats."""


class Transcript:
    """Writes a session's recording, masked."""

    def __init__(self, recording: Recording, masker: Masker) -> None:
        self._recording = recording
        self._masker = masker
        self._texts: dict[str, bytes] = {}
        self._last: tuple[Decision, bytes] | None = None

    def scanned(self, text: str) -> bytes:
        try:
            return self._masker.scan_text(text.encode())
        except DetectorError:
            return WITHHELD

    def came_in(self, text: str) -> None:
        known = self._texts.get(text)
        if known is None:
            known = self.scanned(text)
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            if len(text) <= _SHORT:
                self._texts[text] = known
        self._recording.write("in", known)

    def verdict(self, decision: Decision) -> None:
        if self._last is None or self._last[0] is not decision:
            payload = {
                "outcome": decision.outcome.value,
                "rule": decision.rule,
                "reason": decision.reason,
                "hint": decision.hint,
                "policy": decision.policy_version,
            }
            self._last = decision, orjson.dumps(payload)
        self._recording.write("verdict", self._last[1])

    def shape(self, payload: bytes) -> None:
        """``payload``: what ``shape_payload`` made, once per plan."""
        self._recording.write("shape", payload)

    @staticmethod
    def shape_payload(
        columns: Sequence[str], types: Sequence[int], formats: Sequence[int], plan: Plan, *, copy: bool = False
    ) -> bytes:
        masked = [part.rule if part.mask is not None else "" for part in plan.parts]
        shape: dict[str, object] = {
            "columns": list(columns),
            "types": list(types),
            "formats": list(formats),
            "masked": masked,
        }
        return orjson.dumps({**shape, "copy": True} if copy else shape)

    def rows(self, data: bytes) -> None:
        self._recording.write("rows", data)

    def notice(self, report: Report) -> None:
        self._write(
            "notice",
            {
                "severity": report.severity or "",
                "sqlstate": report.sqlstate or "",
                "message": report.message or "",
                "detail": report.detail or "",
                "hint": report.hint or "",
            },
        )

    def end(self, tag: str, status: str, rows: int) -> None:
        self._write("end", {"tag": tag, "status": status, "rows": rows})

    def _write(self, channel: str, payload: Mapping[str, object]) -> None:
        self._recording.write(channel, orjson.dumps(payload))
