"""docs/guide/getting-started.md, done as it is written, by somebody who has a database and has read nothing else."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from passgate.testing import PostgresCluster
from passgate.testing.postgres import free_port
from tests.drivers.conftest import SCHEMA

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "getting-started.md"


def part(number: int) -> str:
    return re.split(r"^## \d\. .*$", GUIDE.read_text(), flags=re.MULTILINE)[number]


def blocks(number: int, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", part(number), re.MULTILINE | re.DOTALL)


def commands(number: int) -> list[str]:
    lines = "".join(blocks(number)).splitlines()
    return [line.partition("   #")[0].strip() for line in lines if line.startswith("passgate ")]


class Reader:
    """``/etc/passgate``, the port and the database are where this test may have them; nothing else is changed."""

    def __init__(self, folder: Path, cluster: PostgresCluster) -> None:
        self.place = folder / "etc"
        self.folder = folder
        self.port = free_port()
        self.changes = {
            "/etc/passgate": str(self.place),
            "host: db.internal": f"host: {cluster.host}\n      port: {cluster.port}",
        }
        self.environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
        for name in ("PASSGATE_CONFIG", "PASSGATE_STATE"):
            self.environment.pop(name, None)

    def here(self, text: str) -> str:
        for page, mine in self.changes.items():
            text = text.replace(page, mine)
        return text

    def run(self, line: str, *, code: int = 0) -> str:
        name, *words = shlex.split(self.here(line))
        assert name == "passgate"
        done = subprocess.run(
            [sys.executable, "-m", "passgate", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def serve(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "passgate", "serve"],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )


def until(process: "subprocess.Popen[str]", words: str) -> list[str]:
    """What it says until it has said that."""
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        if words in line:
            return heard
    raise AssertionError("".join(heard))


@pytest.fixture(scope="module")
def reader(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    reader = Reader(tmp_path_factory.mktemp("first"), cluster)
    init, export = blocks(2)[0].splitlines()
    reader.run(init)
    name, _, value = export.partition("#")[0].removeprefix("export ").strip().partition("=")
    reader.environment[name] = reader.here(value)
    resources, rules = blocks(2, "yaml")
    config = reader.place / "passgate.yaml"
    made = config.read_text().replace("port: 6432", f"port: {reader.port}")
    config.write_text(made[: made.index("# What they reach")] + reader.here(resources))
    (reader.place / "rules.yaml").write_text(rules)
    shutil.copy(cluster.ca, reader.place / "db-ca.crt")
    (reader.folder / "schema.sql").write_text(SCHEMA.partition("INSERT")[0])
    return reader


def psql(issued: str, statement: str) -> "subprocess.CompletedProcess[str]":
    """The line that ``pass issue`` prints, copied into a shell, the secret where it says so."""
    secret = re.findall(r"^secret +(\S+)$", issued, re.MULTILINE)[0]
    (line,) = [line for line in issued.splitlines() if line.startswith("PGPASSWORD=")]
    command = f"{line.replace('<secret>', secret)} -Atc {shlex.quote(statement)}"
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


@contextmanager
def running(reader: Reader) -> Iterator["subprocess.Popen[str]"]:
    process = reader.serve()
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def test_as_it_is_written(reader: Reader) -> None:
    before_the_password_is_there(reader)
    without_the_password_only_the_operator_hears_what_is_missing(reader)
    secret = reader.place / "db.password"
    secret.touch(mode=0o600)
    secret.write_text("app-password\n")
    with running(reader) as gate:
        until(gate, f"postgres listening on 127.0.0.1 port {reader.port}")
        the_way_through(reader)
        assert "perhaps a gate that runs already (`passgate status`" in reader.run("passgate serve", code=2)
        gate.send_signal(signal.SIGINT)
        _, rest = gate.communicate(timeout=20)
        assert (gate.returncode, "Traceback" in rest) == (0, False)


def before_the_password_is_there(reader: Reader) -> None:
    check, rules = commands(2)[-2:]
    said = reader.run(check)
    assert f"resources.shop.upstream.credential: The secret file {reader.place}/db.password cannot be read" in said
    assert f"listens    postgres on 127.0.0.1 port {reader.port}" in said
    assert "rules, " in reader.run(rules)


def without_the_password_only_the_operator_hears_what_is_missing(reader: Reader) -> None:
    with running(reader) as gate:
        heard = "".join(until(gate, "listening on"))
        assert "the catalog of shop cannot be read: the upstream credential could not be obtained: " in heard
        assert f"The secret file {reader.place}/db.password cannot be read: No such file or directory" in heard
        refused = psql(reader.run(commands(3)[2]), "SELECT 1")
        assert "cannot be reached" in refused.stderr
        assert "db.password" not in refused.stderr
        assert "session.refused" in reader.run("passgate ledger search refused shop"), (
            "the hint sends the operator here"
        )
        told = [json.loads(line) for line in reader.run("passgate ledger export").splitlines() if line.startswith("{")]
        (reason,) = [one["detail"]["reason"] for one in told if one["type"] == "session.refused"]
        assert "db.password cannot be read: No such file or directory" in reason


def the_way_through(reader: Reader) -> None:
    serve, status, issue = commands(3)
    assert serve == "passgate serve"
    assert "gate-0" in reader.run(status)
    issued = reader.run(issue)
    assert psql(issued, "SELECT email, ssn FROM customers WHERE id = 1").stdout == "c***@***.com|\n"
    assert "protected" in psql(issued, "SELECT * FROM payments").stderr
    live, kill, revoke, replay, verify = commands(4)
    assert "SESSION" in reader.run(live)
    assert "There is no live session" in reader.run(kill.replace("SESSION", "01NONE"), code=2)
    listed = reader.run("passgate sessions list")
    session = re.findall(r"^(01\w+) .* 1 rows? ", listed, re.MULTILINE)[0]
    assert "c***@***.com" in reader.run(replay.replace("SESSION", session))
    assert "C3   PASS" in reader.run(verify)
    pass_id = re.findall(r"^pass +(\S+)$", issued, re.MULTILINE)[0]
    assert f"revoked {pass_id}" in reader.run(revoke.replace("PASS", pass_id))
    assert "authentication failed" in psql(issued, "SELECT 1").stderr


def test_a_question_before_an_edit_is_answered_by_the_policy_in_force(reader: Reader) -> None:
    (explain,) = commands(6)
    said = reader.run(explain)
    assert "verdict   allow" in said
    assert "roll back beyond 100 rows" in said
    alone = reader.run(explain.replace("--resource shop", "--policy etc/rules.yaml"))
    assert "deny by default-deny" in alone
    assert "These files are the whole policy here" in alone
    assert "--pack postgres-safe" in alone


def test_a_port_that_is_taken_is_one_line_and_status_2(
    reader: Reader, cluster: PostgresCluster, tmp_path: Path
) -> None:
    """Any listener, any reason that the system may have."""
    reader.run(f"passgate init --dir {tmp_path}")
    config = tmp_path / "passgate.yaml"
    text = (reader.place / "passgate.yaml").read_text()
    text = text.replace("[rules.yaml]", f"[{reader.place}/rules.yaml]")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config.write_text(text.replace(f"port: {reader.port}", f"port: {port}"))
        for workers in ("1", "2"):
            said = reader.run(f"passgate serve --config {config} --workers {workers}", code=2)
            assert f"postgres cannot listen on 127.0.0.1 port {port}: Address already in use" in said
            assert "give listeners.0 another port" in said
            assert "Traceback" not in said
            assert "compiling" not in said  # nothing slow is done first
        said = reader.run(f"passgate config check --config {config}")
        assert f"listeners.0: postgres on 127.0.0.1 port {port}: the port is taken now" in said
    config.write_text(text.replace("address: 127.0.0.1", "address: 192.0.2.1"))
    said = reader.run(f"passgate serve --config {config}", code=2)
    assert "postgres cannot listen on 192.0.2.1 port " in said
    assert "Cannot assign requested address" in said
