from hypothesis import given
from hypothesis import strategies as st

from passgate.telemetry.labels import Bounded, ModelNames, plain
from tests.unit.telemetry.calls import a_call


@given(st.text(st.characters(), max_size=200))
def test_a_label_is_short_printable_ascii(text: str) -> None:
    label = plain(text)
    assert label.isascii()
    assert label.isprintable()
    assert len(label) <= 100


def test_what_is_plain_stays() -> None:
    assert plain("gpt-5.4/mini: x") == "gpt-5.4/mini: x"
    assert plain("a\nb\u202e\ud800") == "a?b??"


def test_after_the_limit_everything_is_other() -> None:
    bounded = Bounded(2)
    assert [bounded(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_a_model_has_no_name_until_a_provider_has_answered_for_it() -> None:
    models = ModelNames()
    models.learn(a_call(outcome="refused", request_model="AKIAIOSFODNN7EXAMPLE"))
    assert models.shown("AKIAIOSFODNN7EXAMPLE") == "other"
    models.learn(a_call())
    assert (models.shown("claude-x"), models.shown("claude-x-1"), models.shown("")) == ("claude-x", "claude-x-1", "")


def test_models_are_bounded_too() -> None:
    models = ModelNames(limit=3)
    for number in range(10):
        models.learn(a_call(request_model=f"m{number}", answer_model=""))
    assert [models.shown(f"m{number}") for number in range(5)] == ["m0", "m1", "m2", "other", "other"]
