"""``passgate login`` at a second provider of other people's making: canaille, with names, passwords and a page for consent."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from passgate.testing import PostgresCluster, RunningGate
from tests.drivers.oidc.conftest import gate_for
from tests.drivers.oidc.test_sign_in import login

PYTHON = Path(__file__).parents[3] / ".venv" / "canaille" / "bin" / "python"
SCRIPT = Path(__file__).parent / "canaille" / "provider.py"
PASSWORD = "correct horse battery staple"


@dataclass
class Canaille:
    issuer: str
    redirect_uri: str
    person: str = ""
    password: str = PASSWORD
    consent: str = "accept"
    visited: list[str] = field(default_factory=list)

    def is_now(self, person: str) -> None:
        self.person = person

    def sign_in(self, page: str) -> str:
        """What a person does: their name, their password, their consent. The last page's text."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        answer: HTTPResponse = browser.open(page)
        text = answer.read().decode()
        for said in ({"login": self.person}, {"password": self.password}, {"answer": self.consent}):
            self.visited.append(urllib.parse.urlsplit(answer.url).path)
            if f'name="{next(iter(said))}"' not in text:
                break
            hidden = re.search(r'name="csrf_token" value="([^"]+)"', text)
            assert hidden is not None
            data = urllib.parse.urlencode({**said, "csrf_token": unescape(hidden[1])}).encode()
            answer = browser.open(answer.url, data=data)
            text = answer.read().decode()
        return text


@pytest.fixture(scope="module")
def canaille() -> Iterator[Canaille]:
    assert PYTHON.exists(), "canaille is not installed: run tools/bootstrap.sh test"
    process = subprocess.Popen(
        [str(PYTHON), str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": "/usr/bin:/bin"},  # nothing of ours on its path
    )
    try:
        assert process.stdout is not None
        yield Canaille(**json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module", params=["token", "userinfo"])
def gate(
    request: pytest.FixtureRequest,
    canaille: Canaille,
    cluster: PostgresCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningGate]:
    identity = f"""\
  providers:
    canaille:
      issuer: {canaille.issuer}
      audience: [passgate-cli]
      groups_from: {request.param}
      require_nonce: true
      sign_in: {{client_id: passgate-cli, redirect_uri: '{canaille.redirect_uri}', prompt: consent}}
  grants:
    - {{provider: canaille, groups: ['R&D, "special"'], resources: [shop], max_auth_age: 1m}}
"""
    with gate_for(identity, cluster, tmp_path_factory.mktemp("canaille")) as gate:
        yield gate


@pytest.fixture(autouse=True)
def as_before(canaille: Canaille) -> None:
    canaille.password, canaille.consent = PASSWORD, "accept"


def test_a_person_signs_in_with_their_password(gate: RunningGate, canaille: Canaille) -> None:
    done = login(gate, canaille, "--no-browser")
    assert done.code == 0, done.err
    shown = json.loads(gate.cli("pass", "show", done.pass_.id, "--json"))
    assert shown["principal"] == "human:ada@example.com"
    assert set(shown["groups"]) == {"engineering", 'R&D, "special"', "Zoë 日本"}
    assert canaille.visited[-3:] == ["/login", "/auth/password", "/oauth/authorize"]


def test_whoever_is_in_no_group_that_may_gets_nothing(gate: RunningGate, canaille: Canaille) -> None:
    done = login(gate, canaille, "--no-browser", person="eve")
    assert (done.code, done.out) == (2, "")
    assert "may not ask for read on shop" in done.err


def test_whoever_gives_no_consent_is_not_signed_in(gate: RunningGate, canaille: Canaille) -> None:
    canaille.consent = "deny"
    done = login(gate, canaille, "--no-browser")
    assert (done.code, done.out) == (2, "")
    assert "denied at the provider" in done.err


def test_a_wrong_password_brings_nobody_back(gate: RunningGate, canaille: Canaille) -> None:
    canaille.password = "not it"
    done = login(gate, canaille, "--no-browser", "--wait", "2s")
    assert (done.code, done.out) == (2, "")
    assert "nobody signed in within 2s" in done.err


def test_a_flow_that_it_does_not_have(gate: RunningGate, canaille: Canaille) -> None:
    done = login(gate, canaille, "--device")
    assert (done.code, done.out) == (2, "")
    assert "have it enabled" in done.err
