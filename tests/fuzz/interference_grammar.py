"""Random valid queries over a small shop with masked columns, and the two databases that differ in nothing but those."""

import random
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

SCHEMA = """
CREATE TYPE address AS (street text, zip int);
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, city text, age int, joined date, note text,
  email varchar(40) UNIQUE, ssn text, salary int, born date, tags text[], doc jsonb, home address, score numeric(8,2))
  WITH (autovacuum_enabled = off);
CREATE TABLE visits (id int PRIMARY KEY, person_id int REFERENCES people ON DELETE CASCADE, kind text, cost int, seen date,
  labels text[], body jsonb, memo text) WITH (autovacuum_enabled = off);
CREATE TABLE logs (id int, day date, what text, actor text) PARTITION BY RANGE (id);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (5) WITH (autovacuum_enabled = off);
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (5) TO (100) WITH (autovacuum_enabled = off);
CREATE VIEW contacts AS SELECT id, name, city, age, email AS contact, salary * 2 AS pay, tags AS marks FROM people;
CREATE VIEW totals AS SELECT p.id, p.name, sum(v.cost)::int AS cost, max(p.born) AS day
  FROM people p LEFT JOIN visits v ON v.person_id = p.id GROUP BY p.id, p.name;
"""

BUNDLE = """\
protect:
  - {object: people, column: email, as: {mask: {strategy: partial, keep_last: 4}}}
  - {object: people, column: ssn, as: {mask: {strategy: 'null'}}}
  - {object: people, column: salary, as: {mask: {strategy: redact}}}
  - {object: people, column: born, as: {mask: {strategy: 'null'}}}
  - {object: people, column: tags, as: {mask: {strategy: 'null'}}}
  - {object: people, column: doc, as: {mask: {strategy: redact}}}
  - {object: people, column: home, as: {mask: {strategy: 'null'}}}
  - {object: people, column: score, as: {mask: {strategy: 'null'}}}
  - {object: visits, column: memo, as: {mask: {strategy: redact, label: MEMO}}}
  - {object: logs, column: actor, as: {mask: {strategy: 'null'}}}
"""


def rows(side: int) -> str:
    """The rows of one side. What is not masked is the same on both; a bare masked column has the same mask on both."""
    made = random.Random(1000 + side)
    statements = []
    for number in range(1, 9):
        word = "".join(made.choice("abcde") for _ in range(6))
        null = "NULL" if made.random() < 0.3 else None
        tags = (
            "NULL"
            if made.random() < 0.2
            else f"'{{{','.join(made.choice('xyz') for _ in range(made.randint(0, 3)))}}}'"
        )
        doc = made.choice(('{"a": 1}', '{"a": [1, 2], "b": null}', "[]", "[1, 2, 3]", '"x"', '{"c": {"d": "x"}}'))
        note = "NULL" if number % 3 == 0 else f"'n{number % 2}'"
        statements.append(
            f"INSERT INTO people VALUES ({number}, 'P{number % 5}', 'c{number % 3}', {20 + number % 4}, "
            f"date '2026-01-01' + {number}, {note}, '{word}{number}@x.yz', {null or repr(made.choice(('a1', 'b2', 'xx')))}, "
            f"{made.randint(1, 4)}, {null or repr(f'200{made.randint(0, 3)}-01-01')}, {tags}, '{doc}', "
            f"{null or repr(f'(s{made.randint(0, 2)},{made.randint(0, 3)})')}, {null or made.randint(1, 3)});"
        )
    for number in range(1, 21):
        memo = made.choice(("m", "mm", "z", "1", "the"))
        statements.append(
            f"INSERT INTO visits VALUES ({number}, {1 + number % 8}, 'k{number % 3}', {number * 7 % 11}, "
            f"date '2026-02-01' + {number}, "
            f"'{{l{number % 2},l{number % 3}}}', '{{\"n\": {number}, \"l\": [1, {number % 4}]}}', '{memo}');"
        )
    for number in range(10):
        actor = made.choice(("'u'", "'vv'", "NULL"))
        statements.append(
            f"INSERT INTO logs VALUES ({number}, date '2026-03-01' + {number}, 'w{number % 4}', {actor});"
        )
    return "\n".join(statements)


