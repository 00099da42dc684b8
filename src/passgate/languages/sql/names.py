"""Names to objects: the catalog as a walk uses it, with everything that can be said in advance said once per catalog."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from passgate.core.action import Atom, ColumnRef, ObjectRef, VerbClass
from passgate.languages.sql.catalog import SYSTEM_COLUMNS, Catalog, ForeignKey, Function, Relation, Type
from passgate.languages.sql.knowledge import tags_of, well_known_effect
from passgate.languages.sql.lineage import Field, StoredColumn, Value

Paths = tuple[tuple[str, ...], ...]
"""The search paths that may be in force: more than one after a change whose fate (a rollback) cannot be seen."""

_TO_REGCLASS = frozenset({"regclass", "regclassin", "to_regclass"})

_CASCADING = frozenset({"cascade", "set null", "set default"})

_CACHED_CALLS = 4096
"""Function and type names kept: past it, hostile variety costs time, not memory."""


class ViewBody:
    """What reading a view does besides: atoms of its definition, gaps in understanding it, and its columns' values."""

    __slots__ = ("atoms", "columns", "gaps")

    def __init__(self, atoms: tuple[Atom, ...], gaps: tuple[str, ...], columns: tuple[Value, ...]) -> None:
        self.atoms = atoms
        self.gaps = gaps
        self.columns = columns


class Stored:
    """The interned columns of one relation."""

    __slots__ = ("_columns", "computed", "names", "object")

    def __init__(self, relation: Relation) -> None:
        self.object = object_of(relation)
        self.computed = {column.name: column.shows for column in relation.columns if column.shows}
        self.names = frozenset(column.name for column in relation.columns)
        self._columns: dict[str, StoredColumn] = {}

    def column(self, name: str) -> StoredColumn:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = StoredColumn(self.object, name)
        return found

    def shown_in(self, name: str) -> Iterable[StoredColumn]:
        """What can show in a column: itself, and of a generated one what it is computed of."""
        return map(self.column, (name, *self.computed.get(name, ())))


class Table:
    """One relation as a FROM item.

    ``ancestors`` are what it is a partition or child of: its rows are theirs. ``descendants`` are its partitions and children:
    unless ONLY is written, their rows are its.
    """

    __slots__ = ("_whole", "ancestors", "body", "descendants", "fields", "index", "open", "own", "relation", "stored")

    def __init__(
        self,
        relation: Relation,
        stored: Stored,
        body: ViewBody | None,
        ancestors: tuple[Stored, ...] = (),
        descendants: tuple[Stored, ...] = (),
    ) -> None:
        self.relation = relation
        self.stored = stored
        self.ancestors = ancestors
        self.descendants = descendants
        self.body = body
        self.open = relation.system and not relation.columns
        self._whole: dict[tuple[str, bool], tuple[Atom, ...]] = {}
        self.own: dict[str, Value] = {
            column.name: self._value(column.name, column.type_name, number, ancestors)
            for number, column in enumerate(relation.columns)
        }
        self.index: dict[str, Value] = self.own
        if descendants:
            everyone = (*ancestors, *descendants)
            self.index = {
                column.name: self._value(column.name, column.type_name, number, everyone)
                for number, column in enumerate(relation.columns)
            }
        self.fields = tuple(Field(name, value) for name, value in self.index.items())

    @property
    def object(self) -> ObjectRef:
        return self.stored.object

    def inherited(self, *, only: bool) -> tuple[Stored, ...]:
        """The other relations whose rows are read or written with its own."""
        return self.ancestors if only else (*self.ancestors, *self.descendants)

    def whole(self, verb: str, *, only: bool) -> tuple[Atom, ...]:
        """The atoms of reading the relation, whichever columns: its own, and those of what inherits."""
        found = self._whole.get((verb, only))
        if found is None:
            objects = (self.stored.object, *(relative.object for relative in self.inherited(only=only)))
            found = tuple(Atom(verb=verb, verb_class=VerbClass.READ, object=object_) for object_ in objects)
            self._whole[verb, only] = found
        return found

    def column(self, name: str, *, only: bool = False) -> Value | None:
        """The value of a column, a system column included. ``only``: without what inherits."""
        found = (self.own if only else self.index).get(name)
        if found is None and (self.open or self.relation.column(name) is not None):
            system = SYSTEM_COLUMNS.get(name)
            found = Value(frozenset((self.stored.column(name),)), direct=True, type=system.type_name if system else "")
            self.index[name] = self.own[name] = found
        return found

    def _value(self, name: str, type_: str, number: int, relatives: tuple[Stored, ...]) -> Value:
        stored = (self.stored, *(relative for relative in relatives if name in relative.names))
        sources = {column for each in stored for column in each.shown_in(name)}
        direct = not any(name in each.computed for each in stored)
        if self.body is not None and number < len(self.body.columns):
            beneath = self.body.columns[number]
            sources |= beneath.sources
            direct = beneath.direct
        return Value(frozenset(sources), direct=direct, type=type_)


