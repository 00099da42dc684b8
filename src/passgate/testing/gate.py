"""A whole gate in front of a throw-away cluster: its own state folder, its own process, passes by its own command line."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from passgate.core.errors import PassgateError
from passgate.testing.postgres import PostgresCluster, free_port

_READY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """A pass as its holder got it."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSetup:
    """What a gate is to be in front of, and how.

    ``user`` and ``password``: whom the gate is upstream. ``bundle``: rules in YAML beside ``packs``. ``upstream_tls``: a YAML
    mapping, with the cluster's own authority if None. ``sections``: further top-level settings in YAML.
    """

    database: str
    user: str
    password: str = field(repr=False)
    packs: tuple[str, ...] = ("postgres-safe",)
    bundle: str = "rules: []\n"
    workers: int = 1
    require_tls: bool = True
    upstream_tls: str | None = None
    sections: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def configuration(self, cluster: PostgresCluster, *, port: int, secret: Path, state: Path) -> str:
        """The text of ``passgate.yaml``."""
        tls = self.upstream_tls or f"{{mode: verify-full, ca: {cluster.ca}}}"
        return f"""\
state: {state}
listeners:
  - kind: postgres
    address: 127.0.0.1
    port: {port}
    require_tls: {str(self.require_tls).lower()}
resources:
  shop:
    kind: postgres
    labels: {{env: prod}}
    upstream:
      host: {cluster.host}
      port: {cluster.port}
      database: {self.database}
      user: {self.user}
      tls: {tls}
      credential: {{file: {secret}}}
policy:
  packs: [{", ".join(self.packs)}]
  bundles: [rules.yaml]
{self.sections}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGate:
    """A gate that serves the resource ``shop`` on ``port``. ``ca`` signed the certificate it shows."""

    directory: Path
    config: Path
    state: Path
    ca: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @classmethod
    @contextmanager
    def start(cls, directory: Path, cluster: PostgresCluster, setup: GateSetup) -> Iterator["RunningGate"]:
        """Write a configuration, start ``passgate serve``, wait until it takes connections, stop it on leaving.

        Raises PassgateError with what the gate said if it does not come up.
        """
        directory.mkdir(parents=True, exist_ok=True)
        made = command_line(["init", "--dir", str(directory)])
        if made.returncode != 0:
            raise PassgateError(f"passgate init failed: {made.stderr}")
        port = free_port()
        state = directory / "state"
        secret = directory / "upstream.password"
        secret.touch(mode=0o600)
        secret.write_text(setup.password)
        (directory / "rules.yaml").write_text(setup.bundle)
        config = directory / "passgate.yaml"
        config.write_text(setup.configuration(cluster, port=port, secret=secret, state=state))
        log = directory / "gate.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "passgate", "serve", "--config", str(config), "--workers", str(setup.workers)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **setup.environment},
            )
        gate = cls(
            directory=directory,
            config=config,
            state=state,
            ca=state / "tls" / "ca.crt",
            port=port,
            process=process,
        )
        try:
            gate._wait_until_ready(log)
            yield gate
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def issue(
        self,
        *,
        to: str = "agent:reporter",
        on_behalf_of: str = "ada@example.com",
        verbs: str = "read,write",
        ttl: str = "30m",
        purpose: str = "weekly report",
    ) -> IssuedPass:
        """``passgate pass issue`` for the resource ``shop``. Raises PassgateError with what the command said."""
        arguments = [
            "pass",
            "issue",
            "--for",
            to,
            "--resource",
            "shop",
            "--verbs",
            verbs,
            "--ttl",
            ttl,
            "--purpose",
            purpose,
        ]
        if on_behalf_of:
            arguments += ["--on-behalf-of", on_behalf_of]
        answer = json.loads(self.cli(*arguments, "--json"))
        return IssuedPass(id=answer["id"], secret=answer["secret"])

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Run ``passgate`` on this gate's configuration; returns what it printed. Raises PassgateError on a failure."""
        done = command_line(arguments, PASSGATE_CONFIG=str(self.config), PASSGATE_STATE=str(self.state))
        if check and done.returncode != 0:
            raise PassgateError(
                f"passgate {' '.join(arguments)} failed ({done.returncode}): {done.stderr or done.stdout}"
            )
        return done.stdout

    def dsn(self, pass_: IssuedPass) -> str:
        """For drivers. It holds the pass's secret: never for argv or a log."""
        return f"postgresql://{pass_.id}:{pass_.secret}@127.0.0.1:{self.port}/shop?sslmode=verify-full&sslrootcert={self.ca}"

    def environment(self, pass_: IssuedPass) -> dict[str, str]:
        """The same for programs that read libpq's environment variables."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGDATABASE": "shop",
            "PGUSER": pass_.id,
            "PGPASSWORD": pass_.secret,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.ca),
        }

    def _wait_until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                try:
                    self.process.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    continue
            else:
                return
        raise PassgateError(f"the gate did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def command_line(arguments: Sequence[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    """``passgate`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "passgate", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", **environment},
        check=False,
    )
