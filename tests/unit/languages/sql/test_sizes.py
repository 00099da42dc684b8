import pytest

from tests.unit.languages.sql.shop import action, said


def amplified(text: str) -> bool:
    return any(atom.object.effect == "amplify" for atom in action(text).atoms)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT repeat('x', 1000000000)",
        "SELECT repeat(repeat('x', 10000), 10000)",
        "SELECT repeat('x'||repeat('y',10000), 10000)",
        "SELECT lpad('x', 100000000)",
        "SELECT rpad('x', 10^9::int)",
        "SELECT array_fill(0, ARRAY[100000000])",
        "SELECT array_fill(0, ARRAY[10000, 10000])",
        "SELECT * FROM generate_series(1, 1000000000)",
        "SELECT generate_series(1, 10000000000, 10)",
        "SELECT repeat('x', (SELECT 1000000000))",
        "SELECT repeat('x', length('y') * 1000000000)",
        "SELECT upper(repeat('x', 1000000000))",
        "SELECT 1 FROM orders WHERE note = repeat('x', 1000*1000*1000)",
        "SELECT repeat(upper(repeat('x', 10000)), 10000)",
        "SELECT repeat('x', (1e308*10)-(1e308*10)+1000000000)",
    ],
)
def test_much_out_of_little(text: str) -> None:
    assert amplified(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT repeat('-', 80)",
        "SELECT lpad(id::text, 10, '0') FROM orders",
        "SELECT repeat('x', id) FROM orders",
        "SELECT * FROM generate_series(1, 1000)",
        "SELECT * FROM generate_series('2024-01-01'::date, now(), '1 day')",
        "SELECT array_fill(0, ARRAY[10])",
        "SELECT generate_series(1, 10, 0)",
        "SELECT repeat(note, 3) FROM orders",
        "SELECT array_fill(0, ARRAY[id]) FROM orders",
        "SELECT repeat('#', (count(*) / 10)::int) FROM orders",
        "SELECT format('100%% of %s, %10s', note, id) FROM orders",
        "SELECT format('%*s', 10, 'x')",
    ],
)
def test_modest_calls(text: str) -> None:
    assert not amplified(text)


def test_parameters_are_asked_for() -> None:
    assert "call repeat" in said("SELECT repeat('x', $1)", ["1000000000"])
    assert any(a.object.effect == "amplify" for a in action("SELECT repeat('x', $1)", ["1000000000"]).atoms)


def test_a_join_with_a_long_series_multiplies_rows() -> None:
    assert action("SELECT 1 FROM generate_series(1,1000000) a, generate_series(1,1000000) b").facts["sql.cartesian"]
    assert action("SELECT 1 FROM orders, generate_series(1,1000000) b").facts["sql.cartesian"]
    assert not action("SELECT 1 FROM orders, generate_series(1,10) b").facts["sql.cartesian"]


@pytest.mark.parametrize(
    "pattern", ["'%1000000000s', 'x'", "'%1$-1000000000s', 'x'", "'%*s', 1000000000, 'x'", "'%2$*1$s', 1000000000, 'x'"]
)
def test_format_pads_as_far_as_it_is_told(pattern: str) -> None:
    assert amplified(f"SELECT format({pattern})")


@pytest.mark.parametrize(
    "rows",
    [
        "VALUES (1), (2)",
        "SELECT 1",
        "SELECT lower('x') WHERE NOT EXISTS (SELECT 1 FROM orders)",
        "SELECT v.a FROM (VALUES (1, 0), (2, 1)) AS v(a, n) ORDER BY n",
    ],
)
def test_rows_that_are_written_out(rows: str) -> None:
    assert written(rows)


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT id FROM orders",
        "SELECT generate_series(1, 10)",
        "SELECT lower(unnest(ARRAY['a', 'b']))",
        "SELECT nobody_knows(1)",
        "SELECT a FROM (VALUES (1)) v(a), generate_series(1, 10)",
        "SELECT a FROM (VALUES (1)) v(a) JOIN orders ON true",
        "SELECT 1 UNION ALL SELECT id FROM orders",
        "WITH w AS (SELECT 1) SELECT * FROM w",
        "SELECT 1 FROM (SELECT id FROM orders) s",
    ],
)
def test_rows_that_are_not_written_out(rows: str) -> None:
    assert not written(rows)


def written(rows: str) -> bool:
    return next(atom for atom in action(f"INSERT INTO orders (id) {rows}").atoms if atom.verb == "insert").key_pinned
