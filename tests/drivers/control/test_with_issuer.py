"""A whole gate of two workers whose own issuer says who calls: people sign in at a provider and reach the control API; an agent
with a pass, or with a token for that pass, does not."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from passgate.testing import GateSetup, LlmUpstream, RunningGate
from passgate.testing.llm_provider import RunningProvider
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider

URL = "https://gate.example.com"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass(frozen=True)
class Whole:
    gate: RunningGate
    people: OidcProvider

    def exchange(self, person: str, **form: str) -> dict[str, str]:
        form = {
            "grant_type": EXCHANGE,
            "subject_token": self.people.token(person, jti=secrets.token_hex(8)),
            "subject_token_type": TOKEN_TYPE + "id_token",
            "requested_token_type": TOKEN_TYPE + "access_token",
            **form,
        }
        answer = requests.post(f"{self.gate.url}/oauth/token", data=form, verify=str(self.gate.ca), timeout=30)
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    def for_api(self, person: str) -> str:
        return self.exchange(person, resource=f"{URL}/api")["access_token"]

    def call(self, token: str, method: str, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(
            method, f"{self.gate.url}/api/v1{path}", headers=headers, verify=str(self.gate.ca), timeout=30
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    people = {"ada@example.com": ["eng"], "oscar@example.com": ["platform"], "trudy@example.com": []}
    with OidcProvider.start(people) as provider, RunningProvider.start() as running:
        model = LlmUpstream(name="gpt", provider="openai", url=f"{running.url}/v1", credential=running.provider.key)
        sections = f"""\
identity:
  providers:
    company: {{issuer: '{provider.issuer}', audience: [{CLIENT_ID}], algorithms: [ES256]}}
  grants:
    - {{provider: company, resources: [gpt], groups: [eng]}}
  issuer: {{url: {URL}}}
control:
  public_url: {URL}
  roles: {{operator: {{groups: [platform]}}, user: {{groups: [eng]}}}}
"""
        setup = GateSetup(packs=("llm-safe",), models=(model,), workers=2, https=True, sections=sections)
        with RunningGate.start(tmp_path_factory.mktemp("whole"), None, setup) as gate:
            yield Whole(gate=gate, people=provider)


def test_a_person_is_known_by_their_groups_at_the_provider(whole: Whole) -> None:
    me = whole.call(whole.for_api("oscar@example.com"), "GET", "/whoami").json()
    assert me == {"principal": "human:oscar@example.com", "groups": ["platform"], "roles": ["operator"]}
    assert whole.call(whole.for_api("trudy@example.com"), "GET", "/whoami").status_code == 403


def test_what_opens_a_model_never_opens_the_api(whole: Whole) -> None:
    taken = whole.exchange("ada@example.com", audience="gpt", purpose="a test")
    assert whole.call(taken["access_token"], "GET", "/passes").status_code == 401
    pass_ = whole.gate.issue(resources=("gpt",), verbs="read")
    assert whole.call(pass_.key, "GET", "/passes").status_code == 401
    assert whole.call(whole.people.token("oscar@example.com"), "GET", "/passes").status_code == 401


def test_a_user_sees_what_is_theirs_at_either_worker(whole: Whole) -> None:
    own = whole.exchange("ada@example.com", audience="gpt", purpose="a test")
    others = whole.gate.issue(resources=("gpt",), verbs="read", on_behalf_of="grace@example.com")
    token = whole.for_api("ada@example.com")
    for _ in range(8):  # each connection lands on either worker
        ids = {one["id"] for one in whole.call(token, "GET", "/passes").json()["items"]}
        assert others.id not in ids
        assert ids
        assert whole.call(token, "GET", f"/passes/{others.id}").status_code == 404
    assert own["access_token"]
    assert whole.call(token, "GET", "/locks").status_code == 403
