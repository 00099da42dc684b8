"""One real server and one real gate for all drivers; each test takes passes of its own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE NOT NULL, ssn text, joined date, score numeric);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, status text, total numeric);
CREATE TABLE payments (id int PRIMARY KEY, card text);
CREATE TYPE mood AS ENUM ('calm', 'cross');
INSERT INTO customers
  SELECT n, 'Customer ' || n, 'customer' || n || '@example.com', '536-90-' || (1000 + n), date '2026-01-01' + n, n / 2.0
  FROM generate_series(1, 300) n;
INSERT INTO orders SELECT n, 1 + n % 300, 'open', n * 1.5 FROM generate_series(1, 3000) n;
INSERT INTO payments SELECT n, '4111 1111 1111 1111' FROM generate_series(1, 10) n;
"""

BUNDLE = """\
protect:
  - {object: customers, column: email, as: {mask: {strategy: partial, keep_first: 1, label: EMAIL}}}
  - {object: customers, column: ssn, as: {mask: {strategy: 'null'}}}
  - {object: payments, as: never}
"""


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresCluster]:
    # Not below pytest's own folder: another run of pytest makes that unreadable for the server's user.
    with TemporaryDirectory(prefix="passgate-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with PostgresCluster.start(Path(folder) / "cluster") as cluster:
            cluster.psql("CREATE ROLE app LOGIN PASSWORD 'app-password'; CREATE DATABASE shop OWNER app;")
            cluster.psql("SET ROLE app;" + SCHEMA, database="shop")
            yield cluster


@pytest.fixture(scope="session")
def gate(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    directory = tmp_path_factory.mktemp("gate")
    setup = GateSetup(database="shop", user="app", password="app-password", bundle=BUNDLE)
    with RunningGate.start(directory, cluster, setup) as gate:
        yield gate


@pytest.fixture
def agent(gate: RunningGate) -> IssuedPass:
    return gate.issue()
