"""What counts as a condition. Each refused form is one that some caller tried, or would try, to reach every row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.languages.sql.catalog import Catalog, Relation
from passgate.languages.sql.conditions import Verdict, judge
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.reference import catalog_of
from passgate.languages.sql.tree import Node, items
from passgate.pipeline.protocols import Input

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text, ssn text, email text UNIQUE NOT NULL, active boolean);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, status text, total numeric, note text,
                     owner_id int NOT NULL REFERENCES customers, paid boolean NOT NULL, tags text[], doc jsonb,
                     ratio float8, created_at timestamptz DEFAULT now(), due date, code text UNIQUE);
CREATE TABLE lines (order_id int, number int, amount numeric, PRIMARY KEY (order_id, number));
CREATE TABLE staging (id int, total numeric);
CREATE VIEW order_v AS SELECT id, status FROM orders;
"""
CATALOG: Catalog = catalog_of(SCHEMA)
PARSER = Parser()
PATH = ("public",)


def relation(name: str) -> Relation:
    found = CATALOG.relation(name, "", PATH)
    assert found is not None
    return found


def verdict(statement: str, inputs: list[Input] | None = None) -> Verdict:
    """Judge a DELETE, an UPDATE or a MERGE as the statement readers do."""
    (parsed,) = PARSER.parse(statement)
    node: Node = parsed.node
    target = node["relation"]
    if parsed.tag == "MergeStmt":
        where, sources = node["joinCondition"], [node["sourceRelation"]]
    else:
        where = node.get("whereClause")
        sources = items(node.get("usingClause") or node.get("fromClause"))
    return judge(
        where,
        relation=relation(target["relname"]),
        catalog=CATALOG,
        alias=target.get("alias", {}).get("aliasname", ""),
        sources=sources,
        inputs=inputs,
    )


def effective(condition: str) -> bool:
    return verdict(f"DELETE FROM orders WHERE {condition}").where_effective


def pinned(condition: str) -> bool:
    return verdict(f"DELETE FROM orders WHERE {condition}").key_pinned


