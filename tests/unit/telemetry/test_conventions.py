"""The names that are pinned are those of the conventions they say."""

from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes
from opentelemetry.semconv.schemas import Schemas

from passgate.telemetry import conventions

OURS = {"RESOURCE", "OUTCOME", "MASKED", "SCHEMA_URL", "OPERATIONS"}


def test_names() -> None:
    published = {
        **{name.removeprefix("GEN_AI_"): value for name, value in vars(gen_ai_attributes).items() if name.isupper()},
        "ERROR_TYPE": error_attributes.ERROR_TYPE,
    }
    pinned = {name: value for name, value in vars(conventions).items() if name.isupper() and name not in OURS}
    assert len(pinned) == 10
    assert pinned == {name: published[name] for name in pinned}


def test_the_words_for_operations() -> None:
    known = {operation.value for operation in gen_ai_attributes.GenAiOperationNameValues}
    assert set(conventions.OPERATIONS.values()) <= known


def test_the_version_is_one_that_was_published() -> None:
    assert conventions.SCHEMA_URL in {schema.value for schema in Schemas}
