"""A whole gate in front of what a test runs: its own state folder, its own process, passes by its own command line."""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from passgate.core.errors import PassgateError
from passgate.testing.postgres import PostgresCluster, free_port

_READY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """A pass as its holder got it."""

    id: str
    secret: str = field(repr=False)

    @property
    def key(self) -> str:
        """What a client of a model's API is given as its API key."""
        return f"{self.id}.{self.secret}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmUpstream:
    """A resource of kind ``llm`` called ``name``. ``provider``: ``openai``, ``anthropic`` or ``compatible``; ``url``: its origin;
    ``credential``: the provider's own key, none if empty. ``settings``: further settings of the resource in YAML, in one line:
    ``{models: [gpt-*], fallback: [spare]}`` without its braces."""

    name: str
    provider: str
    url: str
    credential: str = field(default="", repr=False)
    settings: str = ""

    def configuration(self, secret: Path) -> str:
        """``secret``: the file that holds the credential."""
        credential = f", credential: {{file: {secret}}}" if self.credential else ""
        more = f", {self.settings}" if self.settings else ""
        upstream = f"upstream: {{url: '{self.url}'{credential}}}"
        return f"  {self.name}: {{kind: llm, provider: {self.provider}, {upstream}{more}}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSetup:
    """What a gate is to be in front of, and how: a cluster, models, or both.

    ``user`` and ``password``: whom the gate is upstream. ``bundle``: rules in YAML beside ``packs``. ``upstream_tls``: a YAML
    mapping, with the cluster's own authority if None; ``upstream_more``: one more setting beside it; ``credential``: where the
    password is, a YAML mapping, the file that holds ``password`` if None. ``models``: resources of kind
    ``llm``; ``https``: how their listener speaks; ``http_listener``: it is there without models too. ``sections``: further
    top-level settings in YAML.
    """

    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    packs: tuple[str, ...] = ("postgres-safe",)
    bundle: str = "rules: []\n"
    workers: int = 1
    require_tls: bool = True
    upstream_tls: str | None = None
    credential: str | None = None
    upstream_more: str = ""
    models: tuple[LlmUpstream, ...] = ()
    https: bool = False
    http_listener: bool = False
    sections: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def configuration(
        self, cluster: PostgresCluster | None, *, port: int, http_port: int, secrets: Path, state: Path
    ) -> str:
        """The text of ``passgate.yaml``. ``secrets``: the folder of the upstream secrets, each in a file by its resource's name."""
        listeners, resources = "", ""
        if cluster is not None:
            tls = self.upstream_tls or f"{{mode: verify-full, ca: {cluster.ca}}}"
            listeners += _listener("postgres", port, require_tls=self.require_tls)
            resources += f"""\
  shop:
    kind: postgres
    labels: {{env: prod}}
    upstream:
      host: {cluster.host}
      port: {cluster.port}
      database: {self.database}
      user: {self.user}
      tls: {tls}
      credential: {self.credential or f"{{file: {secrets / 'shop'}}}"}
      {self.upstream_more}
"""
        if self.models or self.http_listener:
            listeners += _listener("http", http_port, require_tls=self.https)
            resources += "".join(model.configuration(secrets / model.name) for model in self.models)
        return f"""\
state: {state}
listeners:
{listeners}resources:
{resources}policy:
  packs: [{", ".join(self.packs)}]
  bundles: [rules.yaml]
{self.sections}"""

    def secrets(self) -> Mapping[str, str]:
        """By the name of the resource."""
        return {"shop": self.password, **{model.name: model.credential for model in self.models}}


