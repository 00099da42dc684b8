"""Seeded fuzzing of masking at a real server: ``python tests/fuzz/fuzz_interference.py --seconds N --seed S``.

Two databases differ in nothing but the values of masked columns, and a gate stands before each. Whatever random query the gates
let through must look the same on both: rows and their order, number of rows, command tag, notices, the words of an error, what the
server counted. Whether a computation fails is known to show (threat-model.md) and only counted. Queries that hold no masked column
and are refused are said, each reason once. Findings are kept in the corpus folder, which every later run tries first.
"""

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from passgate.testing import GateSetup, PostgresCluster, RunningGate
from tests.fuzz.interference_grammar import BUNDLE, SCHEMA, Grower, Statement, rows

CORPUS = Path(__file__).parent / "corpus" / "interference"
REFUSED = "42501"
_COUNTERS = "SELECT (pg_current_xact_id_if_assigned() IS NULL)::int" + "".join(
    f", pg_stat_get_xact_tuples_returned('{table}'::regclass)" for table in ("people", "visits", "logs_1", "logs_2")
)
"""What the server shows of a transaction to the one that is in it."""


_LOOKS = 3
"""How often a difference must show again to be one."""


class Seen(NamedTuple):
    """All that a client sees of one statement."""

    rows: str
    tag: str
    notices: tuple[str, ...]
    state: str
    error: str


class Campaign:
    """Sends statements to both sides and keeps what tells them apart."""

    def __init__(self, *, dsns: Sequence[str], seed: int, corpus: Path) -> None:
        self._dsns = dsns
        self._sides: list[psycopg.Connection[tuple[object, ...]]] = []
        self._said: list[list[str]] = [[], []]
        self._grower = Grower(seed)
        self._corpus = corpus
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.findings = 0

    def run(self, seconds: float) -> None:
        for path in sorted(self._corpus.glob("*.sql")):
            way, _, text = path.read_text().partition("\n")
            self.trial(Statement(text, way), masked=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            statement = self._grower.statement()
            self.trial(statement, masked=self._grower.touches_masked)

    def trial(self, statement: Statement, *, masked: bool) -> None:
        """One statement on both sides."""
        if not self._sides:
            self._connect()
        left, right = (self._see(side, statement) for side in (0, 1))
        if any(seen.state[:2] in ("08", "57") for seen in (left, right)):
            self._connect()
        self.counts["tried"] += 1
        if REFUSED in (left.state, right.state):
            self.counts["refused"] += 1
            if not masked:
                self.counts["refused though nothing is masked"] += 1
                self.refused[left.error] += 1
                if self.refused[left.error] == 1:
                    print(f"REFUSED {left.error}\n  {statement.text}")
        elif left.state or right.state:
            self.counts["failed"] += 1
            if left.state != right.state:
                self.counts["failed on one side"] += 1
                return
        else:
            self.counts["passed"] += 1
            self.counts["passed with masked columns"] += masked
        if left != right and self._always_differ(statement):
            self._keep(statement, left, right)

    def _always_differ(self, statement: Statement) -> bool:
        """What masked values decide, they decide each time. The server's counters are added up when it has a moment."""
        return all(self._see(0, statement) != self._see(1, statement) for _ in range(_LOOKS))

    def _connect(self) -> None:
        self.close()
        for side, dsn in enumerate(self._dsns):
            connection = psycopg.connect(dsn, autocommit=True)
            said = self._said[side]
            connection.add_notice_handler(lambda notice, said=said: said.append(str(notice.message_primary)))
            self._sides.append(connection)

    def close(self) -> None:
        for connection in self._sides:
            connection.close()
        self._sides = []

    def _see(self, side: int, statement: Statement) -> Seen:
        connection, said = self._sides[side], self._said[side]
        said.clear()
        shown, tag, state, error = "", "", "", ""
        try:
            shown, tag = _run(connection, statement)
        except psycopg.Error as raised:
            state = raised.sqlstate or "08000"
            error = f"{raised.diag.message_primary} | {raised.diag.message_detail}"
        if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
        return Seen(shown, tag, tuple(said), state, error)

    def _keep(self, statement: Statement, left: Seen, right: Seen) -> None:
        self.findings += 1
        self._corpus.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(statement.text.encode()).hexdigest()[:16]
        (self._corpus / f"{name}.sql").write_text(f"{statement.way}\n{statement.text}")
        print(f"FINDING in {name}.sql ({statement.way}): {statement.text}\n  {left}\n  {right}")


def _run(connection: "psycopg.Connection[tuple[object, ...]]", statement: Statement) -> tuple[str, str]:
    text = statement.text
    match statement.way:
        case "copy" | "copy_binary":
            form = " (FORMAT binary)" if statement.way == "copy_binary" else ""
            with connection.cursor() as cursor, cursor.copy(f"COPY ({text}) TO STDOUT{form}") as copy:
                return repr([bytes(part) for part in copy]), str(cursor.statusmessage)
        case "cursor":
            connection.execute("BEGIN")
            connection.execute(f"DECLARE walk CURSOR FOR {text}")
            parts = [connection.execute(f"FETCH {number} FROM walk") for number in (1, 2, 100)]
            return repr([_cells(part) for part in parts]), repr([part.statusmessage for part in parts])
        case "prepared":
            connection.execute(f"PREPARE kept AS {text}")
            try:
                cursor = connection.execute("EXECUTE kept")
            finally:
                connection.execute("DEALLOCATE kept")
        case "explain":
            cursor = connection.execute(f"EXPLAIN (COSTS off) {text}")
        case "counted":
            connection.execute("BEGIN")
            before = _counted(connection)
            cursor = connection.execute(text)
            counted = [after - one for one, after in zip(before, _counted(connection), strict=True)]
            return repr((_cells(cursor), counted)), str(cursor.statusmessage)
        case "write":
            connection.execute("BEGIN")
            cursor = connection.execute(text)
        case way:
            cursor = connection.execute(text, binary=way == "binary")
    return repr(_cells(cursor) if cursor.description else None), str(cursor.statusmessage)


def _counted(connection: "psycopg.Connection[tuple[object, ...]]") -> list[int]:
    (row,) = connection.execute(_COUNTERS).fetchall()
    return [int(str(one)) for one in row]


def _cells(cursor: "psycopg.Cursor[tuple[object, ...]]") -> list[list[bytes | None]]:
    """As they came over the wire."""
    result = cursor.pgresult
    if result is None:
        return []
    return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]


