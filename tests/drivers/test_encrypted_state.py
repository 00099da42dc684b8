"""A whole gate whose state folder is encrypted, and one whose master key is wrong or lost."""

import base64
import json
import os
from pathlib import Path

import psycopg

from passgate.testing import GateSetup, PostgresCluster, RunningGate, command_line
from tests.drivers.conftest import BUNDLE

SECRETS = ("ledger/keys/signing.key", "ledger/keys/wrapping.key", "tls/ca.key", "tls/server.key")


def content(state: Path) -> dict[str, bytes]:
    kept = (file for file in state.rglob("*") if file.is_file() and "cache" not in file.parts)
    return {str(file): file.read_bytes() for file in kept}


def refused(gate: RunningGate, *words: str) -> str:
    """Why a command was not done."""
    done = command_line(words, PASSGATE_CONFIG=str(gate.config))
    assert done.returncode == 2
    return done.stderr


def test_a_gate_is_encrypted_turned_over_and_kept_from_starting(cluster: PostgresCluster, tmp_path: Path) -> None:
    setup = GateSetup(database="shop", user="app", password="app-password", bundle=BUNDLE)
    with RunningGate.start(tmp_path / "gate", cluster, setup) as gate:
        before = gate.issue(verbs="read")
        with psycopg.connect(gate.dsn(before)) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
        key = gate.directory / "master.key"
        key.touch(mode=0o600)
        key.write_text(base64.b64encode(os.urandom(32)).decode())
        gate.config.write_text(f"master_key: {{file: {key}}}\n" + gate.config.read_text())
        assert "stop it first" in refused(gate, "secrets", "encrypt")
        gate.process.terminate()
        gate.process.wait()
        plain = [(gate.state / name).read_bytes() for name in SECRETS]
        gate.cli("secrets", "encrypt")

        with gate.again() as sealed:
            with psycopg.connect(sealed.dsn(before)) as connection:  # the same passes, the same certificate
                assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
            sealed.cli("ledger", "verify")
            (session, *_) = json.loads(sealed.cli("sessions", "list", "--json"))
            assert "3000" in sealed.cli("sessions", "replay", session["id"], "--json")
        assert not any(secret in kept for secret in plain for kept in content(gate.state).values())

        right = key.read_text()
        kept = content(gate.state)
        key.write_text(base64.b64encode(os.urandom(32)).decode())
        assert "set the right one" in refused(gate, "serve")
        key.unlink()
        assert "master.key cannot be read" in refused(gate, "serve")
        assert content(gate.state) == kept
        key.touch(mode=0o600)
        key.write_text(right)
        with gate.again() as sealed, psycopg.connect(sealed.dsn(before)) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
