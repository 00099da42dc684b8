"""The ways to the same server: direct, through PgBouncer, through Passgate."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from passgate.testing.postgres import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``environment``: libpq's variables that lead there; ``pid``: the proxy in between, None for the direct way."""

    name: str
    environment: Mapping[str, str] = field(repr=False)
    pid: int | None


def direct(cluster: PostgresCluster, *, user: str, password: str) -> Target:
    return Target(
        name="direct",
        environment={
            "PGHOST": cluster.host,
            "PGPORT": str(cluster.port),
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGDATABASE": "shop",
            "PGSSLMODE": "disable",
        },
        pid=None,
    )


@contextmanager
def pgbouncer(directory: Path, cluster: PostgresCluster, *, user: str, password: str) -> Iterator[Target]:
    """Session pooling, no TLS, trust on the client side: the least a pooler can do."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    directory.mkdir()
    port = free_port()
    (directory / "users.txt").write_text(f'"{user}" "{password}"\n')
    (directory / "pgbouncer.ini").write_text(
        f"[databases]\nshop = host={cluster.host} port={cluster.port} dbname=shop user={user} password={password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {directory}/users.txt\npool_mode = session\nmax_client_conn = 2000\ndefault_pool_size = 150\n"
        "server_tls_sslmode = disable\nlog_connections = 0\nlog_disconnections = 0\nserver_reset_query =\n"
    )
    owner = pwd.getpwnam("postgres")
    for path in (directory, *directory.iterdir()):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    process = subprocess.Popen(
        [program, "-q", str(directory / "pgbouncer.ini")],
        user=owner.pw_uid,
        group=owner.pw_gid,
        extra_groups=[],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        environment = direct(cluster, user=user, password=password).environment
        yield Target(name="pgbouncer", environment={**environment, "PGPORT": str(port)}, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTargets:
    """One gate, by an agent's pass and by a person's."""

    agent: Target
    person: Target


@contextmanager
def passgate(directory: Path, cluster: PostgresCluster, setup: GateSetup, *, name: str) -> Iterator[GateTargets]:
    """TLS is off on both sides, as it is on the other ways: what is compared is the gate, not the cipher."""
    plain = replace(setup, upstream_tls="{mode: disable}", require_tls=False)
    with RunningGate.start(directory, cluster, plain) as gate:
        agent = gate.issue(ttl="2h")
        person = gate.issue(to="human:ada@example.com", on_behalf_of="", ttl="2h")
        yield GateTargets(agent=_target(gate, agent, name), person=_target(gate, person, name))


def _target(gate: RunningGate, pass_: IssuedPass, name: str) -> Target:
    environment = gate.environment(pass_) | {"PGSSLMODE": "disable"}
    del environment["PGSSLROOTCERT"]
    return Target(name=name, environment=environment, pid=gate.process.pid)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            continue
        return
    raise RuntimeError("pgbouncer did not start")
