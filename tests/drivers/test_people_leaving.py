"""A person leaves while a statement of theirs runs: how soon their client knows, how soon the server is idle.

docs/security/ending-access.md has the table; this measures it, with a whole gate, a directory's requests as Okta and Entra ID send
them, and a provider that signs real tokens.
"""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider

BOUND_SECONDS = 2.0
SCIM_TOKEN = "a-directory-token-of-these-tests-only"
RECHECK_SECONDS, GRACE_SECONDS = 1.0, 2.5
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PEOPLE = ("ada", "bea", "cleo", "dora", "eve", "fay", "gus", "hal")


@dataclass
class Company:
    """The gate, the provider that it trusts, and the directory that speaks to it."""

    gate: RunningGate
    provider: OidcProvider
    ids: dict[str, str] = field(default_factory=dict)

    def scim(self, method: str, path: str, body: object = None) -> Mapping[str, object]:
        request = urllib.request.Request(
            f"{self.gate.url}/scim/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {SCIM_TOKEN}", "Content-Type": "application/scim+json"},
        )
        with urllib.request.urlopen(request) as answer:
            said: Mapping[str, object] = json.loads(answer.read() or b"{}")
        return said

    def patch(self, path: str, *operations: object) -> float:
        """When it was sent."""
        began = time.monotonic()
        self.scim("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
        return began

    def employ(self) -> None:
        """Everybody, in the group that the grant asks for. Okta and Entra ID write names as they please."""
        for person in PEOPLE:
            user = {"schemas": [USER], "userName": f"{person.title()}@Example.com", "active": True}
            self.ids[person] = str(self.scim("POST", "/Users", user)["id"])
        members = [{"value": self.ids[person], "display": person} for person in PEOPLE]
        group = {"schemas": [GROUP], "displayName": "engineering", "members": members}
        self.ids["engineering"] = str(self.scim("POST", "/Groups", group)["id"])

    def post(self, path: str, form: Mapping[str, str]) -> tuple[int, dict[str, object]]:
        data = urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(self.gate.url + path, data=data) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def exchange(self, person: str, **more: str) -> tuple[int, dict[str, object]]:
        """The person's token for a pass of an agent that acts for them."""
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": self.provider.token(f"{person}@example.com", sid=f"session-{person}"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "audience": "shop",
            "scope": "read code",
            "purpose": "weekly report",
            "agent": "reporter",
            **more,
        }
        return self.post("/oauth/token", form)

    def pass_of(self, person: str, **more: str) -> IssuedPass:
        status, said = self.exchange(person, **more)
        assert status == 200, said
        return IssuedPass(id=str(said["pass"]), secret=str(said["secret"]))

    def reasons(self) -> list[str]:
        """Of the ledger: why access ended."""
        found = [json.loads(line) for line in self.gate.cli("ledger", "export", "--format", "jsonl").splitlines()]
        return [event["detail"]["reason"] for event in found if event["type"] == "access.ended"]


@contextmanager
def serving(cluster: PostgresCluster, folder: Path) -> Iterator[Company]:
    people = {f"{person}@example.com": ["engineering"] for person in PEOPLE}
    with OidcProvider.start(people) as provider:
        sections = f"""\
identity:
  providers:
    company:
      issuer: {provider.issuer}
      audience: [{CLIENT_ID}]
      algorithms: [ES256]
      sign_in: {{client_id: {CLIENT_ID}, scopes: [openid, email, groups, offline_access]}}
      recheck: {{every: {RECHECK_SECONDS:g}s, grace: {GRACE_SECONDS * 1000:g}ms}}
  directory: {{provider: company, required: true, groups_from: directory, credential: {{env: DIRECTORY_TOKEN}}}}
  grants:
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [read, code], max_ttl: 30m}}
  agents:
    reporter: {{purpose: weekly reports, resources: [shop], verbs: [read, code], until: '2099-12-31'}}
"""
        setup = GateSetup(
            database="shop",
            user="app",
            password="app-password",
            packs=(),
            bundle="rules: [{id: anything, match: [{resource.kind: postgres}], when: 'true', then: allow}]\n",
            http_listener=True,
            sections=sections,
            environment={"DIRECTORY_TOKEN": SCIM_TOKEN},
        )
        with RunningGate.start(folder, cluster, setup) as gate:
            company = Company(gate=gate, provider=provider)
            company.employ()
            yield company


