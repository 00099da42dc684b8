"""Random SQL: statements grown from a small grammar, and texts broken by mutation."""

import random

SENTINEL = "sentinel_call"
"""A function that stands somewhere in every grown statement: whoever understands the statement must have seen it."""

_COLUMNS = (
    "o.id", "c.name", "c.ssn", "c.email", "o.note", "o.status", "o.total", "o.customer_id", "c.ctid", "c", "(c).ssn", "o.*::text",
)  # fmt: skip
_TABLES = ("customers", "orders", "payments", "products", "customer_v", "public.orders", "staging", "pg_class")
_OPERATORS = ("=", "<>", "<", "||", "+", "LIKE", "IS DISTINCT FROM", "~", "->>", "AND", "OR")
_FUNCTIONS = (
    "lower", "count", "max", "row_to_json", "coalesce", "array_agg", "length", "to_jsonb", "nullif", "greatest", "string_agg",
)  # fmt: skip
_TYPES = ("int", "text", "jsonb", "int[]", "public.customers", "numeric(10,2)", "varchar", "bool")
_WORDS = (
    "SELECT", "FROM", "WHERE", "WITH", "UNION", "(", ")", ",", ";", "*", "'", '"', "$1", "$$", "--", "/*", "*/", "E'\\'", "::",
    ".", "NULL", "customers", "ssn", "RETURNING", "EXPLAIN ANALYZE", "PREPARE p AS", "EXECUTE p", "FETCH c", "\x00", "\u00a0",
    'U&"\\0061"', "LATERAL", "VALUES", "ON CONFLICT", "MERGE INTO", "ALTER TABLE", "GROUP BY", "[", "]", ":=", "=>", "\r", "ROW(",
    "CASE WHEN", "END", "OVER (", "COPY", "DO",
)  # fmt: skip


