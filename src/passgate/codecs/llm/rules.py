"""How one place of a body is read: the words that the tables of the dialects are written in.

Whatever does not have the shape that a rule expects is read as free text of its field, so nothing escapes by being malformed.
"""

import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from passgate.codecs.llm.call import MAX_NAME
from passgate.codecs.llm.json_text import Json, parse
from passgate.codecs.llm.reading import Reading
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field

SCANNED = "scanned"
FIXED = "scanned, fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What happens at one place: ``where`` is a pattern of a pointer, ``*`` for an index, a condition in brackets."""

    where: str
    field: Field
    verdict: str


class Rule(Protocol):
    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        """Take the value with everything in it."""

    def rows(self, where: str) -> Iterator[Row]:
        """What the rule does, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Everything below is looked at. ``names``: what detectors are told stands before it."""

    field: Field
    fixed: bool = False
    names: str = ""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        reading.free(value, pointer, self.field, names=self.names, fixed=self.fixed)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=self.field, verdict=FIXED if self.fixed else SCANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number that steers the model and cannot say anything else; what is not a number is looked at."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, (dict, list, str)):
            reading.free(value, pointer, Field.METADATA)
        else:
            reading.skip(value)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict="a number; scanned if it is not")


MAX_LIMIT = 2**53
"""What every reader of JSON takes for the same number (RFC 8259, section 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Parameter):
    """How many tokens an answer may have. Null is not said; what else some server may take for a number, or for no limit at all
    (``"4096"``, -1), would pass a rule as not said or as a small one, and raises RemoteProtocolError."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if value is not None:
            reading.limits.append(_count(value, pointer))
        Parameter.read(self, reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict="an integer; refused if it is not")


