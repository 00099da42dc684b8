"""What ships with a PostgreSQL server, as data: functions with their effects, types, system relations, settings.

The facts (names, arguments, columns) were read from a PostgreSQL 15 server with the queries in ``queries/``; functions of later and
earlier servers are added by name. The effects are our own judgement, an allow-list: what is not classified is ``unknown``.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from passgate.languages.sql.catalog import CATALOG, Catalog, Function, Operator, Relation, Type
from passgate.languages.sql.rows import function_of, relation_of, type_of

_NO_TAGS: frozenset[str] = frozenset()


def _rows(name: str) -> Iterator[list[str]]:
    text = files("passgate.languages.sql").joinpath("builtins", name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines())


@cache
def effects() -> Mapping[str, str]:
    """Effect of each function of the server by name, or by ``name/number of arguments`` where one overload differs."""
    return MappingProxyType({row[0]: row[1] for row in _rows("effects.tsv")})


@cache
def functions() -> tuple[Function, ...]:
    """Every function of ``pg_catalog`` and ``information_schema``."""
    known = effects()
    found = []
    for row in _rows("functions.tsv"):
        function = function_of(row, system=True, effect=known.get(row[2], "unknown"))
        special = known.get(f"{function.name}/{len(function.arg_types)}")
        found.append(function if special is None else function_of(row, system=True, effect=special))
    named = {function.name for function in found}
    found += [
        Function(oid=0, namespace=CATALOG, name=name, max_args=None, system=True, effect=effect, language="internal")
        for name, effect in known.items()
        if name not in named and "/" not in name
    ]
    return tuple(found)


@cache
def types() -> tuple[Type, ...]:
    """Every type of ``pg_catalog`` and ``information_schema`` other than row types."""
    return tuple(type_of(row, {}, system=True) for row in _rows("types.tsv"))


@cache
def system_relations() -> tuple[Relation, ...]:
    """The relations of ``pg_catalog`` and ``information_schema`` of PostgreSQL 15, for where there is no server to ask."""
    return tuple(relation_of(row, system=True, tags=tags_of(row[2])) for row in _rows("relations.tsv"))


@cache
def operators() -> frozenset[str]:
    """Names of the server's own operators."""
    return frozenset(row[0] for row in _rows("operators.tsv"))


@cache
def _tags() -> Mapping[str, frozenset[str]]:
    return MappingProxyType({name: frozenset(tags.split(",")) for name, tags in _rows("tags.tsv")})


def tags_of(relation: str) -> frozenset[str]:
    """What makes a relation of the server, or of a well-known extension, sensitive."""
    return _tags().get(relation, _NO_TAGS)


@cache
def _settings() -> Mapping[str, str]:
    return MappingProxyType({row[0]: row[1] for row in _rows("settings.tsv")})


def setting_effect(name: str) -> str:
    """``lexing``, ``privilege``, ``transaction``, ``resource``, ``harmless`` or ``unknown``, for a name in any case."""
    return _settings().get(name.lower(), "unknown")


@cache
def _extension_rules() -> Mapping[str, tuple[tuple[str, str], ...]]:
    rules: dict[str, list[tuple[str, str]]] = {}
    for extension, pattern, effect in _rows("extensions.tsv"):
        rules.setdefault(extension, []).append((pattern, effect))
    return MappingProxyType({extension: tuple(found) for extension, found in rules.items()})


def extension_effect(extension: str, function: str) -> str | None:
    """Effect of a function that an extension owns; None for an extension, or a function of it, not on the list."""
    for pattern, effect in _extension_rules().get(extension, ()):
        if fnmatchcase(function, pattern):
            return effect
    return None


@cache
def _well_known() -> tuple[Mapping[str, str], tuple[tuple[str, str], ...]]:
    rows = [(name, effect) for name, effect in _rows("well_known.tsv")]
    return MappingProxyType(dict(rows)), tuple((name[:-1], effect) for name, effect in rows if name.endswith("*"))


def well_known_effect(name: str, namespace: str = "") -> str:
    """Effect of a function that the catalog does not have, or that is a user's own, by what it is widely known for.

    ``unknown`` where the name says nothing. A name never makes a function harmless: no well-known effect is ``pure``.
    """
    names, prefixes = _well_known()
    found = names.get(f"{namespace}.{name}") or names.get(name)
    if found is not None:
        return found
    return next((effect for prefix, effect in prefixes if name.startswith(prefix)), "unknown")


def build_catalog(
    *,
    relations: tuple[Relation, ...] = (),
    functions_: tuple[Function, ...] = (),
    types_: tuple[Type, ...] = (),
    operators_: tuple[Operator, ...] = (),
) -> Catalog:
    """A catalog of what ships with the server and the objects given."""
    return Catalog(
        relations=(*system_relations(), *relations),
        functions=(*functions(), *functions_),
        types=(*types(), *types_),
        operators=operators_,
        schemas=("public",),
        builtin_operators=operators(),
    )