class Grower:
    """Statements with one sentinel each. Everything depends on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left = 0
        self._placed = False

    def statement(self) -> str:
        """A whole statement."""
        self._left = self._random.randint(5, 60)
        self._placed = False
        while True:
            text = self._statement()
            if SENTINEL in text:
                return text
            self._left, self._placed = 20, False

    def mutated(self, text: str) -> str:
        """A text broken in a few places."""
        pieces = list(text)
        for _ in range(self._random.randint(1, 6)):
            at = self._random.randint(0, len(pieces))
            way = self._random.randint(0, 4)
            if way == 0:
                pieces[at:at] = [" ", self._random.choice(_WORDS), " "]
            elif way == 1:
                del pieces[at : at + self._random.randint(1, 12)]
            elif way == 2:
                pieces[at:at] = pieces[at : at + 40] * self._random.randint(1, 30)
            elif way == 3:
                pieces[at : at + 1] = [
                    chr(self._random.choice((0, 9, 12, 34, 36, 39, 92, 160, 0x2028, 0xD800, 0x1F600)))
                ]
            else:
                pieces[at:at] = ["(" * self._random.randint(1, 400)]
        return "".join(pieces)

    def _pick(self, *ways: str) -> str:
        return self._random.choice(ways)

    def _column(self) -> str:
        return self._pick(*_COLUMNS) if self._random.random() < 0.97 else self._pick("id", "x", "q.a")

    def _expression(self) -> str:
        self._left -= 1
        if self._left <= 0:
            if not self._placed:
                self._placed = True
                return f"{SENTINEL}({self._column()})"
            return self._pick("1", "'x'", "$1", "NULL", "true", self._column())
        one, other = self._expression, self._expression
        return self._pick_of(
            lambda: f"({one()} {self._pick(*_OPERATORS)} {other()})",
            lambda: f"{self._pick(*_FUNCTIONS)}({one()}, {other()})",
            lambda: f"{self._pick('max', 'count', 'array_agg')}({one()}) FILTER (WHERE {other()})",
            lambda: f"sum({one()}) OVER (PARTITION BY {other()} ORDER BY {self._column()})",
            lambda: f"CASE WHEN {one()} THEN {other()} ELSE {self._column()} END",
            lambda: f"({one()})::{self._pick(*_TYPES)}",
            lambda: f"({self._query()})",
            lambda: f"EXISTS ({self._query()})",
            lambda: f"ARRAY({self._query()})",
            lambda: f"({one()} IN ({self._query()}))",
            lambda: f"({one()} = ANY (ARRAY[{other()}]))",
            lambda: f"ROW({one()}, {other()})",
            lambda: f"(ARRAY[{one()}])[{other()}]",
            lambda: f"({one()} BETWEEN {other()} AND {self._column()})",
            lambda: f"({one()} IS NULL)",
            lambda: f"json_build_object('a', {one()})",
            lambda: f"xmlelement(name a, {one()})",
            lambda: f"json_array({one()})",
            lambda: f"substring({one()} from 1 for 2)",
            self._column,
        )

    def _pick_of(self, *ways: "object") -> str:
        chosen = self._random.choice(ways)
        assert callable(chosen)
        return str(chosen())

    def _item(self) -> str:
        self._left -= 1
        if self._left <= 0:
            return self._pick(*_TABLES)
        return self._pick_of(
            lambda: self._pick(*_TABLES) + self._pick("", " t", " AS u", " x(a, b)"),
            lambda: f"({self._query()}) q",
            lambda: f"LATERAL ({self._query()}) q(a)",
            lambda: f"{self._item()} JOIN {self._item()} ON {self._expression()}",
            lambda: f"{self._item()} {self._pick('NATURAL', 'CROSS')} JOIN {self._pick(*_TABLES)}",
            lambda: f"{self._pick(*_TABLES)} JOIN {self._pick(*_TABLES)} USING (id)",
            lambda: f"unnest(ARRAY[{self._expression()}]) u",
            lambda: (
                f"ROWS FROM ({self._pick('lower', 'generate_series')}({self._expression()}, 2)) WITH ORDINALITY f(a, b)"
            ),
            lambda: f"json_to_record({self._expression()}) AS r(a text)",
        )

    def _query(self) -> str:
        self._left -= 1
        if self._left <= 0:
            return f"SELECT {self._expression()} FROM customers c, orders o"
        text = f"SELECT {self._pick('', 'DISTINCT ')}{self._expression()}{self._pick('', ' AS x')}"
        text += " FROM orders o, customers c"
        if self._random.random() < 0.3:
            text += f", {self._item()}"
        for clause in ("WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "OFFSET"):
            if self._random.random() < 0.15:
                text += f" {clause} {self._expression()}"
        if self._random.random() < 0.1:
            text = f"WITH {self._pick('', 'RECURSIVE ')}w AS ({text}) SELECT * FROM w"
        if self._random.random() < 0.1:
            other = f"SELECT {self._expression()} FROM orders o, customers c"
            text = f"{text.split(' ORDER BY ')[0]} {self._pick('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT')} {other}"
        return text

    def _statement(self) -> str:
        return self._pick_of(
            self._query,
            self._query,
            lambda: f"INSERT INTO orders (note) {self._query()}",
            lambda: (
                f"UPDATE orders o SET note = {self._expression()} FROM customers c WHERE {self._expression()} "
                f"RETURNING {self._expression()}"
            ),
            lambda: f"DELETE FROM orders o USING customers c, {self._item()} WHERE {self._expression()}",
            lambda: (
                f"MERGE INTO orders o USING customers c ON {self._expression()} "
                f"WHEN MATCHED THEN UPDATE SET note = {self._expression()}"
            ),
            lambda: f"EXPLAIN {self._pick('', 'ANALYZE ', '(ANALYZE off) ')}{self._query()}",
            lambda: f"PREPARE p AS {self._query()}",
            lambda: f"DECLARE c CURSOR FOR {self._query()}",
            lambda: f"COPY ({self._query()}) TO STDOUT",
            lambda: f"CREATE {self._pick('VIEW', 'TABLE', 'MATERIALIZED VIEW')} n AS {self._query()}",
            lambda: f"ALTER TABLE orders ADD COLUMN z int DEFAULT {self._expression()}",
            lambda: f"ALTER TABLE orders ADD CHECK ({self._expression()})",
            lambda: f"CREATE INDEX ON orders (({self._expression()})) WHERE {self._expression()}",
            lambda: f"CREATE POLICY p ON orders USING ({self._expression()})",
            lambda: f"CALL p({self._expression()})",
            lambda: f"VALUES ({self._expression()}), (1)",
        )
