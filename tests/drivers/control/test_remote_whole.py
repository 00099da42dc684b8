"""``passgate remote`` as people use it: they sign in at a provider, a whole gate with its own issuer, PostgreSQL behind it."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate, command_line
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider
from passgate.testing.postgres import free_port

HELD = """\
rules:
- id: writes-wait
  when: "verb_class == 'write'"
  then: hold
  approvers: {group: dba, count: 1, expires: 5m}
"""
PEOPLE = {
    "ada@example.com": ["eng"],
    "grace@example.com": ["eng", "dba"],
    "eve@example.com": ["audit"],
    "oscar@example.com": ["platform"],
    "mallory@example.com": [],
}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Whole:
    gate: RunningGate
    people: OidcProvider
    homes: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.gate.http_port}"

    def environment(self, who: str) -> Mapping[str, str]:
        """Everybody has a configuration folder of their own."""
        return {"XDG_CONFIG_HOME": str(self.homes / who), "PASSGATE_CA": str(self.gate.ca), "PASSGATE_GATE": self.url}

    def remote(self, who: str, *words: str) -> Done:
        done = command_line(["remote", *words], **self.environment(who))
        assert "Traceback" not in done.stderr
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def said(self, who: str, *words: str) -> str:
        done = self.remote(who, *words)
        assert (done.code, done.err) == (0, "")
        return done.out

    def sign_in(self, who: str, *words: str) -> Done:
        """``remote login`` and the person that it waits for."""
        process = subprocess.Popen(
            [sys.executable, "-m", "passgate", "remote", "login", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", **self.environment(who)},
        )
        assert process.stderr is not None
        heard = []
        for line in process.stderr:
            heard.append(line)
            page = re.search(r"Open (\S+) (?:and enter|in a browser)", line)
            if page is not None:
                self.people.sign_in(page[1], f"{who}@example.com")
        out, _ = process.communicate(timeout=60)
        return Done(code=process.returncode, out=out, err="".join(heard))

    def token_file(self, who: str) -> Path:
        return self.homes / who / "passgate" / "api-token.json"


@pytest.fixture(scope="module")
def whole(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("remote")
    # Clients must know the gate's own address before it has one: the issuer's URL holds the port.
    port = free_port()
    with pytest.MonkeyPatch.context() as patch, OidcProvider.start(PEOPLE) as provider:
        ports = iter((free_port(), port))
        patch.setattr("passgate.testing.gate.free_port", lambda: next(ports))
        sections = f"""\
identity:
  providers:
    company: {{issuer: '{provider.issuer}', audience: [{CLIENT_ID}], sign_in: {{client_id: {CLIENT_ID}}}}}
  issuer: {{url: 'https://localhost:{port}'}}
approvals:
  people:
    grace@example.com: {{os_user: nobody, groups: [dba]}}
control:
  public_url: https://localhost:{port}
  roles:
    user: {{groups: [eng]}}
    approver: {{groups: [dba]}}
    auditor: {{groups: [audit]}}
    operator: {{groups: [platform]}}