def _count(value: Json, pointer: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_LIMIT:
        raise RemoteProtocolError(f"{pointer} must be an integer from 0 to {MAX_LIMIT}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """An id, a discriminator, a switch: never edited. One of the API's own words says nothing, any other text is looked at."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str) and value in WORDS:
            reading.skip(value)
        else:
            reading.free(value, pointer, Field.METADATA, fixed=True)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict=FIXED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """What has been told before at an outer place, told in one line."""

    rule: Rule
    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        self.rule.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=f"{where}/**", field=self.field, verdict=SCANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What the provider signed or encrypted and wants back as it was. Told by its form, else it is looked at."""

    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str) and is_sealed(value):
            reading.sealed.append(pointer)
            reading.skip(value)
        else:
            reading.free(value, pointer, self.field, fixed=True)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(
            where=where, field=self.field, verdict="not scannable: sealed by the provider (otherwise scanned, fixed)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Pictures, sound, documents: base64, bare or in a ``data:`` URL (RFC 2397). Any other text, a URL above all, is looked
    at."""

    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str) and is_media(value):
            reading.opaque.append(pointer)
            reading.skip(value)
        else:
            reading.free(value, pointer, self.field)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=self.field, verdict="not scannable: base64 media (otherwise scanned)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Text, or the numbers of its tokens, which say something to the model only."""

    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if not isinstance(value, list):
            reading.free(value, pointer, self.field)
        elif value and all(isinstance(item, (int, float)) for item in value):
            reading.opaque.append(pointer)
            reading.skip(value)
        else:
            for index, item in enumerate(value):
                self.read(reading, item, f"{pointer}/{index}")

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=self.field, verdict=SCANNED)
        yield Row(where=f"{where}[numbers]", field=self.field, verdict="not scannable: numbers of tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The tokens of an earlier answer, each by itself, sent back with it: looked at together, and left out where anything of them
    has to be masked."""

    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, (dict, list)) and value:
            reading.logged(value, pointer, self.field)
        else:
            reading.free(value, pointer, self.field)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=self.field, verdict="scanned; removed where anything is masked")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonText:
    """A string that should be JSON: what is in it is looked at and edited by itself. If it is not, it is text; with escapes in
    it, which nobody can be sure to read alike, it counts as opaque besides."""

    field: Field

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if not isinstance(value, str):
            reading.free(value, pointer, self.field)
            return
        try:
            document = parse(value.encode())
            inner = Reading(document)
            inner.free(document.tree, "", self.field)
        except RemoteProtocolError:
            if "\\" in value:
                reading.opaque.append(pointer)
            reading.scalar(value, pointer, self.field)
        else:
            reading.holding(value, pointer, self.field, tuple(inner.leaves))

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=f"{where} (as JSON)", field=self.field, verdict=SCANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """An object. ``known``: the API's own names, in lower case, and how what they name is read. What has another name is of the
    field ``other``.

    In an exact reading a name must not differ from a known one by case only: some servers read it as that one, and would do what
    nobody judged.
    """

    known: Mapping[str, Rule]
    other: Field = Field.METADATA

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if not isinstance(value, dict):
            reading.free(value, pointer, self.other)
            return
        for name, member in value.items():
            rule = self.known.get(name)
            if rule is None:
                if reading.exact and name.casefold() in self.known:
                    raise RemoteProtocolError(f"a name at {pointer or '/'} differs from {name.casefold()} by case only")
                reading.unknown(name, member, pointer, self.other)
            else:
                reading.skip_name()
                rule.read(reading, member, f"{pointer}/{name}")

    def rows(self, where: str) -> Iterator[Row]:
        for name, rule in self.known.items():
            yield from rule.rows(f"{where}/{name}")
        yield Row(where=f"{where}/(any other)", field=self.other, verdict=SCANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Read by what it is: a string, a list of things, an object."""

    string: Rule
    items: Rule | None = None
    members: Rule | None = None

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, list) and self.items is not None:
            for index, item in enumerate(value):
                self.items.read(reading, item, f"{pointer}/{index}")
        elif isinstance(value, dict) and self.members is not None:
            self.members.read(reading, value, pointer)
        else:
            self.string.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield from self.string.rows(where)
        if self.items is not None:
            yield from self.items.rows(f"{where}/*")
        if self.members is not None:
            yield from self.members.rows(where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """An object read by what one of its members says (``type``, ``role``)."""

    by: str
    among: Mapping[str, Rule]
    otherwise: Rule

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        said = value.get(self.by) if isinstance(value, dict) else None
        rule = self.among.get(said, self.otherwise) if isinstance(said, str) else self.otherwise
        rule.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        alike: dict[int, list[str]] = {}
        for said, rule in self.among.items():
            alike.setdefault(id(rule), []).append(said)
        for words in alike.values():
            yield from self.among[words[0]].rows(f"{where}[{self.by}={'|'.join(words)}]")
        yield from self.otherwise.rows(f"{where}[any other]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A tool. ``named_by``: the path to what it is called; where nothing is there, its ``type`` is its name (``web_search``).
    ``prefix``: put before the name, for what is more than one tool."""

    rule: Rule
    named_by: tuple[str, ...] = ("name",)
    prefix: str = ""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        name = member(value, *self.named_by)
        if not isinstance(name, str) or not name:
            name = member(value, "type")
        reading.tools.append(self.prefix + name[:MAX_NAME] if isinstance(name, str) and name else "?")
        self.rule.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield from self.rule.rows(where)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """The model that is asked, or one that may be asked in its place."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str):
            reading.models.append(value[:MAX_NAME])
        reading.free(value, pointer, Field.METADATA, fixed=True)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict=FIXED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the client says of who asks."""

    name: str

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str) and value:
            reading.claims[self.name] = claimed(value)
        reading.free(value, pointer, Field.METADATA)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict=SCANNED)


def member(value: Json, *path: str) -> Json:
    """What stands at a path of names, None where nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def claimed(value: str) -> str:
    """A claim as it is kept: what has the form of an id as it is, anything else as a digest, so that no sentence gets into a
    record."""
    if _CLAIM.fullmatch(value) is not None:
        return value
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:32]


def items(rule: Rule, field: Field) -> Either:
    """A list; anything else in its place is free text."""
    return Either(string=Text(field=field), items=rule)


MARKER = Marker()

PARAMETER = Parameter()

MODEL = ModelName()

WORDS = frozenset(
    word
    for line in files(__package__).joinpath("words.tsv").read_text(encoding="utf-8").splitlines()
    for word in line.partition("\t")[2].split()
)
"""Words of the APIs and of JSON Schema that stand where a marker does."""

_CLAIM = re.compile(r"[A-Za-z0-9_:.-]{1,256}")
_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)
_FERNET = "gAAAA"
"""How OpenAI's encrypted reasoning begins: the version and the first bytes of the time of a Fernet token, in URL-safe base64."""

_ENCODED_CHARACTERS = 64
"""Shorter ones are looked at: no picture and no signature is so small, and a name in base64 may be."""

_STANDARD = str.maketrans("-_", "+/")


def is_media(text: str) -> bool:
    """Whether it really is base64, as its place says."""
    head = _DATA_URL.match(text, 0, 256)
    return _is_base64(text[head.end() :] if head else text)


def is_sealed(text: str) -> bool:
    """Whether it has the form of what providers sign and encrypt. API keys do not: they have a hyphen or an underscore in
    them."""
    if text.startswith(_FERNET):
        bare = text.rstrip("=").translate(_STANDARD)
        return _is_base64(bare + "=" * (-len(bare) % 4))
    return _is_base64(text)


def _is_base64(text: str) -> bool:
    if len(text) < _ENCODED_CHARACTERS or not text.isascii():
        return False
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return False
    return True
