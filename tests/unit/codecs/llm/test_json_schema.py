"""What a schema says is text, how it says it stays."""

import orjson
from hypothesis import given

from passgate.codecs.llm.json_schema import Schema
from passgate.codecs.llm.json_text import Json, parse
from passgate.codecs.llm.reading import Reading
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import said
from tests.unit.codecs.llm.test_json_text import TREES

SCHEMA = Schema(field=Field.TOOL_DEFINITION)
D = Field.TOOL_DEFINITION


def read(value: object) -> Reading:
    document = parse(orjson.dumps(value))
    reading = Reading(document)
    SCHEMA.read(reading, document.tree, "")
    return reading


def test_texts_can_be_edited_and_keywords_cannot() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": ["object", "odd"],
        "title": "T",
        "description": "D",
        "properties": {
            "alice@example.com": {
                "type": "string",
                "pattern": "^a",
                "enum": ["bob@example.com", 5],
                "default": "x",
                "minLength": 3,
            },
            "description": {"$ref": "#/$defs/d", "const": "c"},
        },
        "required": ["alice@example.com", "bob"],
        "$defs": {"d": {"examples": [{"k": 7}]}},
        "items": [{"title": "i"}],
        "additionalProperties": False,
        "x-own": "own",
    }
    assert said(read(schema).leaves) == {
        "/$schema": (D, "https://json-schema.org/draft/2020-12/schema", True),
        "/type/0": (D, "object", True),
        "/type/1": (D, "odd", True),
        "/title": (D, "T", False),
        "/description": (D, "D", False),
        "#/properties/alice@example.com": (D, "alice@example.com", True),
        "/properties/alice@example.com/pattern": (D, "^a", True),
        "/properties/alice@example.com/enum/0": (D, "bob@example.com", False),
        "/properties/alice@example.com/enum/1": (D, "5", False),
        "/properties/alice@example.com/default": (D, "x", False),
        "#/properties/description": (D, "description", True),
        "/properties/description/$ref": (D, "#/$defs/d", True),
        "/properties/description/const": (D, "c", True),
        "/required/0": (D, "alice@example.com", True),
        "/required/1": (D, "bob", True),
        "#/$defs/d": (D, "d", True),
        "#/$defs/d/examples/0/k": (D, "k", True),
        "/$defs/d/examples/0/k": (D, "7", False),
        "/items/0/title": (D, "i", False),
        "#/x-own": (D, "x-own", True),
        "/x-own": (D, "own", False),
    }


def test_a_number_that_is_none_is_looked_at() -> None:
    assert said(read({"minLength": "alice", "properties": "bob"}).leaves) == {
        "/minLength": (D, "alice", False),
        "#/properties": (D, "properties", True),
        "/properties": (D, "bob", False),
    }


def test_names_that_are_required_are_looked_at_once() -> None:
    leaves = read({"required": ["a"], "properties": {"a": {}}}).leaves
    assert said(leaves) == {"#/properties/a": (D, "a", True)}
    assert said(read({"required": [5], "properties": {"a": {}}}).leaves)["/required/0"] == (D, "5", True)


@given(TREES)
def test_whatever_it_is_all_of_it_is_taken(tree: Json) -> None:
    assert read(tree).taken
    assert read({"properties": {"p": tree}, "enum": tree, "items": tree, "minimum": tree, "type": tree}).taken


def test_it_says_what_it_does() -> None:
    rows = list(SCHEMA.rows("/parameters"))
    assert {row.verdict for row in rows} >= {"scanned", "scanned, fixed"}