TAUTOLOGIES = [
    "true",
    "1 = 1",
    "1 < 2",
    "NOT false",
    "NOT NOT true",
    "'a' LIKE '%'",
    "'a' = 'a'",
    "'b' <> 'a'",
    "true OR id = 1",
    "id = 1 OR true",
    "id = 1 OR 1 = 1",
    "NOT (id = 1 AND false)",
    "id = id",
    "orders.id = id",
    "status = status",
    "id IS NOT NULL",
    "NOT (id IS NULL)",
    "paid IS NOT NULL",
    "coalesce(id, 1) IS NOT NULL",
    "coalesce(id, 1) = id",
    "id IN (SELECT id FROM orders)",
    "id IN (SELECT o.id FROM orders o)",
    "id = ANY (SELECT id FROM orders)",
    "id IN (SELECT id FROM order_v)",
    "id IN (SELECT id FROM orders WHERE true)",
    "id IN (SELECT id FROM orders UNION SELECT id FROM staging)",
    "id IN (SELECT id FROM orders EXCEPT SELECT 1)",
    "id IN (SELECT orders.id FROM staging)",
    "owner_id IN (SELECT owner_id FROM staging)",
    "owner_id IN (SELECT id FROM customers)",
    "id IN (SELECT generate_series(1, 100000000))",
    "id IN (SELECT g FROM generate_series(1, 100000000) g)",
    "id IN (WITH staging AS (SELECT id FROM orders) SELECT id FROM staging)",
    "id IN (SELECT id FROM orders LIMIT 1000000000)",
    "id IN (SELECT id FROM orders LIMIT ALL)",
    "id IN (SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.name = 'x')",
    "id IN (SELECT o.id FROM orders o, customers c WHERE c.id = 5)",
    "id IN (SELECT max(id) FROM orders GROUP BY id)",
    "id IN (SELECT id FROM orders WHERE EXISTS (SELECT 1))",
    "id IN (1, id)",
    "id = ANY (ARRAY[id])",
    "id = ANY (ARRAY[1, id])",
    "ctid = ANY (ARRAY(SELECT ctid FROM orders))",
    "id = ANY (ARRAY(SELECT id FROM orders))",
    "id >= ALL (ARRAY[1])",
    "id <> ALL (ARRAY[1])",
    "id >= ANY (ARRAY[0])",
    "EXISTS (SELECT 1)",
    "EXISTS (SELECT 1 FROM customers)",
    "EXISTS (SELECT FROM orders o WHERE o.id = orders.id)",
    "EXISTS (SELECT FROM customers c WHERE c.id = orders.owner_id)",
    "EXISTS (SELECT FROM order_v o WHERE o.id = orders.id)",
    "NOT EXISTS (SELECT 1 FROM customers WHERE false)",
    "id NOT IN (SELECT id FROM staging)",
    "id >= (SELECT min(id) FROM orders)",
    "id = (SELECT o.id FROM orders o WHERE o.id = orders.id)",
    "id > -1",
    "id > 0",
    "id >= 0",
    "id >= 1",
    "0 < id",
    "id > -1 + 0",
    "id > '0'",
    "id > 0::bigint",
    "id < 2147483647",
    "id <= 1000000",
    "id BETWEEN 0 AND 2147483647",
    "id BETWEEN SYMMETRIC 2147483647 AND 0",
    "id BETWEEN -2147483648 AND 2147483647",
    "NOT (id < 0)",
    "NOT (id BETWEEN -5 AND -1)",
    "id NOT BETWEEN -5 AND -1",
    "id < 'Infinity'::numeric",
    "owner_id > 0",
    "customer_id >= 1",
    "total >= 0",
    "total > -1",
    "total < 999999999",
    "total < 'NaN'",
    "total < 1e10",
    "id <> 0",
    "id != -1",
    "NOT id = 0",
    "id NOT IN (0, -1)",
    "status <> 'no such status'",
    "NOT (status = 'no such status')",
    "id IS DISTINCT FROM 0",
    "created_at < now()",
    "created_at <= current_timestamp",
    "created_at < now() + interval '100 years'",
    "created_at < 'infinity'",
    "created_at > '-infinity'",
    "created_at > '1970-01-01'",
    "created_at > 'epoch'",
    "created_at < '9999-12-31'",
    "created_at >= now() - interval '100 years'",
    "created_at > now() - 100 * interval '1 year'",
    "created_at < now() - interval '1 microsecond'",
    "created_at < now() - interval '-100 years'",
    "created_at < now() - interval '100 years ago'",
    "due < current_date + 1",
    "due <= current_date + 36500",
    "due > current_date - 36500",
    "length(status) >= 0",
    "length(note) > -1",
    "random() >= 0",
    "random() < 2",
    "id % 1 = 0",
    "id * 0 = 0",
    "id - id = 0",
    "abs(id) >= 0",
    "(id = 5 OR NOT (id = 5))",
    "(id = 5 OR id <> 5)",
    "(paid OR NOT paid)",
    "paid IN (true, false)",
    "paid = true OR paid = false",
    "paid IS TRUE OR paid IS NOT TRUE",
    "status IS NULL OR status IS NOT NULL",
    "total > 5 OR total <= 5",
    "total > 5 OR total IN (1, 2, 3, 4, 5)",
    "id > 5 OR id < 6",
    "status LIKE '%'",
    "status LIKE '%%'",
    "status LIKE '_%'",
    "status LIKE '%' || ''",
    "status ILIKE '%'",
    "email_of(status) LIKE 'a%'",
    "status SIMILAR TO '%'",
    "status NOT LIKE 'zzz%'",
    "id::text ~ '.*'",
    "status ~ '.*'",
    "status ~ '^'",
    "status ~ '^a*'",
    "status ~ '^a|.*'",
    "status !~ 'zzz'",
    "id::text LIKE '%'",
    "created_at::text LIKE '2%'",
    "ctid::text LIKE '(%'",
    "id::bool = true",
    "id::bool",
    "CASE WHEN id = 1 THEN true ELSE true END",
    "CASE WHEN true THEN true END",
    "(CASE WHEN id > 0 THEN 1 ELSE 1 END) = 1",
    "tableoid = 'orders'::regclass",
    "xmax = 0",
    "(id = 1) IS NOT UNKNOWN",
    "(id = 1) IS NOT NULL",
    "(id = 1) IS DISTINCT FROM NULL",
    "(id = 1) IN (true, false)",
    "(id, status) IS NOT NULL",
    "orders IS NOT NULL",
    "(SELECT true)",
    "(SELECT 1) = 1",
    "(SELECT count(*) FROM customers) >= 0",
    "greatest(id, 1) >= 1",
    "status || '' = status",
    "coalesce(status, '') >= ''",
    "status >= ''",
    "status < 'zzzzzz'",
    "nullif(id, -1) IS NOT NULL",
    "id OPERATOR(public.=) 5",
    "0.001::money <> 0::money",
    "0.1::float4 <> 0.1::float8",
    "1000000000000000000000000000000 + 1 <> 1000000000000000000000000000000",
    "doc @> '{}'",
    "tags @> '{}'",
    "tags @> ARRAY[]::text[]",
    "extract(month FROM created_at) IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)",
    "extract(century FROM created_at) = 21",
    "date_trunc('millennium', created_at) = '2001-01-01'",
    "date_part('year', created_at) >= 0",
    "id = random()",
    "ratio < 1e300",
    "row_number() OVER () > 0",
    "missing = 5",
    "other.id = 5",
]