_GUESSES = tuple(re.findall(r"'\w+@x\.yz'", rows(0)))
"""Values of the one side, which the other does not have."""


class Column(NamedTuple):
    """Something an expression can be made of."""

    text: str
    type: str
    masked: bool


_TABLES = {
    "people": (
        "id:int name:text city:text age:int joined:date note:text",
        "email:text ssn:text salary:int born:date tags:text[] doc:jsonb home:address score:numeric",
    ),
    "visits": ("id:int person_id:int kind:text cost:int seen:date labels:text[] body:jsonb", "memo:text"),
    "contacts": ("id:int name:text city:text age:int", "contact:text pay:int marks:text[]"),
    "totals": ("id:int name:text cost:int", "day:date"),
    "logs": ("id:int day:date what:text", "actor:text"),
    "logs_1": ("id:int day:date what:text", "actor:text"),
}

_CONSTANTS = {
    "int": ("0", "1", "2", "3", "NULL::int"),
    "text": ("'a'", "'m'", "'1'", "'x'", "NULL::text", "''"),
    "date": ("date '2026-01-05'", "date '2001-01-01'", "NULL::date"),
    "bool": ("true", "false"),
    "jsonb": ("""'{"a": 1}'::jsonb""", "'[1, 2]'::jsonb", "NULL::jsonb"),
    "text[]": ("ARRAY['x', 'y']", "'{}'::text[]"),
    "numeric": ("1.5", "2.0", "0.5"),
    "address": ("ROW('s', 1)::address",),
}