class Names:
    """One catalog's tables, interned. ``expand`` understands a view's definition; it is given by whoever can walk one."""

    __slots__ = (
        "_building",
        "_calls",
        "_expand",
        "_extensions",
        "_functions",
        "_identifying",
        "_references",
        "_repeating",
        "_stored",
        "_tables",
        "_types",
        "catalog",
    )

    def __init__(self, catalog: Catalog, expand: "Callable[[Names, Relation], ViewBody]") -> None:
        self.catalog = catalog
        self._expand = expand
        self._tables: dict[tuple[str, str], Table] = {}
        self._stored: dict[tuple[str, str], Stored] = {}
        self._functions: dict[int, Atom] = {}
        self._calls: dict[tuple[str, str, int, Paths, bool], tuple[Atom, ...]] = {}
        self._identifying: dict[tuple[str, str, int, Paths], tuple[int, ...]] = {}
        self._repeating: dict[tuple[str, str, int, Paths], bool] = {}
        self._extensions: dict[tuple[str, str], Relation] = {}
        self._types: dict[tuple[str, str, Paths], Type | None] = {}
        self._references: dict[tuple[str, str], list[ForeignKey]] = {}
        for relation in catalog.relations:
            for key in relation.foreign_keys:
                self._references.setdefault((key.target_namespace, key.target_name), []).append(key)
        self._building: set[tuple[str, str]] = set()

    def relation(self, name: str, namespace: str, paths: Paths) -> Relation | None:
        """The relation that a name means under every path that may be in force; None if unknown or not the same in all."""
        if namespace or len(paths) == 1:
            found = self.catalog.relation(name, namespace, paths[0] if paths else ())
        else:
            several = {id(one): one for path in paths for one in (self.catalog.relation(name, "", path),)}
            if len(several) > 1:
                return None
            found = next(iter(several.values()), None)
        return found or self._well_known(name, namespace)

    def _well_known(self, name: str, namespace: str) -> Relation | None:
        """A view of a well-known extension that is not installed, as far as the snapshot knows: sensitive all the same."""
        tags = tags_of(name)
        if not tags:
            return None
        key = (namespace or "public", name)
        found = self._extensions.get(key)
        if found is None:
            found = Relation(oid=0, namespace=key[0], name=name, kind="view", system=True, tags=tags)
            if len(self._extensions) < _CACHED_CALLS:
                self._extensions[key] = found
        return found

    def functions(self, name: str, namespace: str, paths: Paths) -> tuple[Function, ...]:
        """Every function that a name may mean under any path that may be in force."""
        if namespace or len(paths) == 1:
            return self.catalog.functions(name, namespace, paths[0] if paths else ())
        return tuple(dict.fromkeys(chain.from_iterable(self.catalog.functions(name, "", path) for path in paths)))

    def calls(
        self, name: str, namespace: str, arguments: int, paths: Paths, *, variadic: bool = False
    ) -> tuple[Atom, ...]:
        """The atoms of calling a function: one for each overload that the server might take. Empty if there is none."""
        key = (name, namespace, arguments, paths, variadic)
        found = self._calls.get(key)
        if found is None:
            found = tuple(
                dict.fromkeys(
                    self.call(function)
                    for function in self.functions(name, namespace, paths)
                    if function.accepts(arguments) or (variadic and function.max_args is None)
                )
            )
            if len(self._calls) < _CACHED_CALLS:
                self._calls[key] = found
        return found

    def identifying(self, name: str, namespace: str, arguments: int, paths: Paths) -> tuple[int, ...]:
        """Which arguments of a call of a server's own function name a relation."""
        key = (name, namespace, arguments, paths)
        found = self._identifying.get(key)
        if found is None:
            positions = {0} if name in _TO_REGCLASS and arguments == 1 else set()
            for function in self.functions(name, namespace, paths):
                if function.system and function.accepts(arguments):
                    types = function.arg_types[:arguments]
                    positions.update(number for number, type_ in enumerate(types) if type_ == "regclass")
            found = tuple(sorted(positions))
            if len(self._identifying) < _CACHED_CALLS:
                self._identifying[key] = found
        return found

    def returns_rows(self, name: str, namespace: str, arguments: int, paths: Paths) -> bool:
        """Whether any function that a call may mean gives more or fewer rows than one."""
        key = (name, namespace, arguments, paths)
        found = self._repeating.get(key)
        if found is None:
            found = any(
                function.returns_set
                for function in self.functions(name, namespace, paths)
                if function.accepts(arguments) or function.max_args is None
            )
            if len(self._repeating) < _CACHED_CALLS:
                self._repeating[key] = found
        return found

    def type_(self, name: str, namespace: str, paths: Paths) -> Type | None:
        """The type that a name means; None if unknown or not the same under every path that may be in force."""
        key = (name, namespace, paths)
        if key not in self._types:
            found = {self.catalog.type(name, namespace, path) for path in paths or ((),)}
            if len(self._types) >= _CACHED_CALLS:
                return found.pop() if len(found) == 1 else None
            self._types[key] = found.pop() if len(found) == 1 else None
        return self._types[key]

    def table(self, relation: Relation) -> Table:
        """The relation, interned."""
        key = (relation.namespace, relation.name)
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = self._build(relation, key)
        return found

    def referenced(self, relation: Relation, columns: Sequence[str] | None = None) -> bool:
        """Whether deleting from it (or updating these columns of it) changes rows of other relations by foreign key."""
        for keys in self._references.get((relation.namespace, relation.name), ()):
            action = keys.on_delete if columns is None else keys.on_update
            if action in _CASCADING and (columns is None or not set(columns).isdisjoint(keys.target_columns)):
                return True
        return False

    def reputation(self, name: str) -> str:
        """The effect of a function that the catalog does not have, by what its name is widely known for."""
        return well_known_effect(name)

    def origin(self, container: int, part: int) -> ColumnRef | None:
        """The stored column that the server names by table OID and attribute number."""
        relation = self.catalog.relation_by_oid(container)
        column = relation.column_by_number(part) if relation is not None else None
        if relation is None or column is None:
            return None
        return ColumnRef(namespace=relation.namespace, object=relation.name, column=column.name)

    def call(self, function: Function) -> Atom:
        """The atom of calling a function, interned."""
        found = self._functions.get(id(function))
        if found is None:
            found = self._functions[id(function)] = call_atom(
                name=function.name,
                namespace=function.namespace,
                system=function.system,
                effect="definer" if function.security_definer and function.effect == "unknown" else function.effect,
            )
        return found

    def _build(self, relation: Relation, key: tuple[str, str]) -> Table:
        if key in self._building:
            return Table(relation, self._columns(relation), ViewBody((), (f"view {relation} reads itself",), ()))
        self._building.add(key)
        try:
            body = None
            if relation.kind in ("view", "materialized") and not relation.system:
                body = self._expand(self, relation)
            return Table(
                relation,
                self._columns(relation),
                body,
                tuple(self._columns(parent) for parent in self.catalog.parents(relation)),
                tuple(self._columns(child) for child in self._descendants(relation)),
            )
        finally:
            self._building.discard(key)

    def _columns(self, relation: Relation) -> Stored:
        key = (relation.namespace, relation.name)
        found = self._stored.get(key)
        if found is None:
            found = self._stored[key] = Stored(relation)
        return found

    def _descendants(self, relation: Relation) -> tuple[Relation, ...]:
        found: dict[tuple[str, str], Relation] = {}
        waiting = list(self.catalog.children(relation))
        while waiting:
            child = waiting.pop()
            if (child.namespace, child.name) not in found:
                found[child.namespace, child.name] = child
                waiting.extend(self.catalog.children(child))
        return tuple(found.values())


