"""JSON Schemas (draft 2020-12) inside a request: what they say to the model is text, how they say it stays as it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from passgate.codecs.llm.json_text import Json
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import FIXED, SCANNED, WORDS, Row
from passgate.core.finding import Field

_TEXTS = frozenset(("title", "description", "default", "examples", "enum", "$comment"))
_KEYWORDS = frozenset(
    (
        *("type", "format", "pattern", "required", "const", "propertyNames", "contentMediaType", "contentEncoding"),
        *("$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary"),
    )
)
_NUMBERS = frozenset(
    (
        *(
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "minItems",
        ),
        *("maxItems", "minProperties", "maxProperties", "minContains", "maxContains", "uniqueItems"),
        *("deprecated", "readOnly", "writeOnly", "nullable"),
    )
)
_SCHEMAS = frozenset(
    (
        *("items", "additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "contains"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "prefixItems", "contentSchema"),
    )
)
_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
"""Their members' names are the caller's own."""

_KINDS = {name: kind for kind in (_TEXTS, _KEYWORDS, _NUMBERS, _SCHEMAS, _NAMED) for name in kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, dict):
            for name, said in value.items():
                self._keyword(reading, name, said, pointer, value)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.read(reading, item, f"{pointer}/{index}")
        else:
            reading.free(value, pointer, self.field)

    def _keyword(self, reading: Reading, name: str, said: Json, pointer: str, schema: dict[str, Json]) -> None:
        kind = _KINDS.get(name)
        below = f"{pointer}/{name}"
        if kind is None or (kind is _NAMED and not isinstance(said, dict)):
            reading.unknown(name, said, pointer, self.field)
            return
        reading.skip_name()
        if kind is _SCHEMAS:
            self.read(reading, said, below)
        elif kind is _NAMED and isinstance(said, dict):
            for own, part in said.items():
                self.read(reading, part, reading.named(own, below, self.field))
        elif (kind is _NUMBERS and not isinstance(said, (dict, list, str))) or _told_elsewhere(name, said, schema):
            reading.skip(said)
        else:
            reading.free(said, below, self.field, fixed=kind is _KEYWORDS)

    def rows(self, where: str) -> Iterator[Row]:
        for names, verdict in ((_TEXTS, SCANNED), (_KEYWORDS, FIXED), (_NUMBERS, "a number; scanned if it is not")):
            yield Row(where=f"{where}/**/({'|'.join(sorted(names))})", field=self.field, verdict=verdict)
        yield Row(where=f"{where}/**/({'|'.join(sorted(_NAMED))})/(name)", field=self.field, verdict=FIXED)
        yield Row(where=f"{where}/**/(any other)", field=self.field, verdict=SCANNED)


def _told_elsewhere(name: str, said: Json, schema: dict[str, Json]) -> bool:
    """Whether it says nothing of its own: one of the API's words, or required names that are looked at as properties."""
    if isinstance(said, str):
        return said in WORDS
    properties = schema.get("properties")
    if name != "required" or not isinstance(said, list) or not isinstance(properties, dict):
        return False
    return all(isinstance(one, str) and one in properties for one in said)