# {int}, {text}, ... stand for an expression of that type.
_EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "int": (
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "length({text})", "abs({int})", "mod({int}, 3)",
        "ascii({text})",
        "coalesce({int}, {int})", "nullif({int}, {int})", "greatest({int}, {int})", "least({int}, {int})",
        "CASE WHEN {bool!} THEN {int} ELSE {int} END", "CASE {int!} WHEN 1 THEN {int} WHEN 2 THEN {int} END",
        "cardinality({text[]})", "array_length({text[]}, 1)", "position({text} in {text})", "({date} - {date})",
        "extract(year from {date})::int", "{bool}::int", "(ARRAY[{int}, {int}])[{int}]", "(ROW({int}, {text})).f1",
        "({address}).zip",
        "strpos({text}, {text})", "num_nulls({text}, {int})", "octet_length({text})", "hashtext({text})",
        "round({numeric})::int",
        "width_bucket({int}, 0, 9, 3)", "pg_column_size({text})", "jsonb_array_length(jsonb_build_array({text}, {int}))",
        "(to_jsonb({int}))::int", "lower(int4range({int}, {int} + 5))", "array_position({text[]}, {text})",
    ),
    "text": (
        "({text} || {text})", "upper({text})", "lower({text})", "substr({text}, {int}, 2)", "left({text}, {int})",
        "reverse({text})",
        "md5({text})", "replace({text}, {text}, {text})", "coalesce({text}, {text})", "nullif({text}, {text})", "trim({text})",
        "CASE WHEN {bool!} THEN {text} ELSE {text} END", "{int}::text", "{date}::text", "({jsonb})::text", "({text[]})[{int}]",
        "split_part({text}, 'x', 1)", "translate({text}, 'ab', 'xy')", "concat({text}, {int})",
        "concat_ws(',', {text}, {text})",
        "format('%s-%s', {text}, {int})", "substring({text} from 'a+')", "regexp_replace({text}, '[a-c]', 'x')",
        "quote_nullable({text})",
        "lpad({text}, 4)", "to_char({int}, '99')", "to_char({date}, 'YYYY')", "array_to_string({text[]}, ',')",
        "({jsonb} ->> 'a')",
        "({jsonb} #>> '{{a,b}}')", "jsonb_typeof({jsonb})", "greatest({text}, {text})", "({address}).street",
        "{text}::varchar(1)",
        "{text}::varchar", "{text}::char(2)", "({text} COLLATE \"C\")", "encode(convert_to({text}, 'UTF8'), 'hex')",
        "initcap({text})",
        "xmlserialize(content xmlelement(name a, {text}) as text)", "xmlforest({text} as b)::text",
        "string_to_array({text}, 'a')::text",
        "to_tsvector('simple', {text})::text", "(ROW({text}, {int}))::text", "json_build_object('k', {text})::text",
        "row_to_json(ROW({text}))::text",
        "pg_typeof({text})::text", "quote_literal({text})", "overlay({text} placing 'z' from 1)",
        "starts_with({text}, 'a')::text",
        "(regexp_match({text}, '(.)'))[1]", "chr(65 + abs({int}) % 26)", "to_hex({int})",
        "textcat({text}, {text})",
    ),
    "date": (
        "({date} + {int})", "date_trunc('month', {date})::date", "coalesce({date}, {date})", "nullif({date}, {date})",
        "make_date(2000 + abs({int}) % 9, 1, 1)", "greatest({date}, {date})", "CASE WHEN {bool!} THEN {date} END",
    ),
    "bool": (
        "({int} = {int})", "({int} < {int})", "({text} = {text})", "({text} LIKE {text})", "({text} ~ 'a')", "({text} IS NULL)",
        "({text} IN ({text}, {text}))", "({int} BETWEEN {int} AND {int})", "({date} > {date})", "NOT {bool}",
        "({bool} AND {bool})",
        "({bool} OR {bool})", "({text} IS DISTINCT FROM {text})", "(ROW({int}, {text}) = ROW({int}, {text}))",
        "({bool} IS TRUE)",
        "({text} = ANY ({text[]}))", "({jsonb} ? 'a')", "({jsonb} @> {jsonb})", "({text[]} && {text[]})", "({int} IS NOT NULL)",
        "({text} SIMILAR TO '%a%')", "({address} IS NULL)", "({int} <@ int4range(0, 3))", "({jsonb} @? '$.a')",
        "to_tsvector('simple', {text}) @@ to_tsquery('simple', 'a')",
    ),
    "jsonb": (
        "to_jsonb({text})", "jsonb_build_object('a', {int}, 'b', {text})", "({jsonb} -> 'a')", "({jsonb} || {jsonb})",
        "jsonb_build_array({text}, {int})", "to_jsonb({text[]})", "jsonb_set({jsonb}, '{{a}}', to_jsonb({int}))",
        "jsonb_strip_nulls({jsonb})",
        "coalesce({jsonb}, {jsonb})", "jsonb_path_query_first({jsonb}, '$.a')", "to_jsonb({address})",
        "jsonb_path_query_array({jsonb}, '$.*')",
        "to_json({text})::jsonb",
    ),
    "text[]": (
        "ARRAY[{text}, {text}]", "({text[]} || {text})", "array_append({text[]}, {text})", "array_remove({text[]}, {text})",
        "string_to_array({text}, 'a')", "({text[]})[1:{int}]", "regexp_split_to_array({text}, 'a')",
        "array_cat({text[]}, {text[]})",
        "array_fill({text}, ARRAY[2])", "coalesce({text[]}, {text[]})",
    ),
    "numeric": ("({numeric} * {int})", "{int}::numeric", "round({numeric}, 1)", "{int} / 2.0", "power({int}, 2)::numeric",
    "{numeric}::numeric(8,1)"),
    "address": ("ROW({text}, {int})::address", "coalesce({address}, {address})"),
}  # fmt: skip

_TYPES = (*_EXPRESSIONS, "int", "text", "text", "text[]")

