"""People leave a certified OpenID provider: it signs them out, or vouches for them no more."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from tests.drivers.oidc.conftest import PROJECT, Provider

CLIENT = "passgate-cli"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
BOUND_SECONDS = 2.0
RECHECK_SECONDS = 1.0


def post(url: str, form: Mapping[str, str]) -> dict[str, object]:
    try:
        with urllib.request.urlopen(url, data=urllib.parse.urlencode(form).encode()) as answer:
            said: dict[str, object] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            said = json.loads(error.read())
    return said


@dataclass
class Company:
    provider: Provider
    gate: RunningGate

    def pass_of(self, person: str) -> IssuedPass:
        """By the device flow, with a refresh token behind it."""
        self.provider.is_now(person)
        issuer = self.provider.issuer
        scope = {"client_id": CLIENT, "scope": "openid offline_access email groups"}
        device = post(f"{issuer}/device/auth", scope)
        assert "device_code" in device, device
        self.provider.sign_in(str(device["verification_uri_complete"]))
        form = {"grant_type": DEVICE, "device_code": str(device["device_code"]), "client_id": CLIENT}
        tokens = post(f"{issuer}/token", form)
        assert {"id_token", "refresh_token"} <= set(tokens), tokens
        got = post(
            f"{self.gate.url}/oauth/token",
            {
                "grant_type": EXCHANGE,
                "subject_token": str(tokens["id_token"]),
                "subject_token_type": ID_TOKEN,
                "subject_refresh_token": str(tokens["refresh_token"]),
                "audience": "shop",
                "purpose": "a look",
            },
        )
        assert "secret" in got, got
        return IssuedPass(id=str(got["pass"]), secret=str(got["secret"]))

    def test(self, path: str, **query: str) -> None:
        urllib.request.urlopen(f"{self.provider.issuer}/test/{path}?{urllib.parse.urlencode(query)}").close()

    def revoked(self, pass_: IssuedPass) -> bool:
        return json.loads(self.gate.cli("pass", "show", pass_.id, "--json"))["revoked"] is not None


@pytest.fixture(scope="module")
def company(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    copy = tmp_path_factory.mktemp("leaving")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PROJECT / name, copy / name)
    shutil.copy(PROJECT / "people.mjs", copy / "people.mjs")
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(
        ["node", "people.mjs"],
        cwd=copy,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        provider = Provider(issuer=json.loads(process.stdout.readline())["issuer"])
        identity = f"""\
identity:
  providers:
    company:
      issuer: {provider.issuer}
      audience: [{CLIENT}]
      sign_in: {{client_id: {CLIENT}, scopes: [openid, offline_access, email, groups]}}
      recheck: {{every: {RECHECK_SECONDS:g}s, grace: 30s}}
  grants:
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [read], max_ttl: 30m}}
"""
        setup = GateSetup(
            database="shop",
            user="app",
            password="app-password",
            packs=(),
            bundle="rules: [{id: anything, match: [{resource.kind: postgres}], when: 'true', then: allow}]\n",
            http_listener=True,
            sections=identity,
        )
        with RunningGate.start(tmp_path_factory.mktemp("left"), cluster, setup) as gate:
            yield Company(provider=provider, gate=gate)
    finally:
        process.kill()
        process.communicate()


def signs_out(company: Company) -> None:
    company.test("sign-out", who="ada", uri=f"{company.gate.url}/oidc/backchannel-logout")


def is_disabled(company: Company) -> None:
    company.test("disable", who="bea")


@pytest.mark.parametrize(
    ("leaves", "person", "grace"), [(signs_out, "ada", 0.0), (is_disabled, "bea", RECHECK_SECONDS)]
)
def test_who_leaves_is_out_in_the_middle_of_a_statement(
    company: Company, leaves: Callable[[Company], None], person: str, grace: float
) -> None:
    pass_ = company.pass_of(person)
    with psycopg.connect(company.gate.dsn(pass_), autocommit=True) as connection:
        # Longer than the interval: who is still there is asked about, and goes on.
        connection.execute("SELECT pg_sleep(%s)", [RECHECK_SECONDS * 2.5])
        assert not company.revoked(pass_)
        leaves(company)
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="revoked"):
            connection.execute("SELECT pg_sleep(60)")
        assert time.monotonic() - began < BOUND_SECONDS + grace
    assert company.revoked(pass_)