@pytest.mark.parametrize("condition", TAUTOLOGIES)
def test_a_condition_that_may_leave_nothing_out_is_not_effective(condition: str) -> None:
    assert not effective(condition)
    assert not pinned(condition)


NARROW = [
    "status = 'open'",
    "'open' = status",
    "orders.status = 'open'",
    "public.orders.status = 'open'",
    "status IN ('open', 'new')",
    "status = ANY (ARRAY['open', 'new'])",
    "status = ANY ('{open,new}')",
    "status = ANY ($1)",
    "status = $1",
    "status = lower('OPEN')",
    "lower(status) = 'open'",
    "status COLLATE \"C\" = 'open'",
    "status = 'open' COLLATE \"C\"",
    "customer_id = 5 AND true",
    "true AND customer_id = 5",
    "false OR customer_id = 5",
    "1 = 0 OR customer_id = 5",
    "NOT NOT customer_id = 5",
    "NOT (customer_id <> 5)",
    "(customer_id = 5) IS TRUE",
    "(customer_id <> 5) IS FALSE",
    "customer_id IS NOT DISTINCT FROM 5",
    "customer_id = (SELECT 5)",
    "customer_id = (SELECT max(id) FROM customers)",
    "customer_id = (SELECT id FROM customers WHERE name = 'x')",
    "note IS NULL",
    "note IS NOT NULL",
    "NOT (note IS NULL)",
    "paid",
    "NOT paid",
    "paid = true",
    "paid <> true",
    "paid IS TRUE",
    "paid IS NOT TRUE",
    "total > 100",
    "total > 0",
    "total < 0",
    "100 < total",
    "NOT (total <= 100)",
    "total BETWEEN 5 AND 10",
    "total BETWEEN SYMMETRIC 10 AND 5",
    "id > 1000",
    "id < 100",
    "id BETWEEN 5 AND 9",
    "created_at < now() - interval '30 days'",
    "created_at < now() - interval '1' day",
    "created_at < current_date - 30",
    "created_at < '2020-01-01'",
    "created_at < timestamptz '2020-01-01 10:00:00+00'",
    "created_at > now() - interval '1 hour 30 minutes'",
    "created_at > now() - 2 * interval '1 day'",
    "created_at >= current_date",
    "due > 'yesterday'",
    "due = current_date",
    "created_at::date = '2024-01-01'",
    "date_trunc('day', created_at) = '2024-01-01'",
    "extract(year FROM created_at) = 2024",
    "status LIKE 'op%'",
    "status LIKE '%open%'",
    "status ILIKE 'op%'",
    "lower(status) LIKE 'op%'",
    "status ~ '^open'",
    "tags @> ARRAY['a']",
    "tags @> '{a}'",
    "doc @> '{\"a\": 1}'",
    "doc ->> 'kind' = 'x'",
    "status = 'a' OR status = 'b'",
    "status = 'a' OR total > 5",
    "status IS NULL OR status = 'x'",
    "NOT (status <> 'a' AND status <> 'b')",
    "customer_id IN (SELECT id FROM customers WHERE name = 'x')",
    "customer_id IN (SELECT id FROM customers)",
    "id IN (SELECT id FROM staging)",
    "id IN (SELECT s.id FROM staging s JOIN customers c ON c.id = s.id)",
    "id IN (SELECT id FROM orders WHERE status = 'x')",
    "id IN (SELECT id FROM order_v WHERE status = 'x')",
    "id IN (SELECT o.id FROM orders o JOIN staging s ON s.id = o.id)",
    "id IN (SELECT id FROM orders LIMIT 10)",
    "id IN (SELECT id FROM staging UNION SELECT 5)",
    "id IN (SELECT id FROM orders INTERSECT SELECT id FROM staging)",
    "id IN (SELECT max(id) FROM orders)",
    "id IN (VALUES (1), (2))",
    "ctid = ANY (ARRAY(SELECT ctid FROM orders WHERE status = 'x'))",
    "EXISTS (SELECT FROM staging s WHERE s.id = orders.id)",
    "EXISTS (SELECT FROM staging WHERE orders.id = staging.id AND staging.total = 1)",
    "EXISTS (SELECT FROM lines WHERE order_id = id)",
    "ctid = '(0,1)'",
    "CURRENT OF c",
    "false",
    "NULL",
    "status = NULL",
    "(status, total) = ('x', 5)",
    "(status, total) IN (('x', 5), ('y', 6))",
]