@pytest.fixture(scope="module")
def company(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with serving(cluster, tmp_path_factory.mktemp("people")) as company:
        yield company


@dataclass
class Sleeper:
    """A client of the pass in the middle of a statement that does nothing for a minute."""

    company: Company
    cluster: PostgresCluster
    person: str
    told: float = 0.0
    idle: float = 0.0
    said: str = ""

    @property
    def statement(self) -> str:
        return f"SELECT pg_sleep(60), '{self.person}'"

    @property
    def running(self) -> str:
        return (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
            f" AND query LIKE '%pg_sleep(60), ''{self.person}''%'"
        )

    def begin(self, pass_: IssuedPass) -> None:
        self.client = threading.Thread(target=self._sleep, args=(pass_,))
        self.client.start()
        while self.cluster.psql(self.running) != "1":
            assert self.client.is_alive(), self.said
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()

    def _sleep(self, pass_: IssuedPass) -> None:
        try:
            with psycopg.connect(self.company.gate.dsn(pass_), autocommit=True) as connection:
                connection.execute(self.statement)
        except psycopg.Error as error:
            self.said = str(error)
        self.told = time.monotonic()

    def _watch(self) -> None:
        with psycopg.connect(self.cluster.dsn("shop"), autocommit=True) as connection:
            while connection.execute(self.running).fetchone() != (0,):
                pass
        self.idle = time.monotonic()

    def end(self) -> None:
        for thread in (self.client, self.watcher):
            thread.join(30)
            assert not thread.is_alive()


def deactivated_by_entra(company: Company, person: str) -> float:
    return company.patch(f"/Users/{company.ids[person]}", {"op": "Replace", "path": "active", "value": "False"})


def deactivated_by_okta(company: Company, person: str) -> float:
    return company.patch(f"/Users/{company.ids[person]}", {"op": "replace", "value": {"active": False}})


def deleted(company: Company, person: str) -> float:
    began = time.monotonic()
    company.scim("DELETE", f"/Users/{company.ids[person]}")
    return began


def out_of_the_group(company: Company, person: str) -> float:
    path = f'members[value eq "{company.ids[person]}"]'
    return company.patch(f"/Groups/{company.ids['engineering']}", {"op": "remove", "path": path})


def signed_out(company: Company, person: str) -> float:
    token = company.provider.logout_token(f"{person}@example.com", sid=f"session-{person}")
    began = time.monotonic()
    assert company.post("/oidc/backchannel-logout", {"logout_token": token}) == (200, {})
    assert company.post("/oidc/backchannel-logout", {"logout_token": token})[0] == 400  # once is enough
    return began


def disabled(company: Company, person: str) -> float:
    """Only the next question, within the interval, can tell."""
    company.provider.disable(f"{person}@example.com")
    return time.monotonic()


WAYS = [
    pytest.param(deactivated_by_entra, "ada", 0.0, "not active", id="deactivated over SCIM by Entra ID"),
    pytest.param(deactivated_by_okta, "bea", 0.0, "not active", id="deactivated over SCIM by Okta"),
    pytest.param(deleted, "cleo", 0.0, "not active", id="deleted over SCIM"),
    pytest.param(out_of_the_group, "dora", 0.0, "in no group", id="taken out of the group"),
    pytest.param(signed_out, "eve", 0.0, "signed out", id="back-channel logout"),
    pytest.param(disabled, "fay", RECHECK_SECONDS, "vouches no more", id="the provider vouches no more"),
]


@pytest.mark.parametrize(("way", "person", "grace", "reason"), WAYS)
def test_the_client_knows_and_the_server_is_idle_within_two_seconds(
    company: Company,
    cluster: PostgresCluster,
    way: Callable[[Company, str], float],
    person: str,
    grace: float,
    reason: str,
    record_property: Callable[[str, object], None],
) -> None:
    sleeper = Sleeper(company=company, cluster=cluster, person=person)
    refresh_token = company.provider.refresh_token(f"{person}@example.com")
    sleeper.begin(company.pass_of(person, subject_refresh_token=refresh_token))
    measure(sleeper, way(company, person), grace, record_property)
    assert any(reason in found for found in company.reasons())
    if way in (deactivated_by_entra, deactivated_by_okta, deleted, out_of_the_group):
        assert company.exchange(person)[0] == 400


def test_a_silent_provider_ends_what_it_vouched_for_after_its_grace(
    cluster: PostgresCluster,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    """With a refresh token and without one."""
    with serving(cluster, tmp_path_factory.mktemp("silent")) as company:
        both = [Sleeper(company=company, cluster=cluster, person=person) for person in ("gus", "hal")]
        refresh_token = company.provider.refresh_token("gus@example.com")
        both[0].begin(company.pass_of("gus", subject_refresh_token=refresh_token))
        both[1].begin(company.pass_of("hal"))
        company.provider.silent = True
        began = time.monotonic()
        for sleeper in both:
            measure(sleeper, began, GRACE_SECONDS, record_property)
        assert company.reasons() == ["identity provider unreachable past its grace"] * 2


def measure(sleeper: Sleeper, began: float, grace: float, record_property: Callable[[str, object], None]) -> None:
    sleeper.end()
    record_property("client_told_seconds", round(sleeper.told - began, 3))
    record_property("server_idle_seconds", round(sleeper.idle - began, 3))
    assert "revoked" in sleeper.said
    assert 0 <= sleeper.told - began < BOUND_SECONDS + grace
    assert 0 <= sleeper.idle - began < BOUND_SECONDS + grace
