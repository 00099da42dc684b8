"""Reads a live server's catalog into a ``Catalog``. PostgreSQL 13 to 17; the gate's own connection asks, never a client's.

User schemas are read in full. Of the server's own objects only the relations are read, since their columns differ from version to
version; functions and types come from the shipped tables.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import orjson

from passgate.core.errors import TargetUnavailableError
from passgate.languages.sql import knowledge
from passgate.languages.sql.catalog import Catalog, Function
from passgate.languages.sql.rows import Row, cast_of, function_of, operator_of, relation_of, trusted, type_of
from passgate.pipeline.protocols import TargetQuery

_SYSTEM = "n.nspname IN ('pg_catalog', 'information_schema')"
_NOT_SYSTEM = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'"
)
_FIRST_USER_OID = 16384
"""What initdb makes is below it (PostgreSQL source, ``access/transam.h``)."""


@cache
def _query(name: str, scope: str = "") -> str:
    text = files("passgate.languages.sql").joinpath("queries", name).read_text(encoding="utf-8")
    return text.replace("$scope$", scope)


async def load(query: TargetQuery) -> Catalog:
    """The catalog as it is now. Raises TargetUnavailableError, also for an answer that makes no sense."""
    try:
        return await _load(query)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise TargetUnavailableError(f"The server's catalog could not be read: {type(error).__name__}") from error


async def _load(query: TargetQuery) -> Catalog:
    server = await query(_query("server.sql"))
    relations = await query(_query("relations.sql", f"{_SYSTEM} OR {_NOT_SYSTEM}"))
    functions = [_function(row) for row in await query(_query("functions.sql", f"p.oid >= {_FIRST_USER_OID}"))]
    by_oid = {function.oid: function for function in functions}
    types = await query(_query("types.sql", f"t.oid >= {_FIRST_USER_OID} AND {_NOT_SYSTEM}"))
    operators = [operator_of(row, by_oid) for row in await query(_query("operators.sql"))]
    casts = [cast_of(row, by_oid) for row in await query(_query("casts.sql"))]
    return Catalog(
        relations=[
            relation_of(row, system=(system := _is_system(row)), tags=_tags(row, system=system)) for row in relations
        ],
        functions=(*knowledge.functions(), *functions),
        types=(*knowledge.types(), *(type_of(row, by_oid, system=False) for row in types)),
        operators=[operator for operator in operators if operator is not None],
        casts=[cast for cast in casts if cast is not None],
        schemas=_schemas(server),
        builtin_operators=knowledge.operators(),
        server_version=int(server[0][0] or 0),
    )


def _schemas(server: Sequence[Row]) -> Sequence[str]:
    found: list[str] = orjson.loads(server[0][1] or "[]")
    return [name for name in found if not name.startswith(("pg_temp_", "pg_toast_temp_"))]


def _is_system(row: Row) -> bool:
    return row[1] in ("pg_catalog", "information_schema") and int(row[0] or 0) < _FIRST_USER_OID


def _tags(row: Row, *, system: bool) -> frozenset[str]:
    """System relations by name, and those of well-known extensions, wherever they were installed."""
    tags = knowledge.tags_of(row[2] or "")
    return tags if system or "activity" in tags else frozenset()


def _function(row: Row) -> Function:
    """A user's function. Its effect is its extension's, where that is known; else what its name is known for; else unknown."""
    function = function_of(row, system=False, effect="unknown")
    if function.security_definer:
        return replace(function, effect="definer")
    if function.extension:
        effect = knowledge.extension_effect(function.extension, function.name)
        if effect is not None:
            return replace(function, effect=effect)
    named = knowledge.well_known_effect(function.name, function.namespace)
    if named != "unknown":
        return replace(function, effect=named)
    return function if trusted(row) else replace(function, effect="definer")