def _listener(kind: str, port: int, *, require_tls: bool) -> str:
    return f"""\
  - kind: {kind}
    address: 127.0.0.1
    port: {port}
    require_tls: {str(require_tls).lower()}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGate:
    """A gate that serves the resource ``shop`` on ``port`` and models on ``http_port``. ``ca`` signed the certificate it shows."""

    directory: Path
    config: Path
    state: Path
    ca: Path
    port: int
    http_port: int
    https: bool
    process: "subprocess.Popen[bytes]"

    @classmethod
    @contextmanager
    def start(cls, directory: Path, cluster: PostgresCluster | None, setup: GateSetup) -> Iterator["RunningGate"]:
        """Write a configuration, start ``passgate serve``, wait until it takes connections, stop it on leaving.

        Without a cluster the gate is in front of models only.
        Raises PassgateError with what the gate said if it does not come up.
        """
        directory.mkdir(parents=True, exist_ok=True)
        made = command_line(["init", "--dir", str(directory)])
        if made.returncode != 0:
            raise PassgateError(f"passgate init failed: {made.stderr}")
        port, http_port = free_port(), free_port()
        state = directory / "state"
        secrets = directory / "secrets"
        secrets.mkdir(mode=0o700, exist_ok=True)
        for name, secret in setup.secrets().items():
            (secrets / name).touch(mode=0o600)
            (secrets / name).write_text(secret)
        (directory / "rules.yaml").write_text(setup.bundle)
        config = directory / "passgate.yaml"
        config.write_text(setup.configuration(cluster, port=port, http_port=http_port, secrets=secrets, state=state))
        _lend_rules(state / "cache")
        gate = cls(
            directory=directory,
            config=config,
            state=state,
            ca=state / "tls" / "ca.crt",
            port=port,
            http_port=http_port,
            https=setup.https,
            process=_serve(config, setup.workers, setup.environment),
        )
        with gate._until_left(
            [port] * (cluster is not None) + [http_port] * (bool(setup.models) or setup.http_listener)
        ):
            yield gate

    @contextmanager
    def again(self, *, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator["RunningGate"]:
        """Another on the same configuration and state, once this one's process has ended. Raises PassgateError as ``start``."""
        gate = replace(self, process=_serve(self.config, 1, environment))
        with gate._until_left([self.port]):
            yield gate

    @contextmanager
    def _until_left(self, ports: Sequence[int]) -> Iterator[None]:
        try:
            self._wait_until_ready(self.log, ports)
            _keep_rules(self.state / "cache")
            yield
        finally:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def log(self) -> Path:
        """What every gate of this folder has said."""
        return self.directory / "gate.log"

    @property
    def url(self) -> str:
        """The origin of the models' APIs, as Anthropic's clients want it; OpenAI's want ``url + "/v1"``."""
        return f"{'https' if self.https else 'http'}://127.0.0.1:{self.http_port}"

    def issue(
        self,
        *,
        resources: Sequence[str] = ("shop",),
        to: str = "agent:reporter",
        on_behalf_of: str = "ada@example.com",
        verbs: str = "read,write",
        ttl: str = "30m",
        purpose: str = "weekly report",
        task: str = "",
    ) -> IssuedPass:
        """``passgate pass issue``. Raises PassgateError with what the command said."""
        arguments = [
            "pass",
            "issue",
            "--for",
            to,
            "--resource",
            ",".join(resources),
            "--verbs",
            verbs,
            "--ttl",
            ttl,
            "--purpose",
            purpose,
        ]
        if on_behalf_of:
            arguments += ["--on-behalf-of", on_behalf_of]
        if task:
            arguments += ["--task", task]
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

    def _wait_until_ready(self, log: Path, ports: Sequence[int]) -> None:
        waiting = list(ports)
        deadline = time.monotonic() + _READY_SECONDS
        while waiting and time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", waiting[0]), timeout=1).close()
            except OSError:
                try:
                    self.process.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    continue
            else:
                del waiting[0]
        if waiting:
            raise PassgateError(f"the gate did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def _serve(config: Path, workers: int, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with (config.parent / "gate.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "passgate", "serve", "--config", str(config), "--workers", str(workers)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )


@cache
def _rules() -> Path:
    """What gates of this process have compiled: it takes seconds, and is the same for all of them."""
    folder = Path(tempfile.mkdtemp(prefix="passgate-rules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _lend_rules(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kept in _rules().iterdir():
        shutil.copy(kept, folder / kept.name)


def _keep_rules(folder: Path) -> None:
    for made in folder.iterdir():
        kept = _rules() / made.name
        if made.is_file() and not kept.exists():
            shutil.copy(made, kept)


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
