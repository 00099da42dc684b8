"""A measured call, and what must never show in any telemetry."""

from collections.abc import Mapping
from typing import Any

from passgate.pipeline.protocols import CallMeasured

STARTED = 1_767_225_600.25


def a_call(**changes: Any) -> CallMeasured:
    fields: Mapping[str, Any] = {
        "operation": "generate", "provider": "anthropic", "resource": "models", "request_model": "claude-x",
        "answer_model": "claude-x-1", "conversation": "S1", "outcome": "ok", "error": "", "started": STARTED, "seconds": 1.5,
        "first_chunk": 0.25, "input_tokens": 30, "output_tokens": 12, "finish": "end_turn", "masked": {"EMAIL": 2},
    }  # fmt: skip
    return CallMeasured(**{**fields, **changes})
