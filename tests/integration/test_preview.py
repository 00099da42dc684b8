"""A held write is tried out on a connection of the gate's own, shown masked, and may then change as many rows and no more."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from passgate.approvals.desk import Desk
from passgate.approvals.record import Records
from passgate.approvals.sealing import Sealer
from passgate.core.principal import PrincipalKind
from passgate.core.resource import Resource
from passgate.endpoints.postgres import CatalogQuery, PostgresEndpoint, PostgresSettings, Target, Upstream
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.source import CatalogSource
from passgate.masking import LineagePlanner, SessionMaskerFactory, open_detector
from passgate.masking.detectors import Detector
from passgate.pipeline.approval_desk import ApprovalRequest, Voter
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.policy.source import BundleSource
from passgate.store.approval_store import ApprovalRequestStore
from passgate.testing import PostgresCluster
from tests.integration.conftest import Secret
from tests.integration.fakes import CountingLogins, MemoryPasses, MemoryRecorder
from tests.unit.approvals.parts import fresh_database

TABLES = """
CREATE DATABASE held OWNER app;
"""
SCHEMA = """
SET ROLE app;
CREATE TABLE accounts (id int PRIMARY KEY, owner text NOT NULL, email text, iban text, note text);
CREATE TABLE moves (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account int REFERENCES accounts ON DELETE CASCADE, sum int);
CREATE TABLE watched (id int PRIMARY KEY, note text);
CREATE TABLE log (what text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO log VALUES ('w'); RETURN NULL; END$$;
CREATE TRIGGER watching AFTER UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION watch();
CREATE FUNCTION guess() RETURNS int LANGUAGE sql AS $$SELECT 4$$;
CREATE TABLE guessed (id int DEFAULT guess(), note text);
CREATE SCHEMA other;
CREATE TABLE other.tenants (id int PRIMARY KEY, note text);
ALTER TABLE other.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE other.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON other.tenants USING (note = current_setting('app.tenant', true));
INSERT INTO watched VALUES (1, 'a');
RESET ROLE;
CREATE ROLE writer NOLOGIN;
GRANT writer TO app;
GRANT USAGE ON SCHEMA public TO writer;
GRANT UPDATE, DELETE ON accounts TO writer;
GRANT SELECT (id) ON accounts TO writer;
INSERT INTO other.tenants SELECT n, 't' || n % 4 FROM generate_series(1, 20) n;
"""
ROWS = """
SET ROLE app;
TRUNCATE accounts, moves RESTART IDENTITY;
INSERT INTO accounts SELECT n, 'owner ' || n, 'user' || n || '@example.com', 'DE' || n, 'note ' || n
  FROM generate_series(1, 20) n;
INSERT INTO moves (account, sum) SELECT n, n FROM generate_series(1, 20) n;
"""
RULES = """
rules:
- {id: reads, when: "verb_class == 'read'", then: allow}
- {id: rest, when: "verb_class in ['ddl', 'code', 'admin', 'session'] || verb == 'call'", then: allow}
- id: writes
  when: "verb_class == 'write'"
  then: hold
  approvers: {group: dba, count: 1, expires: 10m}
- id: only-with-preview
  when: "verb == 'delete' && object.name == 'watched'"
  then: hold
  approvers: {group: dba, count: 1, expires: 10m, preview: required}
- id: email
  when: "object.name == 'accounts' && column == 'email' && position in ['output', 'returning']"
  then: {mask: {strategy: partial, keep_first: 1, keep_last: 0}}
- {id: iban, when: "object.name == 'accounts' && column == 'iban' && position in ['output', 'returning']", then: deny}
"""
SLOW = (
    "UPDATE moves SET sum = 1 WHERE (SELECT count(*) FROM accounts a, accounts b, accounts c, accounts d, accounts e,"
    " accounts f, accounts g WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id + moves.id > 1) > 0"
)
GRACE = Voter(subject="grace@example.com", groups=frozenset({"dba"}))


@dataclass
class HeldGate:
    """A gate in this very loop with everything of its real self but ledger, passes and log-in limits."""

    endpoint: PostgresEndpoint
    cluster: PostgresCluster
    desk: Desk
    recorder: MemoryRecorder
    ca: Path
    opened: list["psycopg.AsyncConnection[tuple[object, ...]]"] = field(default_factory=list)

    async def connect(self, pass_id: str = "svc", **more: object) -> "psycopg.AsyncConnection[tuple[object, ...]]":
        given = {
            "host": "127.0.0.1",
            "port": self.endpoint.port,
            "user": pass_id,
            "password": "s3cret",
            "dbname": "shop",
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca),
            "autocommit": True,
            **more,
        }
        self.opened.append(await psycopg.AsyncConnection.connect(**given))  # type: ignore[arg-type]
        return self.opened[-1]

    def direct(self, sql: str) -> str:
        return self.cluster.psql(sql, database="held")

    async def waiting(self, task: "asyncio.Task[object]") -> ApprovalRequest:
        async with asyncio.timeout(20):
            while True:
                if task.done():
                    task.result()
                pending = [request for request in self.desk.list() if request.state.value == "pending"]
                if pending:
                    return pending[-1]
                await asyncio.sleep(0.02)

    async def asked(self, statement: Coroutine[object, object, object]) -> ApprovalRequest:
        """What people see of it; it is denied then."""
        task = asyncio.create_task(statement)
        try:
            request = await self.waiting(task)
            await self.desk.vote(request.id, GRACE, approves=False)
            with pytest.raises(psycopg.Error, match="refused it"):
                await task
        finally:
            task.cancel()
        return request

    async def approved(self, statement: Coroutine[object, object, object], before: Callable[[], object]) -> object:
        """What comes of it; ``before``: what happens between the preview and the approval."""
        task = asyncio.create_task(statement)
        request = await self.waiting(task)
        before()
        await self.desk.vote(request.id, GRACE, approves=True)
        return await task


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return open_detector(cache=tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def database(cluster: PostgresCluster) -> PostgresCluster:
    cluster.psql(TABLES)
    cluster.psql(SCHEMA, database="held")
    return cluster


@pytest.fixture
async def gate(database: PostgresCluster, detector: Detector, tmp_path: Path) -> AsyncIterator[HeldGate]:
    cluster = database
    cluster.psql(ROWS, database="held")
    upstream = Upstream(
        host=cluster.host,
        port=cluster.port,
        database="held",
        user="app",
        credential=Secret("app-password"),
        ca=cluster.ca,
    )
    (tmp_path / "rules.yaml").write_text(RULES)
    recorder, passes, parser, query = MemoryRecorder(), MemoryPasses(), Parser(), CatalogQuery(upstream)
    source = CatalogSource(query, lambda catalog: SqlLanguage(catalog=catalog, parser=parser))
    await source.refresh()
    state = fresh_database(tmp_path / "state.db")
    desk = Desk(
        recorder=recorder, store=ApprovalRequestStore(state), records=Records(Sealer(bytes(32))), look_seconds=0.02
    )
    steps = Steps(
        policy=BundleSource((tmp_path / "rules.yaml",), ()),
        planner=LineagePlanner(),
        maskers=SessionMaskerFactory(detector=detector, master_key=bytes(range(32))),
        recorder=recorder,
        approvals=desk,
    )
    passes.add("svc")
    passes.add("agent", kind=PrincipalKind.AGENT)
    endpoint = PostgresEndpoint(
        settings=PostgresSettings(),
        steps=steps,
        passes=passes,
        logins=CountingLogins(),
        resources={"shop": Target(resource=Resource(name="shop", kind="postgres"), upstream=upstream, source=source)},
        live=LiveSessions(),
        tls=_tls(cluster),
    )
    await endpoint.start("127.0.0.1", 0)
    gate = HeldGate(endpoint=endpoint, cluster=cluster, desk=desk, recorder=recorder, ca=cluster.ca)
    yield gate
    for connection in gate.opened:
        await connection.close()
    await endpoint.close()
    await desk.close()
    state.close()
    query.close()
    parser.close()


def _tls(cluster: PostgresCluster) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cluster.directory / "server.crt", cluster.directory / "server.key")
    return context


async def test_people_see_how_many_rows_and_a_few_of_them_masked(gate: HeldGate) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute("UPDATE accounts SET note = 'call 0171-5550100' WHERE id > 6"))
    preview = request.preview
    assert (preview.rows, request.cap, preview.why) == (14, 14, "")
    assert preview.columns == ("id", "owner", "email", "iban", "note")
    assert len(preview.samples) == 3
    for number, owner, email, iban, _ in preview.samples:
        assert owner == f"owner {number}"
        assert email is not None
        assert email.startswith("u")
        assert "example.com" not in email
        assert iban is None  # the session may not read it
    assert gate.direct("SELECT count(*) FROM accounts WHERE note = 'call 0171-5550100'") == "0"
    previewed = [event.detail for event in gate.recorder.events if event.type.value == "action.previewed"]
    assert previewed == [{"rows": 14}]


async def test_what_is_scanned_in_results_is_scanned_in_samples(gate: HeldGate) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute("UPDATE accounts SET note = 'ask eve@example.org' WHERE id = 1"))
    assert "eve@example.org" not in str(request.preview.samples)


@pytest.mark.parametrize("parameters", [None, (7,)], ids=["simple query", "bound values"])
async def test_an_approved_write_may_change_as_many_rows(gate: HeldGate, parameters: tuple[int, ...] | None) -> None:
    connection = await gate.connect()
    text = f"UPDATE accounts SET note = 'x' WHERE id > {'%s' if parameters else '7'}"
    done = await gate.approved(connection.execute(text, parameters), lambda: None)
    assert isinstance(done, psycopg.AsyncCursor)
    assert done.rowcount == 13
    assert gate.direct("SELECT count(*) FROM accounts WHERE note = 'x'") == "13"


@pytest.mark.parametrize("parameters", [None, (7,)], ids=["simple query", "bound values"])
async def test_and_not_one_more(gate: HeldGate, parameters: tuple[int, ...] | None) -> None:
    connection = await gate.connect()
    text = f"UPDATE accounts SET note = 'x' WHERE id > {'%s' if parameters else '7'}"
    with pytest.raises(psycopg.Error, match="touched 14 rows, and 13 are allowed"):
        await gate.approved(
            connection.execute(text, parameters), lambda: gate.direct("INSERT INTO accounts VALUES (21, 'late')")
        )
    assert gate.direct("SELECT count(*) FROM accounts WHERE note = 'x'") == "0"
    assert (await (await connection.execute("SELECT 1")).fetchone()) == (1,)  # the session goes on


async def test_rows_that_cascades_take_count(gate: HeldGate) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute("DELETE FROM accounts WHERE id <= 2"))
    assert request.preview.rows == 4
    assert gate.direct("SELECT count(*) FROM moves") == "20"


async def test_a_returning_of_its_own_is_kept_and_masked(gate: HeldGate) -> None:
    connection = await gate.connect()
    text = "UPDATE accounts SET note = 'x' WHERE id = 3 RETURNING email, upper(owner)"
    request = await gate.asked(connection.execute(text))
    ((email, owner),) = request.preview.samples
    assert owner == "OWNER 3"
    assert email is not None
    assert "example.com" not in email


async def test_numbers_of_sequences_stay_drawn_and_that_is_said(gate: HeldGate) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute("INSERT INTO moves (account, sum) VALUES (1, 5), (2, 6)"))
    assert request.preview.rows == 2
    assert "stay drawn" in request.preview.notes[0]


async def test_an_agents_write_is_tried_out_above_its_floor(gate: HeldGate) -> None:
    connection = await gate.connect("agent")
    request = await gate.asked(connection.execute("UPDATE accounts SET note = 'x' WHERE id < 4"))
    assert request.preview.rows == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("UPDATE watched SET note = 'b'", "trigger watching"),
        ("INSERT INTO guessed (note) VALUES ('b')", "functions or operators of its own"),
        ("UPDATE accounts SET note = guess()::text", "calls public.guess"),
        ("UPDATE accounts SET note = pg_notify('a', 'b')::text", "calls pg_catalog.pg_notify"),
        ("UPDATE accounts SET note = setval('moves_id_seq', 1)::text", "calls pg_catalog.setval"),
        ("UPDATE accounts SET id = 1", "SQLSTATE 23505"),
        ("NOTIFY somebody", "only INSERT, UPDATE, DELETE and MERGE"),
        ("COPY log FROM STDIN", "only INSERT, UPDATE, DELETE and MERGE"),
    ],
)
async def test_what_may_not_be_undone_is_not_tried_and_that_is_said(gate: HeldGate, text: str, why: str) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute(text))
    assert why in request.preview.why
    assert (request.preview.rows, request.cap) == (None, None)
    assert gate.direct("SELECT count(*) FROM log") == "0"


async def test_several_at_once_are_not_tried(gate: HeldGate) -> None:
    connection = await gate.connect()
    text = "UPDATE accounts SET note = 'x' WHERE id = 1; SELECT 1"
    assert "one of several" in (await gate.asked(connection.execute(text))).preview.why


async def test_inside_the_clients_own_transaction_nothing_is_tried(gate: HeldGate) -> None:
    connection = await gate.connect(autocommit=False)
    request = await gate.asked(connection.execute("UPDATE accounts SET note = 'x' WHERE id = 1"))
    assert "inside a transaction" in request.preview.why


async def test_a_rule_that_needs_a_preview_lets_nothing_wait_without_one(gate: HeldGate) -> None:
    connection = await gate.connect()
    with pytest.raises(psycopg.Error, match="the rule wants a preview"):
        await connection.execute("DELETE FROM watched")
    assert gate.desk.list() == ()


async def test_rows_that_are_locked_are_not_waited_for(gate: HeldGate) -> None:
    holder = await psycopg.AsyncConnection.connect(
        host=gate.cluster.host, port=gate.cluster.port, dbname="held", user="app", password="app-password"
    )
    async with holder:
        await holder.execute("UPDATE accounts SET note = 'mine' WHERE id = 1")
        connection = await gate.connect()
        request = await gate.asked(connection.execute("UPDATE accounts SET note = 'x' WHERE id < 3"))
        assert "locked by others" in request.preview.why
        await holder.rollback()


async def test_what_takes_long_is_cut_short(gate: HeldGate) -> None:
    connection = await gate.connect()
    request = await gate.asked(connection.execute(SLOW))
    assert "takes longer than 5 s" in request.preview.why


async def test_settings_and_roles_of_the_client_hold_in_the_preview(gate: HeldGate) -> None:
    connection = await gate.connect()
    await connection.execute("SET app.tenant = 't1'")
    request = await gate.asked(connection.execute("DELETE FROM other.tenants"))
    assert request.preview.rows == 5  # as row-level security lets this tenant see
    await connection.execute("SET ROLE writer")
    request = await gate.asked(connection.execute("UPDATE public.accounts SET note = 'x' WHERE id < 3"))
    assert request.preview.rows == 2
    assert request.preview.samples == ()  # the role may not read them
    assert request.preview.notes == ("no rows of it can be shown",)


async def test_settings_that_were_rolled_back_do_not_hold(gate: HeldGate) -> None:
    connection = await gate.connect()
    for value, end in (("t1", "COMMIT"), ("t9", "ROLLBACK")):
        await connection.execute("BEGIN")
        await connection.execute(f"SET app.tenant = '{value}'")
        await connection.execute(end)
    assert (await gate.asked(connection.execute("DELETE FROM other.tenants"))).preview.rows == 5


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("CREATE TEMP TABLE accounts (id int, note text)", "temporary tables"),
        ("SELECT set_config('search_path', 'other', false)", "settings inside a statement"),
        ("SELECT guess()", "run code"),
    ],
)
async def test_a_session_that_cannot_be_copied_has_no_preview(gate: HeldGate, before: str, why: str) -> None:
    connection = await gate.connect()
    await connection.execute(before)
    assert why in (await gate.asked(connection.execute("DELETE FROM public.moves"))).preview.why


async def test_a_client_that_goes_away_leaves_no_preview_running(
    gate: HeldGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "passgate.endpoints.postgres.preview._OPENING", ("BEGIN READ WRITE",)
    )  # without the time-out that would end it too
    connection = await gate.connect()
    task = asyncio.create_task(connection.execute(SLOW))
    async with asyncio.timeout(10):
        while _previews(gate) == "0":  # noqa: ASYNC110 - another process runs it
            await asyncio.sleep(0.02)
    connection.pgconn.finish()
    with pytest.raises(psycopg.Error):
        await task
    async with asyncio.timeout(10):  # less than the gate waits for one
        while _previews(gate) != "0":  # noqa: ASYNC110 - another process runs it
            await asyncio.sleep(0.02)


def _previews(gate: HeldGate) -> str:
    return gate.direct("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'passgate:preview:%'")