_AGGREGATES: dict[str, tuple[str, ...]] = {
    "int": (
        "count(*)", "count({int})", "count(DISTINCT {int})", "sum({int})::int", "max({int})", "min({int})",
        "count(*) FILTER (WHERE {bool!})",
        "max({int}) FILTER (WHERE {bool!})", "bit_or({int})", "cardinality(array_agg({text}))",
        "rank({int}) WITHIN GROUP (ORDER BY {int})",
        "percentile_disc(0.5) WITHIN GROUP (ORDER BY {int})", "mode() WITHIN GROUP (ORDER BY {int})",
        "array_length(array_agg(DISTINCT {int}), 1)",
        "regr_count({int}, {int})::int", "grouping({group})",
    ),
    "text": (
        "max({text})", "min({text})", "string_agg({text}, ',')", "string_agg({text}, ',' ORDER BY {int!})",
        "array_agg({text})::text",
        "string_agg(DISTINCT {text}, ',')", "json_agg({text})::text", "jsonb_object_agg({int}, {text})::text",
        "array_agg({text[]})::text",
        "bool_or({bool})::text", "xmlagg(xmlelement(name a, {text}))::text", "mode() WITHIN GROUP (ORDER BY {text})",
        "every({bool})::text",
        "array_agg({text} ORDER BY {int!})::text", "string_agg({text}, {text})",
    ),
}  # fmt: skip

_WINDOWS = (
    "row_number()", "rank()", "dense_rank()", "lag({text})", "lead({int}, 1, {int})", "first_value({text})",
    "nth_value({text}, 2)", "count(*)",
    "sum({int})", "ntile(3)", "count({int})", "max({text})", "cume_dist()", "string_agg({text}, ',')", "array_agg({int})",
    "lag({int}, {int!})",
    "count(*) FILTER (WHERE {bool!})", "ntile({int!})", "nth_value({int}, 1 + abs({int!}))",
)  # fmt: skip

_FRAMES = (
    "",
    "",
    "",
    " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    " GROUPS 1 PRECEDING",
    " ROWS UNBOUNDED PRECEDING EXCLUDE TIES",
)

# What gives rows, as a FROM item or in the list; the columns it has.
_ROW_FUNCTIONS = (
    ("unnest(ARRAY[{text}, {text}])", "text"), ("unnest({text[]!})", "text"), ("unnest(ARRAY[{text[]!}, {text[]!}])", "text"),
    ("unnest(ARRAY[{text[]}])", "text"), ("unnest(ARRAY(SELECT {text}))", "text"), ("unnest(ARRAY(SELECT {text[]}))", "text"),
    ("generate_series(1, {int!})", "int"), ("regexp_split_to_table({text!}, 'a')", "text"), ("string_to_table({text!}, 'a')",
    "text"),
    ("jsonb_array_elements_text(jsonb_build_array({text}, {int}))", "text"), ("jsonb_object_keys({jsonb!})", "text"),
    ("generate_subscripts({text[]!}, 1)", "int"), ("lower({text})", "text"), ("jsonb_path_query({jsonb!}, '$.*')", "jsonb"),
    ("abs({int})", "int"), ("unnest(ARRAY[{int}, {int}])", "int"), ("generate_series(1, 2)", "int"), ("unnest(ARRAY[1, 2])",
    "int"),
)  # fmt: skip


class Query(NamedTuple):
    """A query with the columns it has."""

    text: str
    columns: tuple[Column, ...]


WAYS = ("plain", "plain", "plain", "binary", "copy", "copy_binary", "cursor", "prepared", "explain", "counted")


class Statement(NamedTuple):
    """``way``: one of ``WAYS`` for a query, ``write`` for what may change rows."""

    text: str
    way: str


