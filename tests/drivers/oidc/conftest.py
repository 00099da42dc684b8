"""A certified OpenID provider in front of a whole gate, and people who sign in without a browser."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from passgate.testing import GateSetup, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

PROJECT = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Provider:
    issuer: str

    def is_now(self, person: str) -> None:
        """Who the next one to sign in is."""
        urllib.request.urlopen(f"{self.issuer}/test/who?is={person}").close()

    def tells_groups(self, where: str) -> None:
        """In the ``token``, or at the ``userinfo`` endpoint only."""
        urllib.request.urlopen(f"{self.issuer}/test/groups?in={where}").close()

    def sign_in(self, page: str) -> str:
        """What a person does with a browser: open the page, confirm, be redirected to the end. The last page's text."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        text = browser.open(page).read().decode()
        for _ in range(3):
            if "<form" not in text:
                return text
            action = unescape(re.findall(r'action="([^"]+)"', text)[0])
            fields = {unescape(n): unescape(v) for n, v in re.findall(r'name="([^"]+)" value="([^"]*)"', text)}
            fields.setdefault("confirm", "yes")
            data = urllib.parse.urlencode(fields).encode()
            text = browser.open(urllib.parse.urljoin(self.issuer, action), data=data).read().decode()
        return text


@contextmanager
def running(folder: Path) -> Iterator[Provider]:
    process = subprocess.Popen(
        ["node", "provider.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Provider(issuer=json.loads(process.stdout.readline())["issuer"])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    copy = tmp_path_factory.mktemp("oidc")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(PROJECT / name, copy / name)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with running(copy) as provider:
        yield provider


AGENTS = """\
  agents:
    reporter: {purpose: weekly reports, resources: [shop], verbs: [read], until: '2099-12-31'}
    retired: {purpose: gone, resources: [shop], verbs: [read], until: '2020-12-31'}
"""


@contextmanager
def gate_for(identity: str, cluster: PostgresCluster, folder: Path) -> Iterator[RunningGate]:
    setup = GateSetup(
        database="shop",
        user="app",
        password="app-password",
        bundle=BUNDLE,
        http_listener=True,
        sections=f"identity:\n{identity}",
    )
    with RunningGate.start(folder, cluster, setup) as gate:
        yield gate


@pytest.fixture(scope="package")
def gate(
    cluster: PostgresCluster, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    identity = f"""\
  providers:
    company:
      issuer: {provider.issuer}
      audience: [passgate-cli]
      sign_in: {{client_id: passgate-cli, scopes: [openid, email, groups]}}
  grants:
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [read, write], max_ttl: 30m}}
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [admin], acr: ['urn:example:mfa'], amr: [mfa]}}
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [code], max_auth_age: 1m}}
{AGENTS}"""
    with gate_for(identity, cluster, tmp_path_factory.mktemp("signed-in")) as gate:
        yield gate


@pytest.fixture(scope="package")
def careful_gate(
    cluster: PostgresCluster, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    """Demands the nonce, and reads groups where a thin ID token leaves them."""
    identity = f"""\
  providers:
    company:
      issuer: {provider.issuer}
      audience: [passgate-cli]
      groups_from: userinfo
      require_nonce: true
      sign_in: {{client_id: passgate-cli, scopes: [openid, email, groups]}}
  grants:
    - {{provider: company, groups: [engineering], resources: [shop]}}
"""
    with gate_for(identity, cluster, tmp_path_factory.mktemp("careful")) as gate:
        yield gate
