"""What a PostgreSQL database holds, as one frozen, versioned snapshot with O(1) look-ups.

Names are resolved as the server does (PostgreSQL documentation, 5.9.3 "The Schema Search Path"): ``pg_catalog`` is searched first
unless the path names it elsewhere, and ``pg_temp`` before it for relations and types, never for functions and operators.
A snapshot knows nothing of one session's temporary objects: who understands a session adds them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

CATALOG = "pg_catalog"
INFORMATION_SCHEMA = "information_schema"
TEMPORARY = "pg_temp"

SYSTEM_NAMESPACES = frozenset({CATALOG, INFORMATION_SCHEMA, "pg_toast"})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``number`` is the server's attribute number: from 1 for a user's columns, negative for system columns.

    ``type_name`` is the internal name (``int4``, ``_text`` for an array). ``generated``: an identity or generated column.
    ``shows``: the columns beside it that a generated column is computed of.
    """

    name: str
    number: int
    type_name: str = ""
    type_oid: int = 0
    not_null: bool = False
    generated: bool = False
    shows: tuple[str, ...] = ()


SYSTEM_COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column(name="ctid", number=-1, type_name="tid", type_oid=27, not_null=True),
        Column(name="xmin", number=-2, type_name="xid", type_oid=28, not_null=True),
        Column(name="cmin", number=-3, type_name="cid", type_oid=29, not_null=True),
        Column(name="xmax", number=-4, type_name="xid", type_oid=28, not_null=True),
        Column(name="cmax", number=-5, type_name="cid", type_oid=29, not_null=True),
        Column(name="tableoid", number=-6, type_name="oid", type_oid=26, not_null=True),
    )
}
"""Columns that every stored relation has besides its own (PostgreSQL documentation, 5.5 "System Columns")."""

