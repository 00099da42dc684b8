import pytest

from passgate.core.errors import ConfigError
from passgate.languages.sql.catalog import Relation
from passgate.languages.sql.reference import catalog_of, reference_catalog

PATH = ("public",)


def relation(schema: str, name: str, namespace: str = "public") -> Relation:
    found = catalog_of(schema).relation(name, namespace, PATH)
    assert found is not None
    return found


def test_the_reference_database() -> None:
    catalog = reference_catalog()
    own = {found.name: found for found in catalog.relations if not found.system}
    assert set(own) == {
        "products", "customers", "orders", "payments", "audit_log", "staging", "customer_v", "orders_id_seq",
        "audit_log_id_seq",
    }  # fmt: skip
    orders = own["orders"]
    assert orders.primary_key == ("id",)
    assert [column.name for column in orders.columns][:4] == ["id", "customer_id", "product_id", "status"]
    assert [key.target_name for key in orders.foreign_keys] == ["customers", "products"]
    assert orders.foreign_keys[0].target_columns == ("id",)
    assert own["staging"].primary_key == ()
    view = own["customer_v"]
    assert (view.kind, [c.name for c in view.columns]) == ("view", ["id", "ref"])
    assert view.view_definition == "SELECT id, ssn AS ref FROM customers"
    assert {found.oid for found in own.values()} == set(range(16384, 16384 + 9))
    assert reference_catalog() is catalog


def test_types_and_nullability_of_columns() -> None:
    found = relation(
        "CREATE TABLE t (a bigserial, b int[] NOT NULL, c varchar(5) PRIMARY KEY, d int GENERATED ALWAYS AS IDENTITY)",
        "t",
    )
    assert [(c.name, c.type_name, c.not_null, c.generated) for c in found.columns] == [
        ("a", "int8", True, False),
        ("b", "_int4", True, False),
        ("c", "varchar", True, False),
        ("d", "int4", True, True),
    ]
    assert found.columns[0].type_oid == 20


def test_what_generated_columns_are_computed_of() -> None:
    found = relation(
        "CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text GENERATED ALWAYS AS (lower(t.a) || b || a) STORED)",
        "t",
    )
    assert {column.name: column.shows for column in found.columns if column.shows} == {"c": ("a", "b")}


def test_keys_of_tables_and_unique_indexes() -> None:
    schema = """
    CREATE TABLE t (a int, b int UNIQUE, c int, PRIMARY KEY (a, c), UNIQUE (b, c));
    CREATE UNIQUE INDEX ON t (c);
    CREATE INDEX ON t (a);
    CREATE UNIQUE INDEX ON t (lower(b::text));
    CREATE UNIQUE INDEX ON t (a) WHERE b > 5;
    CREATE UNIQUE INDEX ON missing (a);
    """
    found = relation(schema, "t")
    assert found.primary_key == ("a", "c")
    assert found.unique_keys == (("b",), ("b", "c"), ("c",))


def test_foreign_keys_with_actions() -> None:
    schema = """
    CREATE SCHEMA crm;
    CREATE TABLE crm.people (id int PRIMARY KEY, code int);
    CREATE TABLE t (person int, code int, FOREIGN KEY (person) REFERENCES crm.people (id) ON DELETE CASCADE ON UPDATE SET NULL,
                    other int REFERENCES gone);
    """
    one, other = relation(schema, "t").foreign_keys
    assert (one.columns, one.target_namespace, one.target_columns) == (("person",), "crm", ("id",))
    assert (one.on_delete, one.on_update) == ("cascade", "set null")
    assert (other.target_name, other.target_columns) == ("gone", ())


def test_partitions_know_their_parent() -> None:
    schema = """
    CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE child (more int) INHERITS (events, gone);
    """
    catalog = catalog_of(schema)
    events = catalog.relation("events", "", PATH)
    assert events is not None
    assert events.kind == "partitioned"
    assert [found.name for found in catalog.children(events)] == ["events_1", "child"]


def test_a_key_does_not_reach_into_tables_that_inherit() -> None:
    schema = """
    CREATE TABLE top (id int PRIMARY KEY, code int UNIQUE);
    CREATE TABLE child (id int PRIMARY KEY) INHERITS (top);
    CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (2);
    """
    top = relation(schema, "top")
    assert (top.primary_key, top.unique_keys) == ((), ())
    assert relation(schema, "child").primary_key == ("id",)
    assert relation(schema, "parts").primary_key == ("id",)


def test_views_take_their_columns_from_their_query() -> None:
    schema = """
    CREATE TABLE t (a int, b text);
    CREATE VIEW v (x) AS SELECT a, lower(b) AS low, t.b FROM t;
    CREATE VIEW w AS SELECT * FROM t UNION SELECT 1, 'AS SELECT';
    """
    view = relation(schema, "v")
    assert [(c.name, c.type_name) for c in view.columns] == [("x", "int4"), ("low", ""), ("b", "text")]
    assert view.view_definition == "SELECT a, lower(b) AS low, t.b FROM t"
    assert [c.name for c in relation(schema, "w").columns] == ["a", "b"]


def test_functions_types_and_sequences() -> None:
    schema = """
    CREATE FUNCTION f(a int, b text DEFAULT 'x', OUT c int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION g(VARIADIC a int[]) RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER AS '';
    CREATE FUNCTION dblink_exec(a text) RETURNS text LANGUAGE sql AS '';
    CREATE PROCEDURE p() LANGUAGE sql AS '';
    CREATE FUNCTION crm.rows() RETURNS TABLE (x int, y text) LANGUAGE sql AS '';
    CREATE TYPE mood AS ENUM ('a');
    CREATE DOMAIN positive AS int CHECK (value > 0);
    CREATE SEQUENCE s;
    """
    catalog = catalog_of(schema)
    (f,) = catalog.functions("f", "", PATH)
    assert (f.min_args, f.max_args, f.volatility, f.language, f.effect) == (1, 2, "stable", "sql", "unknown")
    (g,) = catalog.functions("g", "", PATH)
    assert (g.min_args, g.max_args, g.returns_set, g.security_definer, g.effect) == (0, None, True, True, "definer")
    assert catalog.functions("dblink_exec", "", PATH)[0].effect == "network"
    assert catalog.functions("p", "", PATH)[0].kind == "procedure"
    assert catalog.functions("rows", "crm", ())[0].out_columns == ("x", "y")
    mood, positive = catalog.type("mood", "", PATH), catalog.type("positive", "", PATH)
    assert mood is not None
    assert positive is not None
    assert (mood.kind, positive.kind, positive.base_type) == ("enum", "domain", "int4")
    sequence = catalog.relation("s", "", PATH)
    assert sequence is not None
    assert sequence.kind == "sequence"
    assert sequence.column("last_value") is not None


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("DROP TABLE t", "CREATE statements only, not: DROP TABLE t"),
        ("CREATE TABLE", "cannot be read"),
        ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a + 1 FROM t", "Give every computed column"),
    ],
)
def test_what_does_not_belong_in_a_schema_file_is_an_error(schema: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        catalog_of(schema)


def test_equal_schemas_have_equal_versions() -> None:
    schema = "CREATE TABLE t (a int)"
    assert catalog_of(schema).version == catalog_of(schema).version != reference_catalog().version
