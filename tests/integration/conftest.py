"""One real server for all; each test has a gate of its own, in its own loop, with the smallest honest steps around it."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import psycopg
import pytest
import uvloop

from passgate.core.resource import Resource
from passgate.endpoints.postgres import CatalogQuery, Limits, PostgresEndpoint, PostgresSettings, Target, Upstream
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.testing import PostgresCluster
from tests.integration.fakes import (
    Answers,
    ColumnPlanner,
    CountingLogins,
    CurrentPolicy,
    HeldTasks,
    MemoryPasses,
    MemoryRecorder,
    StarMasker,
    WordLanguage,
    WordSource,
)

SCHEMA = """
CREATE ROLE app LOGIN PASSWORD 'app-password';
CREATE DATABASE shop OWNER app;
"""
TABLES = """
SET ROLE app;
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, ssn text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, note text);
CREATE TABLE audit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE FUNCTION log_order() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO audit (what) VALUES ('a'), ('b'); RETURN NULL; END$$;
CREATE TRIGGER log AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_order();
"""
ROWS = """
SET ROLE app;
TRUNCATE customers, orders, audit RESTART IDENTITY;
INSERT INTO customers SELECT n, 'name ' || n, 'user' || n || '@example.com', '536-90-' || (1000 + n) FROM generate_series(1, 20) n;
INSERT INTO orders SELECT n, 1 + n % 20, 'note ' || n FROM generate_series(1, 100) n;
INSERT INTO audit (what) SELECT 'x' FROM generate_series(1, 5);
"""


@dataclass
class Secret:
    value: str = field(repr=False)

    async def obtain(self) -> str:
        return self.value


if (
    os.environ.get("PASSGATE_TEST_LOOP") == "uvloop"
):  # how the gate serves in earnest; asyncio's own loop is the default

    def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        return {"uvloop": uvloop.new_event_loop}


@contextmanager
def _server(folder: Path) -> Iterator[PostgresCluster]:
    folder.chmod(0o755)
    with PostgresCluster.start(folder / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresCluster]:
    # Not below pytest's own folder: every other run of pytest makes that unreadable for the server's user again.
    with TemporaryDirectory(prefix="passgate-", ignore_cleanup_errors=True) as folder, _server(Path(folder)) as cluster:
        cluster.psql(SCHEMA)
        cluster.psql(TABLES, database="shop")
        yield cluster


@dataclass
class Gate:
    """A gate in this very loop, and everything around it."""

    endpoint: PostgresEndpoint
    cluster: PostgresCluster
    passes: MemoryPasses
    recorder: MemoryRecorder
    policies: CurrentPolicy
    language: WordLanguage
    logins: CountingLogins
    live: LiveSessions
    answers: Answers
    tasks: HeldTasks
    ca: Path
    opened: list["psycopg.AsyncConnection[tuple[object, ...]]"] = field(default_factory=list)

    def parameters(self, pass_id: str = "svc", *, secret: str = "s3cret", database: str = "shop") -> dict[str, str]:
        return {
            "host": "127.0.0.1",
            "port": str(self.endpoint.port),
            "user": pass_id,
            "password": secret,
            "dbname": database,
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca),
        }

    async def connect(self, pass_id: str = "svc", **more: object) -> "psycopg.AsyncConnection[tuple[object, ...]]":
        given = {**self.parameters(pass_id), "autocommit": True, **more}
        self.opened.append(await psycopg.AsyncConnection.connect(**given))  # type: ignore[arg-type]
        return self.opened[-1]

    async def asyncpg(self, pass_id: str = "svc", **more: object) -> "asyncpg.Connection[asyncpg.Record]":
        tls = ssl.create_default_context(cafile=str(self.ca))
        return await asyncpg.connect(
            host="127.0.0.1",
            port=self.endpoint.port,
            user=pass_id,
            password="s3cret",
            database="shop",
            ssl=tls,
            **more,
        )

    async def psql(self, *arguments: str, pass_id: str = "svc", text: str = "") -> str:
        given = self.parameters(pass_id)
        process = await asyncio.create_subprocess_exec(
            "psql",
            "-X",
            "-A",
            "-t",
            *arguments,
            env={
                "PGHOST": given["host"],
                "PGPORT": given["port"],
                "PGUSER": given["user"],
                "PGPASSWORD": given["password"],
                "PGDATABASE": given["dbname"],
                "PGSSLMODE": given["sslmode"],
                "PGSSLROOTCERT": given["sslrootcert"],
                "PATH": "/usr/bin:/bin",
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate(text.encode())
        return out.decode()

    async def until(self, sql: str, answer: str) -> None:
        """Wait until the server itself, asked past the gate, gives this answer."""
        async with asyncio.timeout(10):
            while self.direct(sql) != answer:  # noqa: ASYNC110 - another process changes it, and nothing here can be told
                await asyncio.sleep(0.02)

    def direct(self, sql: str) -> str:
        """Past the gate, as the superuser."""
        return self.cluster.psql(sql, database="shop")


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def gate(cluster: PostgresCluster, limits: Limits) -> AsyncIterator[Gate]:
    cluster.psql(ROWS, database="shop")
    upstream = Upstream(
        host=cluster.host,
        port=cluster.port,
        database="shop",
        user="app",
        credential=Secret("app-password"),
        ca=cluster.ca,
    )
    language, policies, recorder, passes = WordLanguage(), CurrentPolicy(), MemoryRecorder(), MemoryPasses()
    query = CatalogQuery(upstream)
    source = WordSource(language=language, query=query)
    await source.refresh()
    answers = Answers(asyncio.get_running_loop().create_future())
    tasks = HeldTasks()
    steps = Steps(
        policy=policies,
        planner=ColumnPlanner(),
        maskers=StarMasker(),
        recorder=recorder,
        approvals=answers,
        tasks=tasks,
    )
    passes.add("svc")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cluster.directory / "server.crt", cluster.directory / "server.key")
    certificate = ssl.PEM_cert_to_DER_cert((cluster.directory / "server.crt").read_text())
    live, logins = LiveSessions(), CountingLogins()
    broken = replace(upstream, port=1)
    resources = {
        "shop": Target(resource=Resource(name="shop", kind="postgres"), upstream=upstream, source=source),
        "down": Target(resource=Resource(name="down", kind="postgres"), upstream=broken, source=source),
    }
    endpoint = PostgresEndpoint(
        settings=PostgresSettings(limits=limits, certificate=certificate),
        steps=steps,
        passes=passes,
        logins=logins,
        resources=resources,
        live=live,
        tls=tls,
    )
    await endpoint.start("127.0.0.1", 0)
    gate = Gate(
        endpoint=endpoint,
        cluster=cluster,
        passes=passes,
        recorder=recorder,
        policies=policies,
        language=language,
        logins=logins,
        live=live,
        answers=answers,
        tasks=tasks,
        ca=cluster.ca,
    )
    yield gate
    for connection in gate.opened:
        await connection.close()
    await endpoint.close()
    query.close()
