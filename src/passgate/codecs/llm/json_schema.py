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


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                self.read(reading, item, f"{pointer}/{index}")
        elif isinstance(value, dict):
            for name, member in value.items():
                self._keyword(reading, name, member, pointer)
        else:
            reading.free(value, pointer, self.field)

    def _keyword(self, reading: Reading, name: str, member: Json, pointer: str) -> None:
        below = f"{pointer}/{name}"
        if name in _SCHEMAS:
            reading.skip_name()
            self.read(reading, member, below)
        elif name in _NAMED and isinstance(member, dict):
            reading.skip_name()
            for own, schema in member.items():
                self.read(reading, schema, reading.named(own, below, self.field))
        elif name in _NUMBERS and not isinstance(member, (dict, list, str)):
            reading.skip_name()
            reading.skip(member)
        elif name in _TEXTS or name in _KEYWORDS:
            reading.skip_name()
            if isinstance(member, str) and member in WORDS:
                reading.skip(member)
            else:
                reading.free(member, below, self.field, fixed=name in _KEYWORDS)
        else:
            reading.unknown(name, member, pointer, self.field)

    def rows(self, where: str) -> Iterator[Row]:
        for names, verdict in ((_TEXTS, SCANNED), (_KEYWORDS, FIXED), (_NUMBERS, "a number; scanned if it is not")):
            yield Row(where=f"{where}/**/({'|'.join(sorted(names))})", field=self.field, verdict=verdict)
        yield Row(where=f"{where}/**/({'|'.join(sorted(_NAMED))})/(name)", field=self.field, verdict=FIXED)
        yield Row(where=f"{where}/**/(any other)", field=self.field, verdict=SCANNED)