@contextmanager
def two_sides(folder: Path, cluster: PostgresCluster) -> Iterator[list[str]]:
    """The DSNs of two gates in front of two databases of ``cluster`` that differ in what is masked."""
    cluster.psql("CREATE ROLE twin LOGIN PASSWORD 'twin-password'; ALTER ROLE twin SET statement_timeout = '2s';")
    with ExitStack() as stack:
        dsns = []
        for side in (0, 1):
            cluster.psql(f"CREATE DATABASE side{side} OWNER twin")
            cluster.psql(f"SET ROLE twin; {SCHEMA} {rows(side)}", database=f"side{side}")
            setup = GateSetup(database=f"side{side}", user="twin", password="twin-password", bundle=BUNDLE)
            gate = stack.enter_context(RunningGate.start(folder / f"gate{side}", cluster, setup))
            dsns.append(gate.dsn(gate.issue()))
        yield dsns


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    given = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="passgate-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with PostgresCluster.start(folder / "cluster") as cluster, two_sides(folder, cluster) as dsns:
            campaign = Campaign(dsns=dsns, seed=given.seed, corpus=given.corpus)
            try:
                campaign.run(given.seconds)
            finally:
                campaign.close()
    counts = ", ".join(f"{count} {what}" for what, count in sorted(campaign.counts.items()))
    print(f"interference: {counts}, {campaign.findings} findings, seed {given.seed}")
    return 1 if campaign.findings else 0


if __name__ == "__main__":
    sys.exit(main())