"""
        setup = GateSetup(
            database="shop",
            user="app",
            password="app-password",
            bundle=HELD,
            http_listener=True,
            https=True,
            workers=2,
            sections=sections,
        )
        with RunningGate.start(folder / "gate", cluster, setup) as gate:
            yield Whole(gate=gate, people=provider, homes=folder / "homes")


@pytest.fixture(scope="module")
def everybody(whole: Whole) -> Whole:
    for who, way in (("ada", "--no-browser"), ("grace", "--device"), ("eve", "--device"), ("oscar", "--device")):
        done = whole.sign_in(who, way)
        assert done.code == 0, done.err
        assert done.out.startswith(f"human:{who}@example.com at {whole.url}, for ")
    return whole


def held_write(gate: RunningGate, pass_: IssuedPass, heard: list[str], asked: threading.Event) -> str:
    """A client whose statement waits for somebody. What it is told while it waits goes to ``heard``."""
    with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:

        def listen(notice: psycopg.errors.Diagnostic) -> None:
            found = re.search(r"request (\w+)", notice.message_detail or "")
            if found is not None and not asked.is_set():
                heard.append(found[1])
                asked.set()

        connection.add_notice_handler(listen)
        return connection.execute("UPDATE orders SET status = 'held' WHERE id = 7").statusmessage or ""


def test_who_signed_in_is_known_with_their_roles(everybody: Whole) -> None:
    assert everybody.said("ada", "whoami") == "human:ada@example.com: user\n"
    assert everybody.said("grace", "whoami") == "human:grace@example.com: approver, user\n"
    kept = everybody.token_file("ada")
    assert kept.stat().st_mode & 0o777 == 0o600
    (token,) = json.loads(kept.read_text()).values()
    again = everybody.sign_in("ada", "--device", "--json")
    shown = json.loads(again.out)
    assert (shown["gate"], shown["principal"]) == (everybody.url, "human:ada@example.com")
    assert 0 < shown["expires_in"] <= 3600
    (new,) = json.loads(kept.read_text()).values()
    assert new != token
    assert new not in again.out + again.err


def test_an_approver_lets_a_held_write_of_anothers_agent_run(everybody: Whole) -> None:
    pass_ = everybody.gate.issue()
    heard: list[str] = []
    asked = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        write = thread.submit(held_write, everybody.gate, pass_, heard, asked)
        assert asked.wait(30)
        (request,) = heard
        assert request in everybody.said("grace", "approvals")
        assert "UPDATE orders SET status = 'held' WHERE id = 7" in everybody.said("grace", "approval", request)
        own = everybody.remote("ada", "vote", request, "--approve")
        assert own.code == 2, "whoever it is asked for has no say"
        assert everybody.said("grace", "vote", request, "--approve", "--note", "seen") == f"{request} is approved\n"
        assert write.result(30) == "UPDATE 1"
    late = everybody.remote("grace", "vote", request, "--deny")
    assert (late.code, late.out) == (2, "")


def test_an_operator_kills_revokes_locks_and_an_auditor_reads_of_it(everybody: Whole) -> None:
    pass_ = everybody.gate.issue(verbs="read")
    with psycopg.connect(everybody.gate.dsn(pass_), autocommit=True) as connection:
        live = json.loads(everybody.said("oscar", "sessions", "--json"))["items"]
        (session,) = [one["id"] for one in live if one["pass_id"] == pass_.id]
        assert session in everybody.said("ada", "sessions"), "one's own agents' too"
        assert everybody.said("oscar", "kill", session) == f"killed {session}\n"
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert pass_.id in everybody.said("ada", "passes", "--live")
    assert everybody.said("ada", "revoke", pass_.id) == f"revoked {pass_.id}\n"
    assert pass_.id not in everybody.said("oscar", "passes", "--live", "--limit", "200")
    lock = json.loads(everybody.said("oscar", "lock", "agent", "stray", "--reason", "INC-1", "--json"))
    assert "stray" in everybody.gate.cli("locks")
    assert everybody.said("oscar", "unlock", lock["id"]) == "unlocked agent stray\n"
    assert session in everybody.said("eve", "sessions", "--over")
    (event,) = json.loads(
        everybody.said("eve", "events", "--type", "lock.set", "--actor", "human:oscar@example.com", "--json")
    )["items"]
    proof = everybody.homes / "proof.json"
    proof.write_text(everybody.said("eve", "proof", event["id"], "--json"))
    assert command_line(["ledger", "check", str(proof)]).stdout.startswith("proven: ")
    assert "C3   PASS" in everybody.said("eve", "verify")


def test_who_may_not_is_told_why(everybody: Whole) -> None:
    refused = everybody.remote("ada", "events")
    assert refused.code == 2
    assert "is for the roles auditor, operator; human:ada@example.com has none of them" in refused.err
    assert everybody.sign_in("mallory", "--device").code == 0
    assert "has no role at the control API" in everybody.remote("mallory", "whoami").err
    stranger = everybody.remote("trent", "whoami")
    assert stranger.code == 2
    assert f"`passgate remote --gate {everybody.url} login`" in stranger.err
    distrusted = command_line(
        ["remote", "--gate", everybody.url, "whoami"], XDG_CONFIG_HOME=str(everybody.homes / "ada")
    )
    assert distrusted.returncode == 2
    assert "its certificate is not trusted" in distrusted.stderr
    assert "--ca" in distrusted.stderr


def test_who_is_locked_is_out_here_too(everybody: Whole) -> None:
    assert everybody.said("eve", "whoami")
    lock = json.loads(everybody.gate.cli("lock", "--human", "eve@example.com", "--reason", "left", "--json"))["id"]
    assert everybody.remote("eve", "whoami").code == 2
    everybody.gate.cli("unlock", lock)