class Grower:
    """Statements one after another. Everything depends on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = 0
        self._shown = self._deciding = 0.0
        self._group = "1"

    def statement(self) -> Statement:
        """The next one: half of the time without any masked column, which must then not be refused."""
        self._names = 0
        self._shown = self._pick((0.0, 0.15, 0.35, 0.6))
        self._deciding = self._pick((0.0, 0.0, 0.05, 0.3)) if self._shown else 0.0
        if self._chance(0.18):
            return Statement(self._write(), "write")
        query = self._query(self._random.randint(1, 4), ()).text
        way = self._pick(WAYS)
        return Statement(query, way)

    @property
    def touches_masked(self) -> bool:
        """Whether the last statement could have held a masked column."""
        return self._shown > 0

    def _pick(self, among: Sequence[T]) -> T:
        return self._random.choice(among)

    def _chance(self, likely: float) -> bool:
        return self._random.random() < likely

    def _name(self) -> str:
        self._names += 1
        return f"q{self._names}"

    # -- expressions

    def _expression(self, type_: str, scope: Sequence[Column], depth: int, *, decides: bool = False) -> str:
        if depth <= 0 or self._chance(0.25):
            return self._leaf(type_, scope, decides=decides)
        if self._chance(0.06) and type_ in _AGGREGATES:
            return f"({self._scalar(type_, scope, depth - 1)})"
        if self._chance(0.04) and type_ == "bool":
            word = self._pick(("EXISTS ({})", "NOT EXISTS ({})"))
            return word.format(self._query(depth - 1, scope).text)
        return self._filled(self._pick(_EXPRESSIONS[type_]), scope, depth - 1, decides=decides)

    def _leaf(self, type_: str, scope: Sequence[Column], *, decides: bool) -> str:
        rate = self._deciding if decides else self._shown
        among = [
            each for each in scope if each.type == type_ and (each.masked if self._chance(rate) else not each.masked)
        ]
        return self._pick(among).text if among and self._chance(0.85) else self._pick(_CONSTANTS[type_])

    def _filled(self, template: str, scope: Sequence[Column], depth: int, *, decides: bool = False) -> str:
        found, rest = [], template
        while "{" in rest:
            before, _, after = rest.partition("{")
            found.append(before)
            if after.startswith("{"):
                literal, _, rest = after[1:].partition("}}")
                found.append(f"{{{literal}}}")
                continue
            type_, _, rest = after.partition("}")
            if type_ == "group":
                found.append(self._group)
            else:
                found.append(self._expression(type_.rstrip("!"), scope, depth, decides=decides or type_.endswith("!")))
        return "".join((*found, rest))

    def _scalar(self, type_: str, scope: Sequence[Column], depth: int) -> str:
        item, columns = self._item(depth, scope)
        if self._chance(0.5):
            shown = self._filled(self._pick(_AGGREGATES[type_][:-1]), columns, 1)
            return f"SELECT {shown} FROM {item}{self._where((*columns, *scope), 0.4)}"
        key = next((each.text for each in columns if each.text.endswith(".id")), "1")
        return f"SELECT {self._expression(type_, (*columns, *scope), 1)} FROM {item} ORDER BY {key}, 1 LIMIT 1"

    # -- FROM

    def _item(self, depth: int, around: Sequence[Column]) -> tuple[str, tuple[Column, ...]]:
        ways: list[Callable[[], tuple[str, tuple[Column, ...]]]] = [self._table, self._table, self._table]
        if depth > 0:
            ways += [
                lambda: self._derived(depth, ()),
                lambda: self._joined(depth, around),
                lambda: self._values(around),
            ]
            ways += [lambda: self._joined(depth, around), lambda: self._function(around)]
        return self._pick(ways)()

    def _table(self) -> tuple[str, tuple[Column, ...]]:
        table = self._pick(("people", "people", "people", "visits", "visits", *_TABLES))
        name = self._name()
        plain, masked = _TABLES[table]
        columns = [
            Column(f"{name}.{column}", type_, is_masked)
            for listed, is_masked in ((plain, False), (masked, True))
            for column, _, type_ in (each.partition(":") for each in listed.split())
        ]
        return f"{table} {name}", tuple(columns)

    def _derived(self, depth: int, around: Sequence[Column]) -> tuple[str, tuple[Column, ...]]:
        query = self._query(depth - 1, around)
        name = self._name()
        aliases = [f"a{number}" for number in range(len(query.columns))]
        columns = tuple(
            Column(f"{name}.{alias}", column.type, column.masked)
            for alias, column in zip(aliases, query.columns, strict=True)
        )
        return f"({query.text}) {name}({', '.join(aliases)})", columns

    def _values(self, around: Sequence[Column]) -> tuple[str, tuple[Column, ...]]:
        name = self._name()
        return f"(VALUES (1, 'a'), (2, 'm'), (NULL, 'x')) {name}(i, t)", (
            Column(f"{name}.i", "int", False),
            Column(f"{name}.t", "text", False),
        )

    def _function(self, around: Sequence[Column]) -> tuple[str, tuple[Column, ...]]:
        template, type_ = self._pick(_ROW_FUNCTIONS)
        name = self._name()
        text = self._filled(template, around, 1)
        column = Column(f"{name}.v", type_, self._shown > 0)
        if self._chance(0.2):
            return f"{text} WITH ORDINALITY {name}(v, o)", (column, Column(f"{name}.o", "int", False))
        return f"{text} {name}(v)", (column,)

    def _joined(self, depth: int, around: Sequence[Column]) -> tuple[str, tuple[Column, ...]]:
        left, columns = self._item(depth - 1, around)
        lateral = self._chance(0.3)
        if lateral:
            right, more = self._derived(depth - 1, columns) if self._chance(0.6) else self._function(columns)
            right = f"LATERAL {right}"
        else:
            right, more = self._item(depth - 1, around)
        kind = self._pick(
            ("JOIN", "LEFT JOIN", "LEFT JOIN") if lateral else ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
        )
        keys = [[each.text for each in side if each.type == "int" and not each.masked] for side in (columns, more)]
        condition = f"{self._pick(keys[0])} = {self._pick(keys[1])}" if keys[0] and keys[1] else "true"
        if kind != "FULL JOIN" and self._chance(0.1):
            condition += f" AND {self._expression('bool', (*columns, *more), 1, decides=True)}"
        if kind == "FULL JOIN" and condition == "true":
            kind = "JOIN"
        return f"{left} {kind} {right} ON {condition}", (*columns, *more)

    def _where(self, scope: Sequence[Column], likely: float) -> str:
        return f" WHERE {self._expression('bool', scope, 1, decides=True)}" if self._chance(likely) else ""

    # -- queries

    def _query(self, depth: int, around: Sequence[Column]) -> Query:
        if depth > 1 and self._chance(0.15):
            return self._with(depth, around)
        if depth > 1 and self._chance(0.12):
            return self._united(depth, around)
        return self._select(depth, around)

    def _select(self, depth: int, around: Sequence[Column], types: Sequence[str] | None = None) -> Query:
        item, columns = self._item(depth - 1, around)
        scope = (*columns, *columns, *columns, *around)
        where = self._where(scope, 0.35)
        wanted = types or [self._pick(_TYPES) for _ in range(self._random.randint(1, 3))]
        if types is None and self._chance(0.3):
            return self._grouped(item, scope, where)
        found = [self._target(type_, scope) for type_ in wanted]
        types = list(wanted)
        if self._chance(0.15):
            template, type_ = self._pick(_ROW_FUNCTIONS)
            if type_ == types[0]:
                found[0] = (self._filled(template, scope, 1), self._shown > 0)
        keys = [each.text for each in columns if not each.masked and each.type in ("int", "text", "date")]
        text = "SELECT "
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        if self._chance(0.12):
            text += "DISTINCT "
            order = ""
        elif self._chance(0.06) and keys:
            text += f"DISTINCT ON ({keys[0]}) "
        text += f"{', '.join(each for each, _ in found)} FROM {item}{where}"
        if order and self._chance(0.25):
            order += self._pick((" LIMIT 3", " LIMIT 2 OFFSET 1", " FETCH FIRST 2 ROWS WITH TIES"))
        return Query(
            text + order, tuple(Column(each, type_, masked) for (each, masked), type_ in zip(found, types, strict=True))
        )

    def _target(self, type_: str, scope: Sequence[Column]) -> tuple[str, bool]:
        if self._chance(0.15) and type_ in ("int", "text"):
            window = self._filled(self._pick(_WINDOWS), scope, 1)
            over = f"PARTITION BY {self._expression('text', scope, 0, decides=True)} " if self._chance(0.4) else ""
            ids = [each.text for each in scope if each.text.endswith(".id")]
            over += f"ORDER BY {', '.join(dict.fromkeys(ids)) or '1'}{self._pick(_FRAMES)}"
            return f"({window} OVER ({over}))::{type_}", self._shown > 0
        return self._expression(type_, scope, self._pick((0, 1, 2))), self._shown > 0

    def _grouped(self, item: str, scope: Sequence[Column], where: str) -> Query:
        keys = [each.text for each in scope if not each.masked and each.type in ("int", "text", "date")]
        by = self._pick(keys) if keys and self._chance(0.7) else ""
        if by and self._chance(self._deciding):
            by = self._expression("text", scope, 1, decides=True)
        self._group = by or "1"
        types = [self._pick(("int", "text")) for _ in range(2)]
        usable = {"int": _AGGREGATES["int"] if by else _AGGREGATES["int"][:-1], "text": _AGGREGATES["text"]}
        found = [self._filled(self._pick(usable[type_]), scope, 1) for type_ in types]
        if not by:
            return Query(
                f"SELECT {', '.join(found)} FROM {item}{where}",
                tuple(Column(each, type_, self._shown > 0) for each, type_ in zip(found, types, strict=True)),
            )
        sets = self._pick(("{}", "{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())"))
        having = f" HAVING {self._filled('count(*) > 1', scope, 1)}" if self._chance(0.2) else ""
        shown = f"min({by})::text"
        text = f"SELECT {shown}, {', '.join(found)} FROM {item}{where} GROUP BY {sets.format(by)}{having} ORDER BY {by}"
        first = Column(shown, "text", self._shown > 0)
        return Query(text, (first, *(Column(each, type_, True) for each, type_ in zip(found, types, strict=True))))

    def _united(self, depth: int, around: Sequence[Column]) -> Query:
        types = [self._pick(("int", "text", "date")) for _ in range(self._random.randint(1, 2))]
        left, right = (self._select(depth - 1, around, types) for _ in range(2))
        word = self._pick(("UNION ALL", "UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT"))
        return Query(
            f"({left.text}) {word} ({right.text})", tuple(Column(each.text, each.type, True) for each in left.columns)
        )

    def _with(self, depth: int, around: Sequence[Column]) -> Query:
        name = self._name()
        if self._chance(0.3):
            start = self._expression("text", (), 0)
            item, columns = self._table()
            shown = self._expression("text", columns, 1)
            key = columns[0].text
            word = self._pick(("UNION ALL", "UNION ALL", "UNION"))
            body = f"SELECT 1, {start} {word} SELECT {name}.i + 1, {shown} "
            body += f"FROM {name} JOIN {item} ON {key} = {name}.i WHERE {name}.i < 4"
            more = self._pick(("", "", f" SEARCH DEPTH FIRST BY i SET s{name}", f" CYCLE i SET c{name} USING p{name}"))
            columns = (Column(f"{name}.i", "int", False), Column(f"{name}.t", "text", True))
            targets = [self._expression(type_, (*columns, *around), 1) for type_ in ("int", "text")]
            return Query(
                f"WITH RECURSIVE {name}(i, t) AS ({body}){more} SELECT {', '.join(targets)} FROM {name} ORDER BY i",
                tuple(Column(each, type_, True) for each, type_ in zip(targets, ("int", "text"), strict=True)),
            )
        inner = self._query(depth - 1, ())
        aliases = [f"a{number}" for number in range(len(inner.columns))]
        columns = tuple(
            Column(f"{name}.{alias}", column.type, column.masked)
            for alias, column in zip(aliases, inner.columns, strict=True)
        )
        types = [self._pick(("int", "text")) for _ in range(2)]
        targets = [self._expression(type_, (*columns, *around), 1) for type_ in types]
        word = self._pick(("", "MATERIALIZED ", "NOT MATERIALIZED "))
        star = ", ".join(targets) if self._chance(0.7) else "count(*)::int, count(*)::text"
        types = types if star != "count(*)::int, count(*)::text" else ["int", "text"]
        text = f"WITH {name}({', '.join(aliases)}) AS {word}({inner.text}) SELECT {star} FROM {name}"
        return Query(text, tuple(Column("", type_, True) for type_ in types))

    # -- writes

    def _write(self) -> str:
        way = self._random.randint(0, 7)
        name = self._name()
        plain, masked = _TABLES["people"]
        people = [
            Column(f"{name}.{column}", type_, is_masked)
            for listed, is_masked in ((plain, False), (masked, True))
            for column, _, type_ in (each.partition(":") for each in listed.split())
        ]
        seen = f"{self._expression('text', people, 2)}, {self._expression('int', people, 1)}"
        number = self._random.randint(1, 8)
        if way == 0:
            return f"UPDATE people {name} SET note = {self._expression('text', people, 1)} WHERE id = {number} RETURNING {seen}"
        if way == 1:
            condition = f"{name}.id = visits.person_id AND visits.id = {number}"
            return f"UPDATE visits SET kind = 'z' FROM people {name} WHERE {condition} RETURNING visits.id, {seen}"
        if way == 2:
            condition = self._expression("bool", people, 1, decides=True)
            return f"DELETE FROM people {name} WHERE id = {number} AND {condition} RETURNING {seen}"
        if way == 3:
            condition = f"visits.id = {number} AND visits.person_id = {name}.id"
            return f"DELETE FROM visits USING people {name} WHERE {condition} RETURNING {seen}"
        if way == 4:
            ending = self._pick(
                ("", " ON CONFLICT DO NOTHING", " ON CONFLICT (id) DO NOTHING", " ON CONFLICT (email) DO NOTHING")
            )
            listed = self._pick(("email", "ssn", "note"))
            word = self._pick((*_GUESSES, "'x'", "NULL"))
            return (
                f"INSERT INTO people AS {name} (id, name, {listed}) VALUES (50, 'n', {word}){ending} RETURNING {seen}"
            )
        if way == 5:
            ending = f" ON CONFLICT (id) DO UPDATE SET note = {self._expression('text', people, 1)}"
            ending += self._pick(("", f" WHERE {self._expression('bool', people, 1, decides=True)}"))
            return f"INSERT INTO people AS {name} (id, name, note) VALUES ({number}, 'n', 'x'){ending} RETURNING {seen}"
        if way == 6:
            source, columns = self._table()
            key = columns[0].text
            then = self._pick(("UPDATE SET cost = {}", "DELETE", "DO NOTHING")).format(
                self._expression("int", columns, 1)
            )
            extra = f" AND {self._expression('bool', columns, 1, decides=True)}" if self._chance(0.3) else ""
            return f"MERGE INTO visits USING {source} ON visits.id = {key} AND {key} = {number} WHEN MATCHED{extra} THEN {then}"
        query = self._select(1, (), ["int", "text"])
        source = f"SELECT 100 + {name}.a0, {name}.a1 FROM ({query.text}) {name}(a0, a1)"
        return f"INSERT INTO visits (id, kind) {source} RETURNING id, kind"