def object_of(relation: Relation) -> ObjectRef:
    """The relation as policy sees it."""
    return ObjectRef(
        kind="sequence" if relation.kind == "sequence" else "relation",
        name=relation.name,
        namespace=relation.namespace,
        system=relation.system,
        tags=relation.tags,
    )


_CLASS_OF_EFFECT = {
    "pure": VerbClass.READ,
    "read": VerbClass.READ,
    "sleep": VerbClass.READ,
    "amplify": VerbClass.READ,
    "relation": VerbClass.READ,
    "write": VerbClass.WRITE,
    "lock": VerbClass.WRITE,
    "cancel": VerbClass.WRITE,
    "file": VerbClass.EGRESS,
    "network": VerbClass.EGRESS,
    "admin": VerbClass.ADMIN,
}


def call_atom(*, name: str, namespace: str, system: bool = False, known: bool = True, effect: str = "unknown") -> Atom:
    """The atom of calling a function. What is not known to be tame is code."""
    return Atom(
        verb="call",
        verb_class=_CLASS_OF_EFFECT.get(effect, VerbClass.CODE),
        object=ObjectRef(kind="function", name=name, namespace=namespace, system=system, known=known, effect=effect),
    )


def unknown_object(kind: str, name: str, namespace: str = "") -> ObjectRef:
    """An object that the catalog has none of."""
    return ObjectRef(kind=kind, name=name, namespace=namespace, known=False)
