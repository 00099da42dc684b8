"""Passgate as a client of a certified provider, with a secret: people sign in there for a client of the gate's own."""

import base64
import hashlib
import re
import secrets
import ssl
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2 as httpx
import pytest

from passgate.testing import GateSetup, LlmUpstream, RunningGate
from passgate.testing.llm_provider import RunningProvider
from tests.drivers.oidc.conftest import Provider

URL = "https://gate.example.com"
REDIRECT = "http://127.0.0.1:50000/callback"
VERIFIER = secrets.token_urlsafe(48)
SECRET = "only for: tests"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[RunningGate]:
    folder: Path = tmp_path_factory.mktemp("sign-in")
    identity = f"""\
identity:
  providers:
    company: {{issuer: '{provider.issuer}', audience: [passgate-gate]}}
  grants: [{{provider: company, resources: [gpt], groups: [engineering]}}]
  issuer:
    url: {URL}
    sign_in: {{provider: company, client_id: passgate-gate, secret: {{env: GATE_SECRET}}}}
    clients: {{editor: {{name: The Editor, redirect_uris: ['http://127.0.0.1/callback']}}}}
"""
    with RunningProvider.start() as models:
        model = LlmUpstream(name="gpt", provider="openai", url=f"{models.url}/v1", credential=models.provider.key)
        setup = GateSetup(
            packs=("llm-safe",), models=(model,), https=True, sections=identity, environment={"GATE_SECRET": SECRET}
        )
        with RunningGate.start(folder, None, setup) as gate:
            yield gate


@pytest.mark.parametrize(("person", "enters"), [("ada", True), ("eve", False)])
def test_a_person_signs_in_at_the_provider_for_a_client_of_the_gate(
    gate: RunningGate, provider: Provider, person: str, enters: bool
) -> None:
    provider.is_now(person)
    query = {
        "response_type": "code",
        "client_id": "editor",
        "redirect_uri": REDIRECT,
        "state": "xyz",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    tls = ssl.create_default_context(cafile=str(gate.ca))
    with httpx.Client(verify=tls, timeout=30) as client:
        begin = client.get(f"{gate.url}/oauth/authorize?{urlencode(query)}")
        cookie = begin.headers["Set-Cookie"].partition(";")[0]
        answer = begin
        for _ in range(12):
            there = urljoin(str(answer.url), answer.headers.get("Location", ""))
            if not answer.is_redirect or there.startswith(REDIRECT):
                break
            headers = {"Cookie": cookie} if there.startswith(URL) else {}
            answer = client.get(there.replace(URL, gate.url), headers=headers)
        if not enters:
            assert "error=access_denied" in answer.headers["Location"]
            return
        assert "human:ada@example.com" in answer.text
        found = re.search(r'name="consent" value="([^"]+)"', answer.text)
        assert found is not None
        form = {"consent": unescape(found[1]), "decision": "allow", "purpose": "INC-42"}
        decided = client.post(f"{gate.url}/oauth/consent", data=form, headers={"Cookie": cookie, "Origin": URL})
        code = parse_qs(urlsplit(decided.headers["Location"]).query)["code"][0]
        redeem = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "editor",
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        tokens = client.post(f"{gate.url}/oauth/token", data=redeem).json()
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        called = client.post(f"{gate.url}/v1/chat/completions", json=body, headers=headers)
        assert called.status_code == 200, called.text
        assert (tokens["principal"], tokens["resources"]) == ("human:ada@example.com", ["gpt"])
