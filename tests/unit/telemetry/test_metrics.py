"""What a scrape shows, and what it never does."""

import dataclasses

from prometheus_client.parser import text_string_to_metric_families

from passgate.core.event import Event, EventType
from passgate.core.resource import Resource
from passgate.telemetry.labels import ModelNames
from passgate.telemetry.metrics import GateMetrics
from tests.faults.kit import a_session, intent, outcome, refused, started
from tests.unit.telemetry.calls import a_call


class Samples(dict[tuple[str, frozenset[str]], float]):
    """By name and the labels' values, in any order."""

    def __call__(self, name: str, *values: str) -> float:
        return self[name, frozenset(values)]


def metrics() -> tuple[GateMetrics, ModelNames]:
    models = ModelNames()
    return GateMetrics(models=models, version="1.0", implementation="python"), models


def samples(measured: GateMetrics) -> Samples:
    text = measured.exposition("").body.decode()
    return Samples(
        {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


def test_a_call_is_counted_timed_and_its_tokens_summed() -> None:
    measured, models = metrics()
    models.learn(a_call())
    measured.call_ended(a_call())
    measured.call_ended(a_call(outcome="error", error="timeout", first_chunk=None, input_tokens=None, output_tokens=0))
    found = samples(measured)
    call = ("generate", "anthropic", "models")
    assert found("passgate_llm_calls_total", *call, "ok") == 1
    assert found("passgate_llm_calls_total", *call, "error") == 1
    assert found("passgate_llm_errors_total", "models", "timeout") == 1
    assert found("passgate_llm_call_seconds_sum", *call) == 3.0
    assert found("passgate_llm_call_seconds_bucket", *call, "1.0") == 0
    assert found("passgate_llm_call_seconds_bucket", *call, "2.5") == 2
    assert found("passgate_llm_first_chunk_seconds_count", *call) == 1
    assert found("passgate_llm_tokens_total", "models", "claude-x-1", "input") == 30
    assert found("passgate_llm_tokens_total", "models", "claude-x-1", "output") == 12


def test_events_of_every_protocol_are_counted() -> None:
    measured, _ = metrics()
    session = a_session()
    chat = dataclasses.replace(a_session("L1"), resource=Resource(name="models", kind="llm"))
    answered = Event(type=EventType.ACTION_OUTCOME, session=chat, detail={"status": "ok", "masked": {"EMAIL": 3}})
    for event in (
        started(session), intent(session), outcome(session, "i", rows=7), refused(session), refused(chat), answered,
        Event(type=EventType.HEARTBEAT),
    ):  # fmt: skip
        measured.recorded(event)
    found = samples(measured)
    assert found("passgate_events_total", "session.start", "postgres") == 1
    assert found("passgate_events_total", "heartbeat", "") == 1
    assert found("passgate_refusals_total", "shop", "no-drop") == 1
    assert found("passgate_refusals_total", "models", "no-drop") == 1
    assert found("passgate_outcomes_total", "shop", "ok") == 1
    assert found("passgate_rows_total", "shop") == 7
    assert found("passgate_masked_total", "models", "EMAIL") == 3


def test_open_sessions_are_asked_for_at_every_scrape() -> None:
    measured, _ = metrics()
    live = [1, 2]
    measured.watch_sessions(lambda: len(live))
    assert samples(measured)("passgate_sessions") == 2
    live.clear()
    assert samples(measured)("passgate_sessions") == 0
    assert samples(measured)("passgate_build_info", "1.0", "python") == 1


def test_no_caller_can_make_the_metrics_grow_or_speak() -> None:
    measured, models = metrics()
    for number in range(500):
        call = a_call(
            outcome="refused", request_model=f"sk-secret-{number}", answer_model="", error=f"kind {number} bob@example.com",
            conversation=f"bob-{number}@example.com",
        )  # fmt: skip
        models.learn(call)
        measured.call_ended(call)
        measured.recorded(refused(a_session(f"S{number}"), text=f"DROP TABLE secret_{number}"))
    text = measured.exposition("").body.decode()
    assert text.count("passgate_llm_errors_total{") <= 51
    assert "sk-secret" not in text
    assert "conversation" not in text
    assert "secret_" not in text
    assert "ada@example.com" not in text


def test_the_scraper_chooses_the_form() -> None:
    measured, _ = metrics()
    assert measured.exposition("").media.startswith("text/plain")
    exposition = measured.exposition("application/openmetrics-text; version=1.0.0")
    assert exposition.media.startswith("application/openmetrics-text")
    assert exposition.body.endswith(b"# EOF\n")
