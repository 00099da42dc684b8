"""PATCH (RFC 7644, section 3.5.2) on a resource as JSON, as Okta and Entra ID really send it.

What both do beside the letter: operations in capitals (``Replace``); a replacement without a path whose keys are paths themselves
(``{"name.familyName": …}``); a removal that lists in ``value`` what is to go; a value for ``emails[type eq "work"].value`` where
there is no such address yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.codecs.scim.paths import Condition, Path, read_path
from passgate.codecs.scim.problem import ScimError, invalid_path, invalid_syntax, invalid_value
from passgate.codecs.scim.schema import Attribute, Document, Json, Schema

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAX_OPERATIONS = 1000

_OPS = frozenset({"add", "remove", "replace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``op`` in small letters. ``path`` None: the whole resource."""

    op: str
    path: str | None
    value: Json


def read_operations(body: Document) -> tuple[Operation, ...]:
    """Raises ScimError."""
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or PATCH_SCHEMA not in schemas:
        raise invalid_syntax(f"schemas must name {PATCH_SCHEMA}")
    listed = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(listed, list) or not listed:
        raise invalid_syntax("Operations must be a list with something in it")
    if len(listed) > MAX_OPERATIONS:
        raise ScimError(413, f"a request has at most {MAX_OPERATIONS} operations")
    return tuple(_operation(one) for one in listed)


def _operation(one: Json) -> Operation:
    if not isinstance(one, dict):
        raise invalid_syntax("an operation is an object")
    op, path = one.get("op"), one.get("path")
    if not isinstance(op, str) or op.lower() not in _OPS:
        raise invalid_syntax("op is one of add, remove, replace")
    if path is not None and not isinstance(path, str):
        raise invalid_path("path is a text")
    if op.lower() == "remove" and not path:
        raise ScimError(400, "a removal needs a path", scim_type="noTarget")
    if op.lower() != "remove" and "value" not in one:
        raise invalid_value(f"{op} needs a value")
    return Operation(op=op.lower(), path=path or None, value=one.get("value"))


def patched(document: Document, operations: Sequence[Operation], schema: Schema) -> Document:
    """The resource as it would be; all of the operations, or a ScimError. ``document`` itself stays as it is."""
    resource = dict(document)
    for operation in operations:
        if operation.path is not None:
            _apply(resource, operation.op, operation.path, operation.value, schema)
        elif isinstance(operation.value, dict):
            if len({schema.local(path).lower() for path in operation.value}) < len(operation.value):
                raise invalid_syntax("an attribute is given twice: names are the same in capitals")
            for path, value in operation.value.items():
                _apply(resource, operation.op, path, value, schema)
        else:
            raise invalid_value("without a path the value is an object of attributes")
    return resource


def _apply(resource: dict[str, Json], op: str, text: str, value: Json, schema: Schema) -> None:
    local = schema.local(text)
    if local.lower().startswith("urn:"):
        return  # of an extension, and none is kept
    path = read_path(local)
    attribute = schema.find(path.name)
    if attribute is None:
        return
    if path.sub and attribute.inner and attribute.sub(path.sub) is None:
        return  # e.g. name.honorificPrefix
    if attribute.multi:
        items = resource.get(attribute.name)
        changed = _several(attribute, list(items) if isinstance(items, list) else [], op, path, value)
        resource[attribute.name] = changed
    elif path.conditions:
        raise invalid_path(f"{attribute.name} has one value, so nothing can be chosen among several")
    else:
        _single(resource, attribute, op, path.sub, value)


def _single(resource: dict[str, Json], attribute: Attribute, op: str, sub: str, value: Json) -> None:
    if not attribute.inner:
        if sub:
            raise invalid_path(f"{attribute.name} has no parts")
        _set(resource, attribute.name, op, value)
        return
    known = resource.get(attribute.name)
    inner = dict(known) if isinstance(known, dict) else {}
    if sub:
        part = attribute.sub(sub)
        _set(inner, sub if part is None else part.name, op, value)
    elif op == "remove":
        inner = {}
    elif isinstance(value, dict):
        said = _named(attribute, value)
        inner = {**inner, **said} if op == "add" else said
    else:
        raise invalid_value(f"{attribute.name} is an object")
    resource[attribute.name] = inner


def _set(target: dict[str, Json], name: str, op: str, value: Json) -> None:
    if op == "remove":
        target.pop(name, None)
    else:
        target[name] = value


def _several(attribute: Attribute, items: list[Json], op: str, path: Path, value: Json) -> list[Json]:
    """The values of a multi-valued attribute after the operation."""
    if not path.conditions:
        if path.sub:
            raise invalid_path(f'say which of {attribute.name}: {attribute.name}[type eq "work"].{path.sub}')
        if op == "remove":
            return [] if value is None else _others(items, _listed(attribute, value))
        listed = _listed(attribute, value)
        return listed if op == "replace" else [*_others(items, listed), *listed]
    chosen = [item for item in items if _meets(attribute, item, path.conditions)]
    rest = [item for item in items if not _meets(attribute, item, path.conditions)]
    if op == "remove":
        return rest if not path.sub else [*rest, *(_without(item, attribute, path.sub) for item in chosen)]
    if not chosen:
        chosen = [_named(attribute, {condition.name: condition.value for condition in path.conditions})]
    if path.sub:
        return [*rest, *(_with(item, attribute, path.sub, value) for item in chosen)]
    if not isinstance(value, dict):
        raise invalid_value(f"one of {attribute.name} is an object")
    said = _named(attribute, value)
    return [*rest, *({**(item if isinstance(item, dict) else {}), **said} for item in chosen)]


def _named(attribute: Attribute, value: Document) -> dict[str, Json]:
    """With names as the schema writes them, so that nothing stands there twice. Raises ScimError."""
    said = {(name if (part := attribute.sub(name)) is None else part.name): one for name, one in value.items()}
    if len(said) < len(value):
        raise invalid_syntax("an attribute is given twice: names are the same in capitals")
    return said


def _listed(attribute: Attribute, value: Json) -> list[Json]:
    listed: list[Json] = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in listed):
        raise invalid_value(f"{attribute.name} is a list of objects")
    return listed


def _values(listed: Sequence[Json]) -> frozenset[str]:
    """What tells values of one attribute apart: their ``value``."""
    named = (item.get("value") for item in listed if isinstance(item, dict))
    return frozenset(value for value in named if isinstance(value, str))


def _others(items: Sequence[Json], listed: Sequence[Json]) -> list[Json]:
    """Those of ``items`` that are not among the listed."""
    gone = _values(listed)
    return [item for item in items if not (isinstance(item, dict) and item.get("value") in gone)]


def _meets(attribute: Attribute, item: Json, conditions: Sequence[Condition]) -> bool:
    if not isinstance(item, dict):
        return False
    for condition in conditions:
        part = attribute.sub(condition.name)
        if part is None:
            raise invalid_path(f"{attribute.name} has no part {condition.name[:60]!r}")
        mine, wanted = item.get(part.name), condition.value
        if isinstance(mine, str) and isinstance(wanted, str) and not part.case_exact:
            mine, wanted = mine.casefold(), wanted.casefold()
        if mine != wanted:
            return False
    return True


def _with(item: Json, attribute: Attribute, sub: str, value: Json) -> Json:
    part = attribute.sub(sub)
    return {**(item if isinstance(item, dict) else {}), (sub if part is None else part.name): value}


def _without(item: Json, attribute: Attribute, sub: str) -> Json:
    part = attribute.sub(sub)
    gone = sub if part is None else part.name
    return {name: value for name, value in item.items() if name != gone} if isinstance(item, dict) else item
