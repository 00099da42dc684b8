"""A catalog without a server: what CREATE statements say, on top of what ships with PostgreSQL.

It is what ``passgate policy test`` and ``explain`` judge by when they are given a schema file. Reads CREATE TABLE, VIEW, INDEX,
SEQUENCE, SCHEMA, TYPE ... AS ENUM, DOMAIN and FUNCTION; anything else in the file is an error, not skipped.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from passgate.core.errors import ConfigError, NotUnderstoodError
from passgate.languages.sql.catalog import Catalog, Column, ForeignKey, Function, Relation, Type
from passgate.languages.sql.knowledge import build_catalog, types, well_known_effect
from passgate.languages.sql.parser import Limits, Parser
from passgate.languages.sql.tree import Node, ParsedStatement, items, qualified, unwrap, words

_FIRST_OID = 16384
_SERIAL = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_QUERY = re.compile(r"\bAS\s+(?=SELECT\b|WITH\b|VALUES\b|TABLE\b|\()", re.IGNORECASE)


@cache
def reference_catalog() -> Catalog:
    """The database that the reference policy is written for; its schema ships as ``reference/schema.sql``."""
    text = files("passgate.languages.sql").joinpath("reference", "schema.sql").read_text(encoding="utf-8")
    return catalog_of(text)


def catalog_of(schema: str) -> Catalog:
    """The catalog of a database made by these statements. Raises ConfigError for a statement that does not belong in a schema."""
    parser = Parser(Limits(bytes=1 << 22))
    try:
        return _Schema(parser).read(schema)
    except NotUnderstoodError as error:
        raise ConfigError(f"The schema file cannot be read: {error}") from error
    finally:
        parser.close()


class _Schema:
    """The objects read so far, by qualified name."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._relations: dict[tuple[str, str], Relation] = {}
        self._functions: list[Function] = []
        self._types: list[Type] = []
        self._type_oids = {type_.name: type_.oid for type_ in types()}
        self._readers: dict[str, Callable[[ParsedStatement], None]] = {
            "CreateStmt": self._table,
            "ViewStmt": self._view,
            "IndexStmt": self._index,
            "CreateSeqStmt": self._sequence,
            "CreateSchemaStmt": self._schema,
            "CreateEnumStmt": self._enum,
            "CreateDomainStmt": self._domain,
            "CreateFunctionStmt": self._function,
        }

    def read(self, schema: str) -> Catalog:
        for statement in self._parser.parse(schema):
            reader = self._readers.get(statement.tag)
            if reader is None:
                raise ConfigError(f"A schema file holds CREATE statements only, not: {_first_line(statement)}")
            reader(statement)
        return build_catalog(
            relations=tuple(self._relations.values()), functions_=tuple(self._functions), types_=tuple(self._types)
        )

    def _next_oid(self) -> int:
        return _FIRST_OID + len(self._relations) + len(self._functions) + len(self._types)

    def _add(self, relation: Relation) -> None:
        self._relations[relation.namespace, relation.name] = relation

    def _schema(self, statement: ParsedStatement) -> None:
        """A schema of its own holds nothing; its objects name it."""

    def _table(self, statement: ParsedStatement) -> None:
        node = statement.node
        namespace, name = _place(node["relation"])
        columns: list[Column] = []
        not_null: set[str] = set()
        primary: tuple[str, ...] = ()
        unique: list[tuple[str, ...]] = []
        foreign: list[ForeignKey] = []
        for element in items(node.get("tableElts")):
            tag, body = unwrap(element)
            constraints = [body] if tag == "Constraint" else [unwrap(c)[1] for c in items(body.get("constraints"))]
            own: tuple[str, ...] = ()
            if tag == "ColumnDef":
                own = (body["colname"],)
                columns.append(self._column(body, len(columns) + 1, namespace, name, not_null))
            for constraint in constraints:
                kind = constraint.get("contype")
                if kind == "CONSTR_PRIMARY":
                    primary = words(constraint.get("keys")) or own
                    not_null.update(primary)
                elif kind == "CONSTR_UNIQUE":
                    unique.append(words(constraint.get("keys")) or own)
                elif kind == "CONSTR_NOTNULL":
                    not_null.update(own)
                elif kind == "CONSTR_FOREIGN":
                    foreign.append(self._foreign_key(constraint, own))
        parents = [self._relations.get(_place(unwrap(item)[1])) for item in items(node.get("inhRelations"))]
        for parent in parents:
            if parent is not None and parent.kind == "table":  # its keys do not reach into what inherits from it
                self._add(replace(parent, primary_key=(), unique_keys=()))
        self._add(
            Relation(
                oid=self._next_oid(),
                namespace=namespace,
                name=name,
                kind="partitioned" if "partspec" in node else "table",
                columns=tuple(replace(column, not_null=column.name in not_null) for column in columns),
                primary_key=primary,
                unique_keys=tuple(unique),
                foreign_keys=tuple(foreign),
                parents=tuple(parent.oid for parent in parents if parent is not None),
            )
        )

    def _column(self, body: Node, number: int, namespace: str, table: str, not_null: set[str]) -> Column:
        type_name = _type_name(body["typeName"])
        if type_name in _SERIAL:
            not_null.add(body["colname"])
            self._add_sequence(namespace, f"{table}_{body['colname']}_seq")
            type_name = _SERIAL[type_name]
        constraints = [unwrap(constraint)[1] for constraint in items(body.get("constraints"))]
        kinds = {constraint.get("contype") for constraint in constraints}
        if "CONSTR_IDENTITY" in kinds:
            not_null.add(body["colname"])
        return Column(
            name=body["colname"],
            number=number,
            type_name=type_name,
            type_oid=self._type_oids.get(type_name, 0),
            generated=bool(kinds & {"CONSTR_IDENTITY", "CONSTR_GENERATED"}),
            shows=tuple(
                dict.fromkeys(
                    column
                    for constraint in constraints
                    if constraint.get("contype") == "CONSTR_GENERATED"
                    for column in _columns_in(constraint.get("raw_expr"))
                )
            ),
        )

    def _foreign_key(self, constraint: Node, own: tuple[str, ...]) -> ForeignKey:
        namespace, name = _place(constraint["pktable"])
        target = self._relations.get((namespace, name))
        return ForeignKey(
            columns=words(constraint.get("fk_attrs")) or own,
            target_namespace=namespace,
            target_name=name,
            target_columns=words(constraint.get("pk_attrs")) or (target.primary_key if target else ()),
            on_delete=_ACTIONS[constraint.get("fk_del_action", "a")],
            on_update=_ACTIONS[constraint.get("fk_upd_action", "a")],
        )

    def _view(self, statement: ParsedStatement) -> None:
        node = statement.node
        namespace, name = _place(node["view"])
        definition = self._query(statement.text)
        outputs = self._outputs(unwrap(node["query"])[1])
        given = words(node.get("aliases"))
        named = (*given, *(output for output, _ in outputs[len(given) :]))
        self._add(
            Relation(
                oid=self._next_oid(),
                namespace=namespace,
                name=name,
                kind="view",
                columns=tuple(
                    Column(name=column, number=number, type_name=type_, type_oid=self._type_oids.get(type_, 0))
                    for number, (column, (_, type_)) in enumerate(zip(named, outputs, strict=True), 1)
                ),
                view_definition=definition,
            )
        )

    def _query(self, text: str) -> str:
        """The query inside a CREATE VIEW: the first tail of the text that parses on its own."""
        for match in _QUERY.finditer(text):
            tail = text[match.end() :]
            try:
                self._parser.parse(tail)
            except NotUnderstoodError:
                continue
            return tail
        raise ConfigError(f"The query of this view was not found: {text.strip().splitlines()[0]}")

    def _outputs(self, select: Node) -> list[tuple[str, str]]:
        """``(name, type)`` of each column that a view's query gives; the type is empty where it is computed."""
        while "larg" in select:
            select = select["larg"]
        sources = [
            self._relations.get(_place(body))
            for tag, body in map(unwrap, items(select.get("fromClause")))
            if tag == "RangeVar"
        ]
        known = {column.name: column.type_name for source in sources if source for column in source.columns}
        found: list[tuple[str, str]] = []
        for target in items(select.get("targetList")):
            body = unwrap(target)[1]
            tag, value = unwrap(body["val"])
            fields = items(value.get("fields")) if tag == "ColumnRef" else []
            if fields and "A_Star" in fields[-1]:
                found += [(column.name, column.type_name) for source in sources if source for column in source.columns]
                continue
            last = words(fields)[-1:] or ("",)
            name = body.get("name") or last[0]
            if not name:
                raise ConfigError("Give every computed column of a view in a schema file a name: ... AS name")
            found.append((name, known.get(last[0], "")))
        return found

    def _index(self, statement: ParsedStatement) -> None:
        node = statement.node
        place = _place(node["relation"])
        table = self._relations.get(place)
        parts = [unwrap(item)[1] for item in items(node.get("indexParams"))]
        if (
            table is None
            or not node.get("unique")
            or "whereClause" in node
            or any("name" not in part for part in parts)
        ):
            return
        key = tuple(part["name"] for part in parts)
        self._add(replace(table, unique_keys=(*table.unique_keys, key)))

    def _sequence(self, statement: ParsedStatement) -> None:
        node = statement.node
        self._add_sequence(*_place(node["sequence"]))

    def _add_sequence(self, namespace: str, name: str) -> None:
        columns = tuple(
            Column(name=column, number=number, type_name=type_, type_oid=self._type_oids.get(type_, 0), not_null=True)
            for number, (column, type_) in enumerate(
                (("last_value", "int8"), ("log_cnt", "int8"), ("is_called", "bool")), 1
            )
        )
        self._add(Relation(oid=self._next_oid(), namespace=namespace, name=name, kind="sequence", columns=columns))

    def _enum(self, statement: ParsedStatement) -> None:
        node = statement.node
        namespace, name = qualified(words(node["typeName"]))
        self._types.append(Type(oid=self._next_oid(), namespace=namespace or "public", name=name, kind="enum"))

    def _domain(self, statement: ParsedStatement) -> None:
        node = statement.node
        namespace, name = qualified(words(node["domainname"]))
        base = _type_name(node["typeName"])
        self._types.append(
            Type(oid=self._next_oid(), namespace=namespace or "public", name=name, kind="domain", base_type=base)
        )

    def _function(self, statement: ParsedStatement) -> None:
        node = statement.node
        namespace, name = qualified(words(node["funcname"]))
        options = {body.get("defname"): body.get("arg", {}) for _, body in map(unwrap, items(node.get("options")))}
        parameters = [unwrap(item)[1] for item in items(node.get("parameters"))]
        inputs = [p for p in parameters if p.get("mode") not in ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")]
        outputs = [p for p in parameters if p.get("mode") in ("FUNC_PARAM_OUT", "FUNC_PARAM_INOUT", "FUNC_PARAM_TABLE")]
        variadic = any(p.get("mode") == "FUNC_PARAM_VARIADIC" for p in inputs)
        definer = bool(unwrap(options.get("security", {}))[1].get("boolval"))
        well_known = well_known_effect(name, namespace)
        self._functions.append(
            Function(
                oid=self._next_oid(),
                namespace=namespace or "public",
                name=name,
                kind="procedure" if node.get("is_procedure") else "function",
                min_args=sum("defexpr" not in p for p in inputs) - variadic,
                max_args=None if variadic else len(inputs),
                arg_types=tuple(_type_name(p["argType"]) for p in inputs),
                return_type=_type_name(node["returnType"]) if "returnType" in node else "void",
                out_columns=tuple(p.get("name", "") for p in outputs),
                returns_set=bool(node.get("returnType", {}).get("setof")),
                volatility=unwrap(options.get("volatility", {}))[1].get("sval", "volatile"),
                language=unwrap(options.get("language", {}))[1].get("sval", "sql"),
                security_definer=definer,
                effect="definer" if definer else well_known,
            )
        )


def _place(range_var: Node) -> tuple[str, str]:
    return range_var.get("schemaname") or "public", range_var["relname"]


def _type_name(type_name: Node) -> str:
    name = words(type_name.get("names"))[-1]
    return f"_{name}" if "arrayBounds" in type_name else name


def _first_line(statement: ParsedStatement) -> str:
    return statement.text.strip().splitlines()[0][:80]


def _columns_in(part: object) -> Iterator[str]:
    """The columns that an expression over one table names."""
    if isinstance(part, dict):
        if "ColumnRef" in part:
            yield words(part["ColumnRef"].get("fields"))[-1]
            return
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _columns_in(each)
