import pytest

from tests.unit.languages.sql.shop import action, acts, said, shows, understander


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("EXPLAIN DELETE FROM orders", "explain", "read", ["explain relation public.orders read"]),
        ("EXPLAIN SELECT ssn FROM customers", "explain", "read", ["explain relation public.customers.ssn read"]),
        ("EXPLAIN CREATE TABLE t AS SELECT 1", "explain", "read", ["explain relation public.t read additive"]),
        (
            "EXPLAIN SELECT pg_terminate_backend(1)",
            "explain",
            "read",
            ["call function pg_catalog.pg_terminate_backend admin admin"],
        ),
        ("EXPLAIN ANALYZE DELETE FROM orders", "explain", "write", ["delete relation public.orders write"]),
        (
            "EXPLAIN (ANALYZE, COSTS off) SELECT ssn FROM customers",
            "explain",
            "read",
            ["select relation public.customers.ssn read"],
        ),
        ("EXPLAIN (ANALYZE false) DELETE FROM orders", "explain", "read", ["explain relation public.orders read"]),
        ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "explain", "ddl", ["create_as relation public.t ddl additive"]),
        ("EXPLAIN SELECT 1 FROM orders FOR UPDATE", "explain", "read", ["explain relation public.orders read"]),
        (
            "EXPLAIN REFRESH MATERIALIZED VIEW customer_v",
            "explain",
            "read",
            ["explain relation public.customer_v read"],
        ),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


@pytest.mark.parametrize(
    "option",
    [
        "ANALYZE",
        "ANALYZE true",
        "ANALYZE on",
        "ANALYZE 1",
        "ANALYZE 'TRUE'",
        "ANALYZE maybe",
        "ANALYZE false, ANALYZE true",
    ],
)
def test_whatever_is_not_surely_off_runs(option: str) -> None:
    assert action(f"EXPLAIN ({option}) DELETE FROM orders").verb_class == "write"


@pytest.mark.parametrize("option", ["ANALYZE false", "ANALYZE off", "ANALYZE 0", "VERBOSE", "ANALYZE 'OFF'"])
def test_what_is_off_does_not(option: str) -> None:
    assert action(f"EXPLAIN ({option}) DELETE FROM orders").verb_class == "read"


def test_a_plan_shows_no_value() -> None:
    assert shows("EXPLAIN ANALYZE SELECT ssn FROM customers") == {"QUERY PLAN": ""}


def test_what_is_explained_is_not_remembered() -> None:
    session = understander()
    for text in ("EXPLAIN DECLARE c CURSOR FOR SELECT 1", "EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT 1"):
        session.succeeded(session.understand(text).actions[0])
        assert not session.understand("FETCH c").actions[0].complete
    session.succeeded(session.understand("EXPLAIN ANALYZE CREATE TEMP TABLE orders AS SELECT 1").actions[0])
    assert not session.understand("SELECT 1 FROM orders").actions[0].complete


def test_what_is_not_understood() -> None:
    assert not action("EXPLAIN ANALYZE EXECUTE p(1)").complete
    assert not action("EXPLAIN (novel) SELECT 1").complete


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN ANALYZE SELECT id, substr(name, 1, ascii(ssn)) FROM customers ORDER BY id",
        "EXPLAIN ANALYZE WITH q AS MATERIALIZED (SELECT id, repeat('x', ascii(ssn)) FROM customers) SELECT id FROM q ORDER BY id",
        "EXPLAIN ANALYZE SELECT string_agg(ssn, ',') FROM customers",
        "EXPLAIN ANALYZE SELECT (c).* FROM (SELECT c FROM customers c) q",
    ],
)
def test_the_figures_of_a_plan_that_ran_tell_of_what_was_computed(text: str) -> None:
    """The memory that a sort took says how long it was, and so answers a question a statement."""
    assert "select customers.ssn predicate" in said(text)


def test_a_plan_shows_nothing_of_a_bare_copy_nor_of_what_did_not_run() -> None:
    assert "select customers.ssn predicate" not in said("EXPLAIN ANALYZE SELECT id, ssn FROM customers ORDER BY id")
    assert "predicate" not in str(said("EXPLAIN SELECT id, upper(ssn) FROM customers ORDER BY id"))
