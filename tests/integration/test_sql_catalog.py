"""The catalog read from a real server, and the shipped tables compared with what that server says of itself."""

from collections.abc import Iterator, Sequence

import psycopg
import pytest
from psycopg import pq

from passgate.endpoints.postgres import CatalogQuery, Upstream
from passgate.languages.sql import knowledge
from passgate.languages.sql.snapshot import load
from passgate.testing import PostgresCluster
from tests.integration.conftest import Secret

OBJECTS = """
CREATE SCHEMA crm;
CREATE TABLE crm.people (id int PRIMARY KEY, email text UNIQUE NOT NULL, gone int, note text);
ALTER TABLE crm.people DROP COLUMN gone;
CREATE TABLE public.visits (id bigserial PRIMARY KEY, person int REFERENCES crm.people ON DELETE CASCADE, at date);
CREATE TABLE public.days (at date PRIMARY KEY) PARTITION BY RANGE (at);
CREATE TABLE public.days_1 PARTITION OF public.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE crm.accounts (id int PRIMARY KEY, email text, at text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED,
                           twice int GENERATED ALWAYS AS (id * 2) STORED, serial int GENERATED ALWAYS AS IDENTITY, x int DEFAULT 1);
CREATE VIEW public.emails AS SELECT email FROM crm.people;
CREATE VIEW public.seen AS SELECT at FROM visits;
CREATE FUNCTION public.peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION public.ok(t text) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN public.checked AS text CHECK (public.ok(value));
CREATE OPERATOR public.<=?> (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE FUNCTION public.same(a text, b text) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR public.=?= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
"""


class PlainQuery:
    """A ``TargetQuery`` over one connection, in text."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._connection = connection

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        result = self._connection.pgconn.exec_(text.encode())
        assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
        return [
            [
                None if (cell := result.get_value(row, column)) is None else cell.decode()
                for column in range(result.nfields)
            ]
            for row in range(result.ntuples)
        ]


@pytest.fixture(scope="module")
def connection(cluster: PostgresCluster) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    cluster.psql("CREATE DATABASE catalogs")
    cluster.psql(OBJECTS, database="catalogs")
    with psycopg.connect(cluster.dsn("catalogs"), autocommit=True) as opened:
        yield opened


def names(connection: psycopg.Connection[tuple[object, ...]], query: str) -> set[str]:
    return {str(row[0]) for row in connection.execute(query.encode())}


async def test_users_objects(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    catalog = await load(PlainQuery(connection))
    people = catalog.relation("people", "crm", ())
    assert people is not None
    assert [(column.name, column.number) for column in people.columns] == [("id", 1), ("email", 2), ("note", 4)]
    assert people.not_null_keys == (("id",), ("email",))
    visits = catalog.relation("visits", "", ("public",))
    assert visits is not None
    assert visits.foreign_keys[0].on_delete == "cascade"
    days, part = catalog.relation("days", "", ("public",)), catalog.relation("days_1", "", ("public",))
    assert days is not None
    assert part is not None
    assert catalog.parents(part) == (days,)
    (peek,) = catalog.functions("peek", "", ("public",))
    assert peek.effect == "definer"
    accounts = catalog.relation("accounts", "crm", ())
    assert accounts is not None
    assert {c.name: c.shows for c in accounts.columns if c.shows} == {"at": ("email",), "twice": ("id",)}
    checked = catalog.type("checked", "", ("public",))
    assert checked is not None
    assert [function.name for function in checked.input_functions] == ["ok"]
    assert [o.function.name for o in catalog.operators("=?=", "", ("public",))] == ["same"]
    assert catalog.operators("<=?>", "", ("public",)) == ()  # the server's own function: no code of a user's


async def test_view_definitions_are_qualified_and_the_connections_own_path_stays(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    before = names(connection, "SHOW search_path")
    catalog = await load(PlainQuery(connection))
    seen = catalog.relation("seen", "", ("public",))
    assert seen is not None
    assert seen.view_definition is not None
    assert "FROM public.visits" in seen.view_definition
    assert names(connection, "SHOW search_path") == before


async def test_the_gates_own_connection_reads_the_same_as_an_unprivileged_user_and_read_only(
    connection: psycopg.Connection[tuple[object, ...]], cluster: PostgresCluster
) -> None:
    upstream = Upstream(
        host=cluster.host,
        port=cluster.port,
        database="catalogs",
        user="app",
        credential=Secret("app-password"),
        ca=cluster.ca,
    )
    query = CatalogQuery(upstream)
    try:
        assert (await load(query)).version == (await load(PlainQuery(connection))).version
    finally:
        query.close()


async def test_a_change_changes_the_version_and_undoing_it_changes_it_back(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    query = PlainQuery(connection)
    before = (await load(query)).version
    assert (await load(query)).version == before
    connection.execute("ALTER TABLE crm.people ENABLE ROW LEVEL SECURITY")
    assert (await load(query)).version != before
    connection.execute("ALTER TABLE crm.people DISABLE ROW LEVEL SECURITY")
    assert (await load(query)).version == before


async def test_another_sessions_temporary_tables_are_not_in_it(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    connection.execute("CREATE TEMP TABLE scratch (a int)")
    catalog = await load(PlainQuery(connection))
    assert not any(relation.name == "scratch" for relation in catalog.relations)
    assert not any(schema.startswith("pg_temp") for schema in catalog.schemas)


def test_every_function_of_the_server_has_been_judged(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    there = names(
        connection,
        "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND oid < 16384",
    )
    missing = there - knowledge.effects().keys()
    version = connection.info.server_version // 10000
    if version <= 15:
        assert missing == set()
    else:
        bare = knowledge.build_catalog()
        assert {bare.functions(name, "", ()) for name in missing} <= {()}


def test_every_system_relation_that_holds_secrets_is_tagged(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    columns = names(
        connection,
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')"
        " AND a.attname ~ '(passwd|password|conninfo|most_common_vals|stavalues|umoptions)'",
    )
    hidden_by_the_server = {"pg_roles", "pg_user"}  # they print ******** for the password
    assert {name for name in columns if not knowledge.tags_of(name)} <= hidden_by_the_server


def test_every_setting_of_the_server_is_in_the_table(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    there = names(connection, "SELECT lower(name) FROM pg_settings WHERE name !~ '[.]'")
    known = set(knowledge._settings())
    if connection.info.server_version // 10000 == 15:
        assert there <= known
    assert {name for name in there if knowledge.setting_effect(name) == "harmless"} == {
        "application_name",
        "datestyle",
        "timezone",
        "extra_float_digits",
        "intervalstyle",
        "bytea_output",
    }