@pytest.mark.parametrize("condition", NARROW)
def test_a_condition_that_leaves_rows_out_is_effective(condition: str) -> None:
    assert effective(condition)


PINNED = [
    "id = 42",
    "42 = id",
    "orders.id = 42",
    "id = '42'",
    "id = '42'::int",
    "id = 40 + 2",
    "id = -1",
    "id = $1",
    "id = $1::int",
    "id = 42 AND status = 'open'",
    "id = 42 AND true",
    "(id = 42)",
    "NOT (id <> 42)",
    "id IN (1, 2, 3)",
    "id = ANY (ARRAY[1, 2])",
    "id = ANY ('{1,2}'::int[])",
    "id = 1 OR id = 2",
    "id IN (SELECT 1)",
    "id = (SELECT 1)",
    "id IN (VALUES (1), (2))",
    "id BETWEEN 0 AND 99 AND id = 5",
    "(id, status) = (1, 'x')",
    "(id, status) IN ((1, 'x'), (2, 'y'))",
]


@pytest.mark.parametrize("condition", PINNED)
def test_a_key_equal_to_given_values_is_pinned(condition: str) -> None:
    assert pinned(condition)
    assert effective(condition)


UNPINNED = [
    "id > 5",
    "id = 1 OR status = 'x'",
    "id = 1 OR id > 5",
    "id = lower('1')",
    "id = (SELECT max(id) FROM orders)",
    "id::text = '5'",
    "status = 'x'",
    "code = 'nullable unique key'",
    "id = ANY ($1)",
    "id IN (" + ", ".join(map(str, range(101))) + ")",
    "CURRENT OF c",
    "id IN (SELECT id FROM orders WHERE id = 5)",
    "false",
    "NOT (id = 5)",
]


@pytest.mark.parametrize("condition", UNPINNED)
def test_a_key_that_is_not_given_is_not_pinned(condition: str) -> None:
    assert not pinned(condition)


