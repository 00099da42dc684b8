"""Rows of the queries in ``queries/``, as text cells, to catalog objects. An absent cell is None from a server, "" from a file."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from passgate.languages.sql.catalog import Cast, Column, ForeignKey, Function, Operator, Relation, Type

Row = Sequence[str | None]

_FUNCTION_KINDS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window"}
_VOLATILITY = {"i": "immutable", "s": "stable", "v": "volatile"}
_RELATION_KINDS = {
    "r": "table",
    "p": "partitioned",
    "v": "view",
    "m": "materialized",
    "f": "foreign",
    "S": "sequence",
    "c": "composite",
}
_TYPE_KINDS = {"b": "base", "d": "domain", "e": "enum", "r": "range", "m": "range", "p": "pseudo"}
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_CONTEXTS = {"e": "explicit", "a": "assignment", "i": "implicit"}

_HARMLESS_LANGUAGES = frozenset({"sql", "plpgsql"})


def function_of(row: Row, *, system: bool, effect: str) -> Function:
    """A row of ``functions.sql``."""
    return Function(
        oid=int(row[0] or 0),
        namespace=row[1] or "",
        name=row[2] or "",
        kind=_FUNCTION_KINDS[row[3] or "f"],
        min_args=int(row[4] or 0),
        max_args=int(row[5]) if row[5] else None,
        arg_types=tuple(_json(row[6])),
        return_type=row[7] or "",
        out_columns=tuple(name or "" for name in _json(row[8])),
        returns_set=row[9] == "t",
        volatility=_VOLATILITY[row[10] or "v"],
        language=row[11] or "",
        security_definer=row[13] == "t",
        owner=row[14] or "",
        extension=row[15] or "",
        system=system,
        effect=effect,
    )


def trusted(row: Row) -> bool:
    """Whether a function of ``functions.sql`` runs with its caller's rights in a language that keeps to the database."""
    return row[12] == "t" and row[13] != "t" and row[11] in _HARMLESS_LANGUAGES


def relation_of(row: Row, *, system: bool, tags: frozenset[str]) -> Relation:
    """A row of ``relations.sql``."""
    keys: list[tuple[bool, list[str]]] = _json(row[8])
    return Relation(
        oid=int(row[0] or 0),
        namespace=row[1] or "",
        name=row[2] or "",
        kind=_RELATION_KINDS[row[3] or "r"],
        row_security=row[4] == "t",
        has_rules=row[5] == "t",
        has_triggers=row[6] == "t",
        columns=tuple(
            Column(
                name=name,
                number=number,
                type_name=type_,
                type_oid=oid,
                not_null=not_null,
                generated=generated,
                shows=tuple(*shows),  # the server's own relations, as they are shipped, say nothing of it
            )
            for name, number, type_, oid, not_null, generated, *shows in _json(row[7])
        ),
        primary_key=next((tuple(columns) for primary, columns in keys if primary), ()),
        unique_keys=tuple(tuple(columns) for primary, columns in keys if not primary),
        foreign_keys=tuple(
            ForeignKey(
                columns=tuple(columns),
                target_namespace=namespace,
                target_name=name,
                target_columns=tuple(targets),
                on_delete=_ACTIONS[on_delete],
                on_update=_ACTIONS[on_update],
            )
            for columns, namespace, name, targets, on_delete, on_update in _json(row[9])
        ),
        parents=tuple(_json(row[10])),
        view_definition=row[11] or None,
        system=system,
        tags=tags,
    )


def type_of(row: Row, functions: Mapping[int, Function], *, system: bool) -> Type:
    """A row of ``types.sql``."""
    return Type(
        oid=int(row[0] or 0),
        namespace=row[1] or "",
        name=row[2] or "",
        kind=_TYPE_KINDS[row[3] or "b"],
        base_type=row[4] or "",
        input_functions=tuple(functions[oid] for oid in _json(row[5]) if oid in functions),
        system=system,
    )


def operator_of(row: Row, functions: Mapping[int, Function]) -> Operator | None:
    """A row of ``operators.sql``; None where a function of the server itself implements it."""
    function = functions.get(int(row[4] or 0))
    if function is None:
        return None
    return Operator(
        namespace=row[0] or "", name=row[1] or "", left_type=row[2] or "", right_type=row[3] or "", function=function
    )


def cast_of(row: Row, functions: Mapping[int, Function]) -> Cast | None:
    """A row of ``casts.sql``; None where a function of the server itself implements it."""
    function = functions.get(int(row[2] or 0))
    if function is None:
        return None
    return Cast(source_type=row[0] or "", target_type=row[1] or "", function=function, context=_CONTEXTS[row[3] or "e"])


def _json(cell: str | None) -> list[Any]:
    found: list[Any] = orjson.loads(cell) if cell else []
    return found
