import json

from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.core.decision import Decision, Outcome, Strategy, StrategyKind
from passgate.core.shape import PartPlan, Plan
from passgate.endpoints.postgres.transcript import WITHHELD, Transcript
from tests.integration.fakes import MemoryRecording, StarMasker


def test_every_channel_as_it_is_documented() -> None:
    recording = MemoryRecording()
    transcript = Transcript(recording, StarMasker())
    transcript.came_in("select 'bob@example.com'")
    transcript.came_in("boom")
    transcript.verdict(Decision(outcome=Outcome.DENY, rule="r", reason="why", hint="what", policy_version="v"))
    masked = PartPlan(mask=Strategy(kind=StrategyKind.NULL), rule="m")
    transcript.shape(transcript.shape_payload(("a", "b"), (25, 23), (0, 1), Plan(parts=(masked, PartPlan()))))
    transcript.shape(transcript.shape_payload(("a",), (), (0,), Plan(parts=(PartPlan(),)), copy=True))
    transcript.rows(b"D")
    transcript.notice(ErrorResponse(severity="ERROR", sqlstate="42501", message="no", hint="ask"))
    transcript.end("SELECT 1", "ok", 1)
    assert recording.of("in") == [b"select '<EMAIL>'", WITHHELD]
    assert recording.of("rows") == [b"D"]
    others = [(channel, json.loads(data)) for channel, data in recording.entries if channel not in ("in", "rows")]
    assert others == [
        ("verdict", {"outcome": "deny", "rule": "r", "reason": "why", "hint": "what", "policy": "v"}),
        ("shape", {"columns": ["a", "b"], "types": [25, 23], "formats": [0, 1], "masked": ["m", ""]}),
        ("shape", {"columns": ["a"], "types": [], "formats": [0], "masked": [""], "copy": True}),
        ("notice", {"severity": "ERROR", "sqlstate": "42501", "message": "no", "detail": "", "hint": "ask"}),
        ("end", {"tag": "SELECT 1", "status": "ok", "rows": 1}),
    ]