_STORED = frozenset({"table", "partitioned", "materialized", "foreign", "sequence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """``on_delete`` and ``on_update``: ``no action``, ``restrict``, ``cascade``, ``set null`` or ``set default``."""

    columns: tuple[str, ...]
    target_namespace: str
    target_name: str
    target_columns: tuple[str, ...]
    on_delete: str = "no action"
    on_update: str = "no action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, view, materialized view, foreign table, partitioned table, sequence or composite type.

    ``kind``: ``table``, ``partitioned``, ``view``, ``materialized``, ``foreign``, ``sequence``, ``composite``.
    ``unique_keys``: every other unique key over plain columns, without a predicate. ``view_definition``: the SELECT of a view.
    ``has_rules``, ``has_triggers``: of the user's making (neither a view's own rule nor a foreign key's triggers).
    ``parents``: OIDs of the relations it is a partition or child of. ``tags``: what makes a system relation sensitive.
    """

    oid: int
    namespace: str
    name: str
    kind: str = "table"
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    view_definition: str | None = None
    system: bool = False
    tags: frozenset[str] = field(
        default=frozenset(), repr=False
    )  # its repr differs from run to run, and the hash is of reprs
    row_security: bool = False
    has_rules: bool = False
    has_triggers: bool = False
    parents: tuple[int, ...] = ()
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def column(self, name: str) -> Column | None:
        """The column of that name, a system column included where the relation is stored."""
        found = self._by_name.get(name)
        if found is None and self.kind in _STORED:
            return SYSTEM_COLUMNS.get(name)
        return found

    def column_by_number(self, number: int) -> Column | None:
        """The column by attribute number. Numbers may have gaps where columns were dropped."""
        columns = self.columns
        if 0 < number <= len(columns) and columns[number - 1].number == number:
            return columns[number - 1]
        candidates = SYSTEM_COLUMNS.values() if number < 0 else columns
        return next((column for column in candidates if column.number == number), None)

    @property
    def not_null_keys(self) -> tuple[tuple[str, ...], ...]:
        """The primary key, then each unique key all of whose columns are NOT NULL: each of these names at most one row."""
        keys = [self.primary_key] if self.primary_key else []
        keys += [
            key
            for key in self.unique_keys
            if all((column := self._by_name.get(name)) is not None and column.not_null for name in key)
        ]
        return tuple(keys)

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One overload of a function. ``kind``: ``function``, ``procedure``, ``aggregate`` or ``window``.

    ``min_args``: arguments without a default; ``max_args`` None is variadic. ``out_columns``: names that the function gives its
    result's columns when it stands in FROM, empty where there is one column named like the function. ``volatility``:
    ``immutable``, ``stable`` or ``volatile``. ``effect``: see ``core.action.ObjectRef.effect``; ``unknown`` unless it is on
    the allow-list. ``extension``: the extension that owns it, or empty.
    """

    oid: int
    namespace: str
    name: str
    kind: str = "function"
    min_args: int = 0
    max_args: int | None = 0
    arg_types: tuple[str, ...] = ()
    return_type: str = ""
    out_columns: tuple[str, ...] = ()
    returns_set: bool = False
    volatility: str = "volatile"
    language: str = ""
    security_definer: bool = False
    owner: str = ""
    extension: str = ""
    system: bool = False
    effect: str = "unknown"

    def accepts(self, arguments: int) -> bool:
        """Whether a call with that many arguments can be this overload."""
        return self.min_args <= arguments and (self.max_args is None or arguments <= self.max_args)

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """``kind``: ``base``, ``composite``, ``domain``, ``enum``, ``range``, ``pseudo``.

    ``base_type``: what a domain stands for. ``input_functions``: user-written functions that run when a value of this type is made
    from text (its own input function, or those in a domain's CHECK); empty for what ships with the server.
    """

    oid: int
    namespace: str
    name: str
    kind: str = "base"
    base_type: str = ""
    input_functions: tuple[Function, ...] = ()
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A user-defined operator: using it calls ``function``. Types are empty where there is no such operand."""

    namespace: str
    name: str
    left_type: str
    right_type: str
    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A user-defined cast: it calls ``function``. ``context``: ``explicit``, ``assignment`` or ``implicit``."""

    source_type: str
    target_type: str
    function: Function
    context: str = "explicit"


class Catalog:
    """One snapshot. Immutable; ``version`` is a hash of its content, so equal content has an equal version.

    Of some fields (a table's triggers and row security, a function's volatility) only the hash is used: when they change, what was
    planned or approved before is not valid any more.
    """

    __slots__ = (
        "_children",
        "_functions",
        "_operators",
        "_relations",
        "_relations_by_oid",
        "_schemas",
        "_types",
        "builtin_operators",
        "casts",
        "server_version",
        "version",
    )

    def __init__(
        self,
        *,
        relations: Iterable[Relation],
        functions: Iterable[Function],
        types: Iterable[Type] = (),
        operators: Iterable[Operator] = (),
        casts: Iterable[Cast] = (),
        schemas: Iterable[str] = (),
        builtin_operators: frozenset[str] = frozenset(),
        server_version: int = 150000,
    ) -> None:
        """``server_version`` is the server's ``server_version_num``; ``builtin_operators`` the names of the server's own."""
        self._relations = {(relation.namespace, relation.name): relation for relation in relations}
        self._relations_by_oid = {relation.oid: relation for relation in self._relations.values() if relation.oid}
        self._functions = _grouped((function.namespace, function.name, function) for function in functions)
        self._types = {(type_.namespace, type_.name): type_ for type_ in types}
        self._operators = _grouped((operator.namespace, operator.name, operator) for operator in operators)
        self.casts = tuple(casts)
        self.builtin_operators = builtin_operators
        self.server_version = server_version
        self._schemas = SYSTEM_NAMESPACES | frozenset(schemas) | {namespace for namespace, _ in self._relations}
        children: dict[int, list[Relation]] = {}
        for relation in self._relations.values():
            for parent in relation.parents:
                children.setdefault(parent, []).append(relation)
        self._children = {parent: tuple(found) for parent, found in children.items()}
        self.version = self._hash()

    @property
    def relations(self) -> Iterable[Relation]:
        return self._relations.values()

    @property
    def schemas(self) -> frozenset[str]:
        return self._schemas

    def relation(self, name: str, namespace: str, search_path: tuple[str, ...]) -> Relation | None:
        """The relation a name means: in ``namespace`` if given, else the first one along the path."""
        if namespace:
            return self._relations.get((namespace, name))
        return self._first(self._relations, name, search_path)

    def relation_by_oid(self, oid: int) -> Relation | None:
        return self._relations_by_oid.get(oid)

    def children(self, relation: Relation) -> tuple[Relation, ...]:
        """Its direct partitions and children: reading or writing it reads or writes them too."""
        return self._children.get(relation.oid, ()) if relation.oid else ()

    def parents(self, relation: Relation) -> tuple[Relation, ...]:
        """Every relation that it is a partition or child of, nearest first."""
        found: dict[int, Relation] = {}
        waiting = list(relation.parents)
        while waiting:
            oid = waiting.pop(0)
            parent = self._relations_by_oid.get(oid)
            if parent is not None and oid not in found:
                found[oid] = parent
                waiting.extend(parent.parents)
        return tuple(found.values())

    def functions(self, name: str, namespace: str, search_path: tuple[str, ...]) -> tuple[Function, ...]:
        """Every overload that a call may mean, along the path: which one the server takes depends on the arguments' types."""
        if namespace:
            return self._functions.get((namespace, name), ())
        return self._all(self._functions, name, search_path)

    def type(self, name: str, namespace: str, search_path: tuple[str, ...]) -> Type | None:
        """The type a name means, by its internal name (``int4``, not ``integer``); a relation's row type is found too."""
        found = self._types.get((namespace, name)) if namespace else self._first(self._types, name, search_path)
        if found is not None:
            return found
        relation = self.relation(name, namespace, search_path)
        if relation is None or relation.kind == "sequence":
            return None
        return Type(oid=0, namespace=relation.namespace, name=relation.name, kind="composite", system=relation.system)

    def operators(self, name: str, namespace: str, search_path: tuple[str, ...]) -> tuple[Operator, ...]:
        """The user-defined operators that a name may mean; using one is a call of its function."""
        if namespace:
            return self._operators.get((namespace, name), ())
        if not self._operators:
            return ()
        return self._all(self._operators, name, search_path)

    def casts_to(self, type_name: str) -> tuple[Cast, ...]:
        """The user-defined casts whose result is that type; applying one is a call of its function."""
        return tuple(cast for cast in self.casts if cast.target_type == type_name)

    def _first(self, table: Mapping[tuple[str, str], _T], name: str, search_path: tuple[str, ...]) -> _T | None:
        if CATALOG not in search_path:
            found = table.get((CATALOG, name))
            if found is not None:
                return found
        for namespace in search_path:
            found = table.get((namespace, name))
            if found is not None:
                return found
        return None

    def _all(
        self, table: Mapping[tuple[str, str], tuple[_T, ...]], name: str, search_path: tuple[str, ...]
    ) -> tuple[_T, ...]:
        path = search_path if CATALOG in search_path else (CATALOG, *search_path)
        found: tuple[_T, ...] = ()
        for namespace in path:
            if namespace != TEMPORARY:
                found += table.get((namespace, name), ())
        return found

    def _hash(self) -> str:
        digest = hashlib.sha256(str(self.server_version).encode())
        parts: list[str] = [f"{item!r}{sorted(item.tags)}" for item in self._relations.values()]
        parts += [repr(item) for group in self._functions.values() for item in group]
        parts += [repr(item) for item in self._types.values()]
        parts += [repr(item) for group in self._operators.values() for item in group]
        parts += [repr(item) for item in self.casts]
        parts += sorted(self._schemas)
        parts += sorted(self.builtin_operators)
        for part in sorted(parts):
            digest.update(part.encode(errors="surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()[:32]


def effective_path(search_path: Iterable[str], user: str) -> tuple[str, ...]:
    """The path as look-ups want it: ``$user`` stands for the user's own schema."""
    return tuple(user if name == "$user" else name for name in search_path if name != "$user" or user)


def _grouped(items: Iterable[tuple[str, str, _T]]) -> dict[tuple[str, str], tuple[_T, ...]]:
    groups: dict[tuple[str, str], list[_T]] = {}
    for namespace, name, item in items:
        groups.setdefault((namespace, name), []).append(item)
    return {key: tuple(group) for key, group in groups.items()}
