"""A whole gate whose secret, and whose sessions' logins, are a real OpenBao's: also after it was killed."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, OpenBao, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE
from tests.drivers.recording_proxy import RecordingProxy

LEASED = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'"
PLANTED = "planted-3f9c1d-kv-secret"
LEASED_PASSWORD = "[qZ]{40}"
"""What the test's password policy lets the database engine make."""

POLICY = """\
path "secret/data/shop/db" { capabilities = ["read"] }
path "database/creds/shop-ro" { capabilities = ["read"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
"""
CREATION = """\
CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE leased_reading"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaulted:
    bao: OpenBao
    setup: GateSetup
    secret_id: str
    folder: Path


@pytest.fixture(scope="module")
def vaulted(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vaulted]:
    cluster.psql(f"CREATE ROLE catalog LOGIN PASSWORD '{PLANTED}'; CREATE ROLE leased_reading")
    cluster.psql(
        "CREATE ROLE bao LOGIN CREATEROLE PASSWORD 'bao-password'; GRANT leased_reading TO bao WITH ADMIN OPTION"
    )
    cluster.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO leased_reading, catalog", database="shop")
    folder = tmp_path_factory.mktemp("openbao")
    with OpenBao.start(folder / "server") as bao:
        bao.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        bao.ask("POST", "secret/data/shop/db", {"data": {"password": PLANTED}})
        bao.ask("PUT", "sys/policies/acl/gate", {"policy": POLICY})
        bao.ask("POST", "sys/auth/approle", {"type": "approle"})
        bao.ask("POST", "auth/approle/role/gate", {"token_policies": "gate", "token_period": "1h"})
        role = bao.ask("GET", "auth/approle/role/gate/role-id")["data"]
        secret = bao.ask("POST", "auth/approle/role/gate/secret-id")["data"]
        assert isinstance(role, dict)
        assert isinstance(secret, dict)
        bao.ask("POST", "sys/mounts/database", {"type": "database"})
        bao.ask("PUT", "sys/policies/password/planted", {"policy": 'length = 40\nrule "charset" { charset = "qZ" }'})
        server = f"{cluster.host}:{cluster.port}/shop?sslmode=require"
        bao.ask(
            "POST",
            "database/config/shop",
            {
                "plugin_name": "postgresql-database-plugin",
                "allowed_roles": "*",
                "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{server}",
                "username": "bao",
                "password": "bao-password",
                "password_policy": "planted",
            },
        )
        example = bao.ask("GET", "sys/policies/password/planted/generate")["data"]
        assert isinstance(example, dict)
        assert re.fullmatch(LEASED_PASSWORD, str(example["password"]))
        made = {
            "db_name": "shop",
            "creation_statements": [CREATION],
            "revocation_statements": ['DROP ROLE "{{name}}"'],
            "default_ttl": "1h",
            "max_ttl": "2h",
        }
        bao.ask("POST", "database/roles/shop-ro", made)
        approle = f"{{role_id: {role['role_id']}, secret_id: {{env: BAO_SECRET_ID}}}}"
        setup = GateSetup(
            database="shop",
            user="catalog",
            bundle=BUNDLE,
            require_tls=False,
            credential="{vault: {server: main, path: shop/db, field: password}}",
            upstream_more="lease: {server: main, roles: [{role: shop-ro, verbs: [read]}]}",
            sections=f"vaults:\n  main: {{address: '{bao.address}', ca: {bao.ca}, auth: {{approle: {approle}}}}}\n",
            environment={"BAO_SECRET_ID": str(secret["secret_id"])},
        )
        yield Vaulted(bao=bao, setup=setup, secret_id=str(secret["secret_id"]), folder=folder)
        bao.ask("PUT", "sys/leases/revoke-force/database")
    cluster.psql("DROP OWNED BY leased_reading, catalog, bao; DROP ROLE catalog, bao, leased_reading", database="shop")


def soon(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 15
    while not condition():
        if time.monotonic() > end:
            return False
    return True


def gone(cluster: PostgresCluster) -> bool:
    return soon(lambda: cluster.psql(LEASED) == "0")


def events(gate: RunningGate, type_: str) -> list[dict[str, object]]:
    told = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
    return [event for event in told if event["type"] == type_]


def ended(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return True
    return False


def login(port: int, pass_: IssuedPass) -> str:
    return f"postgresql://{pass_.id}:{pass_.secret}@127.0.0.1:{port}/shop?sslmode=disable"


def test_a_session_has_a_login_of_the_vaults_that_goes_with_it(
    vaulted: Vaulted, cluster: PostgresCluster, tmp_path: Path
) -> None:
    with RunningGate.start(tmp_path / "gate", cluster, vaulted.setup) as gate:
        reader, writer = gate.issue(verbs="read"), gate.issue(verbs="read,write")
        with psycopg.connect(login(gate.port, reader)) as connection:
            (user,) = connection.execute("SELECT current_user").fetchone() or ("",)
            assert user.startswith("v-approle-shop-ro-")
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
            assert cluster.psql(LEASED) == "1"
        assert gone(cluster)
        with pytest.raises(psycopg.OperationalError, match='resource "shop" cannot be reached'):
            psycopg.connect(login(gate.port, writer))  # no role covers writing
        assert soon(lambda: len(events(gate, "credential.dropped")) == 1)
        assert "covers a pass with the verbs read, write" in json.dumps(events(gate, "session.refused"))


def test_what_a_killed_gate_leaves_is_taken_away_by_the_next(
    vaulted: Vaulted, cluster: PostgresCluster, tmp_path: Path
) -> None:
    with RunningGate.start(tmp_path / "gate", cluster, vaulted.setup) as gate:
        connection = psycopg.connect(login(gate.port, gate.issue(verbs="read")))
        connection.execute("SELECT 1")
        os.kill(gate.process.pid, signal.SIGKILL)
        gate.process.wait()
        connection.close()
        assert cluster.psql(LEASED) == "1"  # and would be for an hour
        with gate.again(environment=vaulted.setup.environment):
            assert gone(cluster)
            assert soon(lambda: '"swept": true' in json.dumps(events(gate, "credential.dropped")))


@pytest.mark.slow
def test_a_lease_revoked_at_the_vault_ends_its_session(
    vaulted: Vaulted, cluster: PostgresCluster, tmp_path: Path
) -> None:
    short = {"db_name": "shop", "creation_statements": [CREATION], "default_ttl": "12s", "max_ttl": "1h"}
    vaulted.bao.ask("POST", "database/roles/short", {**short, "revocation_statements": ['DROP ROLE "{{name}}"']})
    vaulted.bao.ask("PUT", "sys/policies/acl/gate", {"policy": POLICY.replace("creds/shop-ro", "creds/*")})
    setup = replace(vaulted.setup, upstream_more=vaulted.setup.upstream_more.replace("shop-ro", "short"))
    with (
        RunningGate.start(tmp_path / "gate", cluster, setup) as gate,
        psycopg.connect(login(gate.port, gate.issue(verbs="read")), autocommit=True) as connection,
    ):
        began = time.monotonic()
        while time.monotonic() < began + 15:  # longer than the lease: it was renewed
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
            time.sleep(0.5)
        vaulted.bao.ask("PUT", "sys/leases/revoke-prefix/database/creds/short")
        assert soon(lambda: ended(connection))
        assert gone(cluster)


def test_the_secrets_stay_inside(vaulted: Vaulted, cluster: PostgresCluster, tmp_path: Path) -> None:
    """Not in what a client sees or says, the state folder, the log, the command line, the ledger; nor when things fail."""
    with RunningGate.start(tmp_path / "gate", cluster, vaulted.setup) as gate:
        with RecordingProxy.to(gate.port) as wire:
            pass_ = gate.issue(verbs="read")
            with psycopg.connect(login(wire.port, pass_), autocommit=True) as connection:
                assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
                assert cluster.psql(LEASED) == "1"
                with pytest.raises(psycopg.Error):
                    connection.execute("SELECT 1/0")
            assert gone(cluster)
            vaulted.bao.ask("POST", "secret/data/shop/db", {"data": {"password": PLANTED + "-turned"}})
            vaulted.bao.seal()
            try:
                with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
                    psycopg.connect(login(wire.port, pass_))
            finally:
                vaulted.bao.unseal()
                vaulted.bao.ask("POST", "secret/data/shop/db", {"data": {"password": PLANTED}})
        assert soon(lambda: "sealed" in json.dumps(events(gate, "session.refused")))
        exported = gate.cli("ledger", "export") + gate.cli("status", "--json") + gate.cli("sessions", "list", "--json")
        proc = Path("/proc", str(gate.process.pid))
        places = {
            "wire": bytes(wire.seen),
            "argv": (proc / "cmdline").read_bytes(),
            "log": gate.log.read_bytes(),
            "ledger": exported.encode(),
            **{str(file): file.read_bytes() for file in gate.state.rglob("*") if file.is_file()},
        }
        assert b"SELECT 1/0" in places["wire"]  # the recording is one
        assert any(b"credential.minted" in content for content in places.values())
        for secret in (re.escape(PLANTED), vaulted.secret_id, vaulted.bao.root, LEASED_PASSWORD):
            found = [place for place, content in places.items() if re.search(secret.encode(), content)]
            assert found == []
