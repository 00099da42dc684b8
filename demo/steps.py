"""What the demo shows, one function a step. Each says what was sent, what came of it, and which event of the ledger holds it."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from passgate.testing import IssuedPass, PostgresCluster, RunningGate, command_line

_BOUND_SECONDS = 2.0
_ENDLESS = "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"


class DemoFailedError(Exception):
    """A step did not show what it promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``rule``: which rule decided; ``said``: what the client saw. What to look for in the ledger: ``event``, as (type, verb),
    or its ``event_id`` where the gate has told it."""

    name: str
    sent: str
    verdict: str
    rule: str
    said: tuple[str, ...]
    event: tuple[str, str] | None = None
    event_id: str = ""
    proof: str = ""
    figures: dict[str, float | int | str] = field(default_factory=dict)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise DemoFailedError(what)


def masked_read(connection: "psycopg.Connection[tuple[object, ...]]") -> Step:
    sent = "SELECT id, name, email, ssn FROM customers ORDER BY id LIMIT 4"
    rows = connection.execute(sent).fetchall()
    for _, _, email, ssn in rows:
        expect(ssn is None and "***" in str(email), "a row came unmasked")
    return Step(
        name="read customers",
        sent=sent,
        verdict="allow, masked",
        rule="protect:customers.email/mask, protect:customers.ssn/mask",
        said=tuple("  ".join("NULL" if cell is None else str(cell) for cell in row) for row in rows),
        event=("action.intent", "select"),
    )


def refused(connection: "psycopg.Connection[tuple[object, ...]]", name: str, sent: str, verb: str) -> Step:
    said, rule = _refusal(connection, sent)
    return Step(name=name, sent=sent, verdict="deny", rule=rule, said=said, event=("action.refused", verb))


def keyed_update(connection: "psycopg.Connection[tuple[object, ...]]") -> Step:
    sent = "UPDATE orders SET status = 'shipped' WHERE id = 42"
    changed = connection.execute(sent).rowcount
    expect(changed == 1, f"the keyed update changed {changed} rows")
    return Step(
        name="change one row by its key",
        sent=sent,
        verdict="allow",
        rule="",
        said=(f"UPDATE {changed}",),
        event=("action.intent", "update"),
    )


def bulk_update(connection: "psycopg.Connection[tuple[object, ...]]", cluster: PostgresCluster) -> Step:
    sent = "UPDATE orders SET status = 'void' WHERE total > 500"
    said, rule = _refusal(connection, sent)
    left = cluster.psql("SELECT count(*) FROM orders WHERE status = 'void'", database="shop")
    expect(left == "0", f"{left} rows stayed changed")
    return Step(
        name="change too many rows",
        sent=sent,
        verdict="rolled back",
        rule=rule,
        said=(*said, f"rows changed, as the server itself counts them: {left}"),
        event=("row.guard", ""),
    )


def _refusal(connection: "psycopg.Connection[tuple[object, ...]]", sent: str) -> tuple[tuple[str, ...], str]:
    try:
        connection.execute(sent)
    except psycopg.errors.InsufficientPrivilege as error:
        said = error.diag
        rule = (said.message_detail or "").removeprefix("rule ").partition(";")[0]
        expect(bool(said.message_hint), "a refusal came without a hint")
        return (f"ERROR {said.sqlstate}: {said.message_primary}", f"HINT: {said.message_hint}"), rule
    raise DemoFailedError(f"this was let through: {sent}")


def revocation(gate: RunningGate, pass_: IssuedPass, cluster: PostgresCluster) -> Step:
    """Revoke while a query runs. Measured from the revocation, as the store holds it, to the client's error and the idle server."""
    with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
        ended: list[tuple[float, str]] = []

        def run() -> None:
            try:
                connection.execute(_ENDLESS)
            except psycopg.Error as error:
                ended.append((time.time(), str(error).strip().splitlines()[0]))

        client = threading.Thread(target=run)
        client.start()
        _until(lambda: _running(cluster) == 1, "the endless query did not start")
        gate.cli("pass", "revoke", pass_.id)
        client.join(timeout=10)
        expect(bool(ended), "the client's query went on")
        _until(lambda: _running(cluster) == 0, "the query goes on at the server")
        gone = time.time()
    revoked = datetime.fromisoformat(json.loads(gate.cli("pass", "show", pass_.id, "--json"))["revoked"]).timestamp()
    when, error = ended[0]
    expect(gone - revoked < _BOUND_SECONDS, f"the query lived on for {gone - revoked:.2f} s")
    return Step(
        name="revoke the pass while its query runs",
        sent=_ENDLESS,
        verdict="ended",
        rule="the pass was revoked",
        said=(error, "statements of this session still running at the server: 0"),
        event=("session.end", ""),
        figures={
            "client_told_seconds": round(when - revoked, 3),
            "server_idle_seconds": round(gone - revoked, 3),
        },
    )


def replay(gate: RunningGate, session: str) -> Step:
    text = gate.cli("sessions", "replay", session)
    expect("DROP TABLE" in text and "(masked)" in text, "the replay does not show what happened")
    return Step(
        name="replay the session",
        sent=f"passgate sessions replay {session}",
        verdict="shown",
        rule="",
        said=tuple(text.strip().splitlines()),
    )


def verification(gate: RunningGate) -> Step:
    report = json.loads(gate.cli("ledger", "verify", "--json"))
    expect(report["ok"], "the ledger does not verify")
    lines = gate.cli("ledger", "verify").strip().splitlines()
    return Step(name="verify the ledger", sent="passgate ledger verify", verdict="pass", rule="", said=tuple(lines))


def tampering(gate: RunningGate, folder: Path) -> Step:
    """Flip one byte in the middle of a copy of the ledger; the original stays as it is."""
    copy = folder / "tampered"
    shutil.copytree(gate.state / "ledger", copy)
    (segment,) = (copy / "gate-w0").glob("seg-*.log")
    data = bytearray(segment.read_bytes())
    place = data.index(b'"action.refused"') + 8
    data[place] ^= 0x01
    segment.write_bytes(data)
    done = command_line(["ledger", "verify", "--ledger", str(copy), "--json"])
    expect(done.returncode == 1, f"the flipped byte was not found: {done.stdout}{done.stderr}")
    report = json.loads(done.stdout)
    faults = [fault for claim in report["claims"] for fault in claim["faults"]]
    failed = [claim for claim in report["claims"] if claim["verdict"] == "FAIL"]
    said = tuple(f"{claim['claim']} FAIL {claim['says']}: {claim['reason']}" for claim in failed)
    return Step(
        name="flip one byte of a copy",
        sent=f"byte {place} of {segment.name} xor 1; passgate ledger verify --ledger COPY",
        verdict="found",
        rule="",
        said=said,
        figures={"offset": place, "faults": len(faults)},
    )


def _running(cluster: PostgresCluster) -> int:
    return int(
        cluster.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'passgate:%' AND state = 'active'"
            " AND query LIKE 'SELECT count(*) FROM orders a JOIN%'"
        )
    )


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + 10
    while not reached():
        expect(time.monotonic() < end, otherwise)
