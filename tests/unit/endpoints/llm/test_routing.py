"""Which resource a call goes to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.codecs.llm.refusal import Cause
from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.routing import chosen, fallbacks, named, price, serves
from passgate.endpoints.llm.settings import LlmTarget, LlmTargets, Price

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def target(name: str, dialect: Dialect = Dialect.OPENAI, *, residency: str = "eu", **more: object) -> LlmTarget:
    made = LlmTarget(
        resource=Resource(name=name, kind="llm", labels={"residency": residency} if residency else {}),
        provider=dialect.value,
        dialect=dialect,
        url="https://api.example.com",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def pass_for(*resources: str) -> Pass:
    return Pass(
        id="pg_1",
        principal=Principal(kind=PrincipalKind.SERVICE, subject="s"),
        resources=frozenset(resources),
        verbs=frozenset({VerbClass.READ}),
        purpose="test",
        ticket=None,
        issued=NOW,
        expires=NOW + timedelta(hours=1),
    )


def all_of(*targets: LlmTarget) -> LlmTargets:
    return {one.name: one for one in targets}


TARGETS = all_of(
    target("gpt", models=("gpt-*", "o?-mini")),
    target("own", models=("llama-*",)),
    target("claude", Dialect.ANTHROPIC),
)


def refusal(name: str, model: str, *resources: str, dialect: Dialect = Dialect.OPENAI) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        chosen(TARGETS, pass_for(*resources), dialect, name, (model,))
    return caught.value


def test_the_dialect_and_the_model_choose() -> None:
    pass_ = pass_for("gpt", "own", "claude")
    assert chosen(TARGETS, pass_, Dialect.OPENAI, "", ("gpt-5",)).name == "gpt"
    assert chosen(TARGETS, pass_, Dialect.OPENAI, "", ("o4-mini",)).name == "gpt"
    assert chosen(TARGETS, pass_, Dialect.OPENAI, "", ("llama-3",)).name == "own"
    assert chosen(TARGETS, pass_, Dialect.ANTHROPIC, "", ("anything",)).name == "claude"


def test_a_name_in_front_of_the_path_chooses() -> None:
    assert named("/own/v1/models", TARGETS) == ("own", "/v1/models")
    assert named("/v1/models", TARGETS) == ("", "/v1/models")
    assert named("/gone/v1/models", TARGETS) == ("", "/gone/v1/models")
    assert named("/own", TARGETS) == ("", "/own")
    assert chosen(TARGETS, pass_for("gpt", "own"), Dialect.OPENAI, "own", ("",)).name == "own"


def test_several_are_named_and_the_way_out_is_told() -> None:
    error = refusal("", "", "gpt", "own")
    assert error.refusal.cause is Cause.BAD_REQUEST
    assert "gpt, own" in str(error)
    assert "/gpt/v1/" in str(error)


def test_what_the_pass_does_not_cover_is_not_there() -> None:
    assert refusal("", "gpt-5", "claude").refusal.cause is Cause.SCOPE
    assert refusal("gpt", "gpt-5", "own").refusal.cause is Cause.SCOPE
    assert refusal("claude", "x", "claude").refusal.cause is Cause.SCOPE
    unknown = refusal("", "gpt-5", "own")
    assert unknown.refusal.cause is Cause.MODEL
    assert unknown.refusal.status == 404


def test_models_are_matched_whole_and_by_case() -> None:
    gpt = TARGETS["gpt"]
    assert serves(gpt, ("gpt-",))
    assert not serves(gpt, ("my-gpt-5",))
    assert not serves(gpt, ("GPT-5",))
    assert serves(gpt, ("", "gpt-5", "o4-mini"))
    assert not serves(gpt, ("gpt-5", "llama-3"))


def test_a_fallback_is_covered_and_speaks_the_same_and_stays_at_home() -> None:
    home = target("home", fallback=("gone", "uncovered", "claude", "abroad", "other", "spare", "last"))
    targets = all_of(
        home,
        target("uncovered"),
        target("claude", Dialect.ANTHROPIC),
        target("abroad", residency="us"),
        target("other", models=("llama-*",)),
        target("spare"),
        target("last"),
        target("nowhere", residency="", fallback=("home",)),
    )
    pass_ = pass_for(*(targets.keys() - {"uncovered"}))
    assert [one.name for one in fallbacks(targets, pass_, home, ("gpt-5",))] == ["spare", "last"]
    assert fallbacks(targets, pass_, targets["nowhere"], ("gpt-5",)) == ()


def test_the_first_price_that_fits_counts() -> None:
    cheap, dear = Price(input=0.15, output=0.6, cached=0.075), Price(input=3, output=15, cached=3)
    priced = target("gpt", prices=(("gpt-*-mini", cheap), ("gpt-*", dear)))
    assert price(priced, "gpt-5-mini") is cheap
    assert price(priced, "gpt-5") is dear
    assert price(priced, "o4") is None
    assert cheap.microdollars(input_tokens=1_000_000, output_tokens=0) == 150_000
    assert cheap.microdollars(input_tokens=1, output_tokens=0) == 1
    assert cheap.microdollars(input_tokens=100, output_tokens=10, cached_tokens=40) == 18
    assert dear.microdollars(input_tokens=0, output_tokens=0) == 0