def test_no_condition_at_all() -> None:
    found = verdict("DELETE FROM orders")
    assert found == Verdict(where_effective=False, key_pinned=False, inputs_matter=False)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("order_id = 1 AND number = 2", True),
        ("(order_id, number) = (1, 2)", True),
        ("order_id = 1 AND number IN (1, 2)", True),
        ("order_id = 1", False),
        ("order_id = 1 OR number = 2", False),
        ("order_id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND number IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", False),
    ],
)
def test_a_key_of_two_columns_needs_both(condition: str, expected: bool) -> None:
    assert verdict(f"DELETE FROM lines WHERE {condition}").key_pinned is expected


def test_a_unique_key_that_cannot_be_null_pins() -> None:
    assert verdict("DELETE FROM customers WHERE email = 'a@example.com'").key_pinned


def test_a_view_has_no_key_and_its_nullability_is_not_known() -> None:
    assert not verdict("UPDATE order_v SET status = 'x' WHERE id = 1").key_pinned
    assert verdict("UPDATE order_v SET status = 'x' WHERE id = 1").where_effective
    assert not verdict("UPDATE order_v SET status = 'x' WHERE id IS NOT NULL").where_effective


@pytest.mark.parametrize(
    ("statement", "where", "key"),
    [
        ("UPDATE orders o SET total = 0 WHERE o.id = 1", True, True),
        ("UPDATE orders o SET total = 0 WHERE orders.id = 1", False, False),
        ("UPDATE orders SET total = 0 FROM customers c WHERE c.id = 3", False, False),
        ("UPDATE orders SET total = 0 FROM customers c WHERE ssn = 'x'", False, False),
        ("UPDATE orders SET total = 0 FROM customers c WHERE c.id = customer_id", True, False),
        ("UPDATE orders SET total = 0 FROM customers c WHERE c.id = owner_id", False, False),
        ("UPDATE orders SET total = 0 FROM customers c WHERE c.id = owner_id AND status = 'x'", True, False),
        ("UPDATE orders o SET total = 0 FROM orders p WHERE o.id = p.id", False, False),
        ("UPDATE orders o SET total = 0 FROM order_v p WHERE o.id = p.id", False, False),
        ("UPDATE orders o SET total = 0 FROM (SELECT id FROM orders) p WHERE o.id = p.id", False, False),
        ("UPDATE orders o SET total = v.t FROM (VALUES (1, 5), (2, 6)) v(id, t) WHERE o.id = v.id", True, True),
        ("UPDATE orders o SET total = 0 FROM (VALUES (1)) v(x) WHERE o.id = x", True, True),
        ("UPDATE orders o SET total = 0 FROM (VALUES (1)) v(x) WHERE true", False, False),
        ("UPDATE orders SET total = 0 FROM customers c JOIN staging s ON total = 5", False, False),
        ("DELETE FROM orders USING staging s WHERE s.id = orders.id", True, False),
        ("DELETE FROM orders USING staging s, customers c WHERE s.id = c.id", False, False),
        ("DELETE FROM orders USING generate_series(1, 9) g WHERE g = id", False, False),
        ("MERGE INTO orders o USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE", False, False),
        ("MERGE INTO orders o USING staging s ON s.id = o.id WHEN MATCHED THEN DELETE", True, False),
        ("MERGE INTO orders o USING (SELECT 1 AS id) s ON s.id = o.id WHEN MATCHED THEN DELETE", True, True),
        ("MERGE INTO orders o USING staging s ON o.id = 5 WHEN MATCHED THEN DELETE", True, True),
    ],
)
def test_joins(statement: str, where: bool, key: bool) -> None:
    found = verdict(statement)
    assert (found.where_effective, found.key_pinned) == (where, key)


def test_a_with_query_hides_the_relation_of_its_name() -> None:
    (parsed,) = PARSER.parse("DELETE FROM orders WHERE id IN (SELECT id FROM staging)")
    where = parsed.node["whereClause"]
    found = judge(where, relation=relation("orders"), catalog=CATALOG, ctes=frozenset({"staging"}))
    assert not found.where_effective


