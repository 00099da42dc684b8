"""``passgate login`` as people and their agents use it, against a real provider and a real gate."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from passgate.cli.device_flow import DeviceFlow
from passgate.cli.signing_in import Gate
from passgate.core.errors import SignInError
from passgate.testing import IssuedPass, RunningGate, command_line
from tests.drivers.oidc.conftest import Provider


@dataclass(frozen=True)
class Login:
    code: int
    out: str
    err: str

    @property
    def pass_(self) -> IssuedPass:
        answer = json.loads(self.out)
        return IssuedPass(id=answer["pass"], secret=answer["secret"])


class Present(Protocol):
    """A provider, and a person at it."""

    def is_now(self, person: str) -> None: ...

    def sign_in(self, page: str) -> str: ...


def login(gate: RunningGate, provider: Present, *words: str, person: str = "ada") -> Login:
    """The command, and the person it waits for."""
    provider.is_now(person)
    url = f"http://127.0.0.1:{gate.http_port}"
    command = ["login", "--gate", url, "--resource", "shop", "--purpose", "a look", "--json", *words]
    process = subprocess.Popen(
        [sys.executable, "-m", "passgate", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        page = re.search(r"Open (\S+) (?:and enter|in a browser)", line)
        if page is not None:
            provider.sign_in(page[1])
    out, _ = process.communicate(timeout=60)
    return Login(code=process.returncode, out=out, err="".join(heard))


def take(gate: RunningGate, token: str, folder: Path, *words: str) -> Login:
    """The command with a token at hand."""
    file = folder / "token"
    file.write_text(token)
    url = f"http://127.0.0.1:{gate.http_port}"
    command = ["login", "--gate", url, "--resource", "shop", "--purpose", "a look", "--json", "--token-file", str(file)]
    done = command_line([*command, *words])
    return Login(code=done.returncode, out=done.stdout, err=done.stderr)


def a_token(gate: RunningGate, provider: Provider) -> str:
    at = Gate(url=f"http://127.0.0.1:{gate.http_port}")
    flow = DeviceFlow(invite=lambda page, _code: provider.sign_in(page) and None)
    return asyncio.run(at.sign_in(None, [flow])).id_token


@pytest.fixture(scope="module")
def tokens(gate: RunningGate, provider: Provider) -> dict[str, str]:
    """An ID token of each person. A refusal does not use it up."""
    found = {}
    for person in ("ada", "eve"):
        provider.is_now(person)
        found[person] = a_token(gate, provider)
    return found


def issued(gate: RunningGate, pass_id: str) -> list[dict[str, object]]:
    """Its events: the gate copies them from the store's journal to the ledger once a second."""
    deadline = time.monotonic() + 20
    while True:
        events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
        found = [e for e in events if e["type"] == "pass.issued" and e["detail"]["pass"] == pass_id]
        if found or time.monotonic() > deadline:
            return found


@pytest.mark.parametrize("way", ["--no-browser", "--device"])
def test_a_person_signs_in_and_takes_a_pass(gate: RunningGate, provider: Provider, way: str) -> None:
    done = login(gate, provider, way, "--verbs", "read,write", "--ttl", "10m")
    assert done.code == 0, done.err
    shown = json.loads(gate.cli("pass", "show", done.pass_.id, "--json"))
    assert shown["principal"] == "human:ada@example.com"
    assert shown["groups"] == ["dba", "engineering"]
    assert (shown["verbs"], shown["purpose"]) == (["read", "write"], "a look")
    with psycopg.connect(gate.dsn(done.pass_), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
    assert "oidc:company:ada@example.com" in json.dumps(issued(gate, done.pass_.id))


def test_an_agent_acts_for_the_person_with_less(gate: RunningGate, provider: Provider) -> None:
    done = login(gate, provider, "--device", "--agent", "reporter")
    assert done.code == 0, done.err
    shown = json.loads(gate.cli("pass", "show", done.pass_.id, "--json"))
    assert (shown["principal"], shown["on_behalf_of"]) == ("agent:reporter", "human:ada@example.com")
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="covers read")
    with psycopg.connect(gate.dsn(done.pass_), autocommit=True) as connection, refused:
        connection.execute("UPDATE orders SET status = 'x' WHERE id = 1")


@pytest.mark.parametrize(
    ("words", "person", "said"),
    [
        ((), "eve", "may not ask for read on shop"),
        (("--verbs", "ddl"), "ada", "may not ask for ddl on shop"),
        (("--ttl", "2h"), "ada", "the maximum is 30m"),
        (("--agent", "reporter", "--verbs", "write"), "ada", "not registered for write"),
        (("--agent", "retired"), "ada", "has ended"),
        (("--agent", "nobody"), "ada", "no agent registered"),
        (("--verbs", "everything"), "ada", "is no verb"),
    ],
)
def test_what_is_not_granted_is_refused_with_its_reason(
    gate: RunningGate, tokens: dict[str, str], tmp_path: Path, words: tuple[str, ...], person: str, said: str
) -> None:
    done = take(gate, tokens[person], tmp_path, *words)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_a_token_buys_one_pass_whose_key_can_go_to_a_file_and_nowhere_else(
    gate: RunningGate, provider: Provider, tmp_path: Path
) -> None:
    provider.is_now("ada")
    token = a_token(gate, provider)
    path = tmp_path / "key"
    done = take(gate, token, tmp_path, "--key-file", str(path))
    assert done.code == 0, done.err
    key = path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert key not in done.out + done.err
    assert key.split(".")[0] == json.loads(done.out)["pass"]
    again = take(gate, token, tmp_path)
    assert (again.code, again.out) == (2, "")
    assert "used before" in again.err
    assert token not in again.err + (gate.directory / "gate.log").read_text()


def test_a_provider_that_the_gate_does_not_know(gate: RunningGate) -> None:
    at = Gate(url=f"http://127.0.0.1:{gate.http_port}")
    with pytest.raises(SignInError, match="there are company"):
        asyncio.run(at.sign_in("other", [DeviceFlow(invite=lambda _page, _code: None)]))
