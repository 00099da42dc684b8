"""A rule's own tests, ``match:`` and ``not_match:``: attribute values for which its condition must hold, or must not."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ruamel.yaml.nodes import Node

from passgate.policy.attributes import ATTRIBUTES, Declared
from passgate.policy.cel import (
    BOOL,
    INT,
    TIMESTAMP,
    Checked,
    EvaluationError,
    Frame,
    ListType,
    MapType,
    RecordType,
    SetType,
    StringType,
    Type,
    Value,
    compile_condition,
    nearest,
    timestamp,
    unknown_key,
)
from passgate.policy.definition import Sample
from passgate.policy.document import Document


class _Given(Frame):
    """Reads from the sample instead of from an action."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__()
        self.values = values


def read_samples(document: Document, node: Node | None, what: str, *, holds: bool) -> tuple[Sample, ...]:
    """A test that is not well written is a problem, and is not run: what came of it would say nothing."""
    samples: list[Sample] = []
    for item in document.items(node, what):
        before = document.problems
        values = _values(document, item)
        if document.problems == before:
            samples.append(Sample(values=values, holds=holds, place=document.place(item)))
    return tuple(samples)


def verdict(checked: Checked, sample: Sample) -> str:
    """What went wrong, empty if the sample came out as it says."""
    try:
        found = compile_condition(checked, _READERS)(_Given(sample.values))
    except EvaluationError as error:
        return f"the condition has no value: {error}"
    if found == sample.holds:
        return ""
    return "the condition does not hold" if sample.holds else "the condition holds"


def _values(document: Document, node: Node) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, given in document.mapping(node, "a test").items():
        declared, key = _declared(name)
        if declared is None:
            document.report(given, f"{name} is not a declared attribute", nearest(name, ATTRIBUTES))
            continue
        if isinstance(declared.type, MapType):
            known = values.setdefault(declared.name, {})
            if key and declared.type.keys is not None and key not in declared.type.keys:
                document.report(given, *unknown_key(declared.name, key, declared.type.keys))
            elif key:
                known[key] = _value(document, given, declared.type.item, name)
            else:
                known.update(_map(document, given, declared.type, name))
        else:
            values[declared.name] = _value(document, given, declared.type, name)
    return values


def _declared(name: str) -> tuple[Declared | None, str]:
    if name in ATTRIBUTES:
        return ATTRIBUTES[name], ""
    for declared in ATTRIBUTES.values():
        if isinstance(declared.type, MapType) and name.startswith(f"{declared.name}."):
            return declared, name[len(declared.name) + 1 :]
    return None, ""


def _value(document: Document, node: Node, kind: Type, what: str) -> Value:
    if isinstance(kind, StringType):
        return document.text(node, what) if kind.values is None else document.choice(node, what, kind.values)
    if kind == BOOL:
        return document.boolean(node, what)
    if kind == INT:
        return document.integer(node, what, least=-(2**63))
    if kind == TIMESTAMP:
        return _moment(document, node, what)
    if isinstance(kind, SetType):
        return frozenset(_value(document, item, kind.item, what) for item in document.items(node, what))
    if isinstance(kind, ListType):
        return tuple(_value(document, item, kind.item, what) for item in document.items(node, what))
    assert isinstance(kind, RecordType)  # noqa: S101 - the table has no other type
    given = document.mapping(node, what, kind.fields)
    return {
        name: _value(document, given[name], field, name) if name in given else empty_value(field)
        for name, field in kind.fields.items()
    }


def _map(document: Document, node: Node, kind: MapType, what: str) -> dict[str, Value]:
    given = document.mapping(node, what, kind.keys)
    return {key: _value(document, item, kind.item, f"{what}.{key}") for key, item in given.items()}


def _moment(document: Document, node: Node, what: str) -> datetime | None:
    text = document.text(node, what)
    try:
        return None if text is None else timestamp(text)
    except EvaluationError as error:
        document.report(node, str(error))
        return None


def empty_value(kind: Type) -> Value:
    """What an attribute that a test does not give is taken to be; None where its type has no empty value."""
    if isinstance(kind, StringType):
        return ""
    if isinstance(kind, SetType):
        return frozenset()
    if isinstance(kind, ListType):
        return ()
    if isinstance(kind, MapType):
        return {}
    return {BOOL: False, INT: 0}.get(kind)


def _reader(declared: Declared) -> Callable[[_Given], Value]:
    assumed = declared.assumed
    if assumed is None and not declared.optional:
        assumed = empty_value(declared.type)

    def read(given: _Given) -> Value:
        value = given.values.get(declared.name, assumed)
        if value is None:
            raise EvaluationError(f"{declared.name} has no value")
        return value

    return read


_READERS = {name: _reader(declared) for name, declared in ATTRIBUTES.items()}