@pytest.mark.parametrize(
    ("condition", "value", "type_", "expected"),
    [
        ("$1 OR id = 5", "false", "bool", True),
        ("$1 OR id = 5", "true", "bool", False),
        ("$1 OR id = 5", None, "bool", True),
        ("$1 OR id = 5", "off", "", True),
        ("status LIKE $1", "%", "text", False),
        ("status LIKE $1", "abc%", "text", True),
        ("id > $1", "0", "int4", False),
        ("id > $1", "5000", "int4", True),
        ("total > $1", "12.5", "float8", True),
        ("created_at < $1", "2020-01-01", "timestamptz", True),
        ("created_at < $1", "9999-01-01", "timestamptz", False),
        ("$1 = 1 OR id = 5", "2", "int4", True),
        ("$1 = 1 OR id = 5", "1", "int4", False),
        ("$1 = 'x' OR id = 5", "y", "text", False),
    ],
)
def test_a_bound_parameter_may_decide(condition: str, value: str | None, type_: str, expected: bool) -> None:
    statement = f"DELETE FROM orders WHERE {condition}"
    unbound = verdict(statement)
    assert unbound.inputs_matter
    assert not unbound.where_effective
    bound = verdict(statement, [Input(value=value, type=type_)])
    assert bound.inputs_matter
    assert bound.where_effective is expected


def test_an_array_parameter_pins_by_how_many_it_holds() -> None:
    statement = "DELETE FROM orders WHERE id = ANY ($1)"
    assert verdict(statement, [Input(value="{1,2,3}", type="_int4")]).key_pinned
    many = "{" + ",".join(map(str, range(200))) + "}"
    assert not verdict(statement, [Input(value=many, type="_int4")]).key_pinned
    assert verdict(statement, [Input(value=many, type="_int4")]).where_effective


def test_an_opaque_or_missing_parameter_decides_nothing() -> None:
    statement = "DELETE FROM orders WHERE $2 OR id = 5"
    assert not verdict(statement, [Input(value="f", type="bool")]).where_effective
    opaque = [Input(value="f"), Input(value="f", opaque=True)]
    assert not verdict(statement, opaque).where_effective


def test_plain_equality_with_a_parameter_needs_no_second_look() -> None:
    found = verdict("DELETE FROM orders WHERE id = $1")
    assert found == Verdict(where_effective=True, key_pinned=True, inputs_matter=False)


def test_a_condition_that_nests_too_deeply_counts_for_nothing() -> None:
    assert not effective("NOT " * 150 + "id = 5")
    assert effective("NOT " * 50 + "id = 5")


WRAPPINGS = [
    "({0})",
    "({0}) AND true",
    "true AND ({0})",
    "({0}) OR false",
    "false OR ({0})",
    "NOT (NOT ({0}))",
    "({0}) IS TRUE",
    "({0}) OR ({0})",
    "({0}) AND ({0})",
    "coalesce({0}, true)",
    "CASE WHEN ({0}) THEN true ELSE true END",
    "({0}) OR NOT ({0})",
    "({0}) = ({0})",
    "({0}) IS NOT NULL OR ({0})",
    "({0}) OR id IS NOT NULL",
    "({0}) OR NULL",
    "({0}) AND id IS NOT NULL",
]


@given(st.sampled_from(TAUTOLOGIES), st.lists(st.sampled_from(WRAPPINGS), max_size=4))
def test_no_wrapping_makes_a_weak_condition_strong(condition: str, wrappings: list[str]) -> None:
    for wrapping in wrappings:
        condition = wrapping.format(condition)
    assert not effective(condition)
    assert not pinned(condition)


@given(st.sampled_from([c for c in NARROW + PINNED if "CURRENT OF" not in c]), st.sampled_from(TAUTOLOGIES))
def test_a_weak_alternative_makes_any_condition_weak(strong: str, weak: str) -> None:
    assert not effective(f"({strong}) OR ({weak})")
    assert not pinned(f"({weak}) OR ({strong})")


@given(st.sampled_from([c for c in NARROW if "CURRENT OF" not in c]), st.sampled_from(WRAPPINGS[:7]))
def test_a_harmless_wrapping_keeps_a_strong_condition_strong(condition: str, wrapping: str) -> None:
    assert effective(wrapping.format(condition))
