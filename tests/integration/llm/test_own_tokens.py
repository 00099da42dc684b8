"""A whole gate of two workers that issues tokens: people sign in with a browser and by a device, agents with their own key. What
they get opens models and nothing else."""

import base64
import hashlib
import re
import secrets
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from passgate.testing import GateSetup, LlmUpstream, RunningGate
from passgate.testing.llm_provider import Provider, RunningProvider, Script
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider

URL = "https://gate.example.com"
"""As clients know the gate; these ones connect to it where it really listens."""

ADA = "ada@example.com"
REDIRECT = "http://127.0.0.1:49152/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AGENT_KEY = ECKey.generate_key("P-256", {"kid": "reporter-1"}, private=True)
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"


@dataclass(frozen=True)
class Whole:
    gate: RunningGate
    models: Provider
    people: OidcProvider


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Takes seconds to start: one for the module."""
    with OidcProvider.start({ADA: ["eng"], "eve@example.com": []}) as people, RunningProvider.start() as running:
        model = LlmUpstream(name="gpt", provider="openai", url=f"{running.url}/v1", credential=running.provider.key)
        jwk = ", ".join(f"{name}: {value}" for name, value in AGENT_KEY.as_dict(private=False).items())
        identity = f"""\
identity:
  providers:
    company: {{issuer: '{people.issuer}', audience: [{CLIENT_ID}], algorithms: [ES256]}}
  grants:
    - {{provider: company, resources: [gpt], groups: [eng]}}
    - {{provider: agents, resources: [gpt], claims: {{agent: reporter}}}}
  agents:
    reporter: {{purpose: reports, resources: [gpt], until: '2099-12-31', owner: '{ADA}', jwk: {{{jwk}}}}}
  issuer:
    url: {URL}
    sign_in: {{provider: company, client_id: {CLIENT_ID}, scopes: [openid, email]}}
    clients:
      editor: {{name: The Editor, redirect_uris: ['http://127.0.0.1/callback']}}
"""
        setup = GateSetup(packs=("llm-safe",), models=(model,), workers=2, https=True, sections=identity)
        with RunningGate.start(tmp_path_factory.mktemp("own"), None, setup) as gate:
            yield Whole(gate=gate, models=running.provider, people=people)


@dataclass
class Browser:
    """Follows redirects to the provider and to the gate, one connection each time, so that either worker answers."""

    whole: Whole
    client: httpx.Client
    cookie: str = ""

    def get(self, url: str) -> httpx.Response:
        here = url.replace(URL, self.whole.gate.url)
        headers = {"Cookie": self.cookie} if here.startswith(self.whole.gate.url) else {}
        return self._kept(self.client.get(here, headers=headers))

    def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        headers = {"Cookie": self.cookie, "Origin": URL}
        return self._kept(self.client.post(self.whole.gate.url + path, data=form, headers=headers))

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        self.client.cookies.clear()  # this cookie is for https://gate.example.com
        found = re.match(r"(__Host-passgate=[^;]+); .*Secure", answer.headers.get("Set-Cookie", ""))
        self.cookie = found[1] if found is not None else self.cookie
        return answer

    def sign_in(self, url: str, person: str = ADA) -> httpx.Response:
        """From the gate's redirect over the provider to the page of consent."""
        self.whole.people.expect(person)
        back = self.get(url).headers["Location"]
        assert back.startswith(f"{URL}/oauth/callback?")
        return self.get(back)

    def form(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """As a client, without a cookie."""
        answer = self.client.post(self.whole.gate.url + path, data=form)
        return answer.status_code, answer.json()

    def ask(self, token: object, path: str = "/v1/chat/completions") -> httpx.Response:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}
        return self.client.post(self.whole.gate.url + path, json=body, headers={"Authorization": f"Bearer {token}"})

    def status(self, token: object) -> int:
        """Of a call to the model."""
        return self.ask(token).status_code

    def document(self, path: str) -> dict[str, object]:
        answer = self.client.get(self.whole.gate.url + path)
        assert answer.status_code == 200
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture
def browser(whole: Whole) -> Iterator[Browser]:
    whole.models.forget()
    whole.models.default = Script()
    tls = ssl.create_default_context(cafile=str(whole.gate.ca))
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(verify=tls, timeout=30, limits=limits) as client:
        yield Browser(whole, client)


def begun(**more: str) -> str:
    query = {
        "response_type": "code",
        "client_id": "editor",
        "redirect_uri": REDIRECT,
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "resource": f"{URL}/gpt",
        **more,
    }
    return f"{URL}/oauth/authorize?{urlencode(query)}"


def consent_of(page: str) -> str:
    found = re.search(r'name="consent" value="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def signed_in(browser: Browser) -> dict[str, object]:
    begin = browser.get(begun())
    assert begin.status_code == 303
    asked = browser.sign_in(begin.headers["Location"])
    assert (asked.status_code, "The Editor" in asked.text) == (200, True)
    decided = browser.post(
        "/oauth/consent", {"consent": consent_of(asked.text), "decision": "allow", "purpose": "INC-42"}
    )
    back = decided.headers["Location"]
    assert back.startswith(REDIRECT + "?")
    said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert (said["state"], said["iss"]) == ("xyz", URL)
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "client_id": "editor",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    status, tokens = browser.form("/oauth/token", form)
    assert status == 200, tokens
    return tokens


def test_a_person_signs_in_with_a_browser_and_the_token_opens_the_model_only(browser: Browser) -> None:
    tokens = signed_in(browser)
    token = str(tokens["access_token"])
    assert [browser.status(token) for _ in range(6)] == [200] * 6
    assert browser.ask(token, "/gpt/v1/chat/completions").status_code == 200
    assert all(token not in str(one.headers) for one in browser.whole.models.received)
    metadata = browser.document("/.well-known/oauth-authorization-server")
    keys = KeySet.import_key_set(browser.document("/oauth/keys"))  # type: ignore[arg-type] # as anybody reads them
    claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (metadata["issuer"], [URL, f"{URL}/gpt"], f"human:{ADA}")


def test_a_stolen_refresh_token_ends_the_session_of_both(browser: Browser) -> None:
    tokens = signed_in(browser)
    form = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"]), "client_id": "editor"}
    status, fresh = browser.form("/oauth/token", form)
    assert (status, browser.status(fresh["access_token"])) == (200, 200)
    status, said = browser.form("/oauth/token", form)
    assert (status, said["error"]) == (400, "invalid_grant")
    ended(browser, tokens["access_token"])
    ended(browser, fresh["access_token"])


def test_a_token_given_back_ends_at_both_workers(browser: Browser) -> None:
    tokens = signed_in(browser)
    assert [browser.status(tokens["access_token"]) for _ in range(6)] == [200] * 6  # so that both have a session of it
    assert browser.form("/oauth/revoke", {"token": str(tokens["refresh_token"])})[0] == 200
    ended(browser, tokens["access_token"])


def ended(browser: Browser, token: object) -> None:
    """Within two seconds, at either worker: one with a session open is told of it by the watch."""
    told = time.monotonic()
    while {browser.status(token) for _ in range(8)} != {401}:  # the kernel chooses the worker
        assert time.monotonic() - told < 2


def test_whoever_has_no_token_learns_who_gives_one(browser: Browser) -> None:
    refused = browser.ask("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "/gpt/v1/chat/completions")
    where = f"{URL}/.well-known/oauth-protected-resource/gpt"
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, f'Bearer resource_metadata="{where}"')
    said = browser.document("/.well-known/oauth-protected-resource/gpt")
    assert (said["resource"], said["authorization_servers"]) == (f"{URL}/gpt", [URL])


def test_who_is_not_in_the_group_is_sent_back_with_nothing(browser: Browser) -> None:
    back = browser.sign_in(browser.get(begun()).headers["Location"], "eve@example.com")
    assert (back.status_code, "error=access_denied" in back.headers["Location"]) == (303, True)


def test_another_browser_cannot_finish_it(browser: Browser) -> None:
    provider = browser.get(begun()).headers["Location"]
    browser.cookie = ""
    refused = browser.sign_in(provider)
    assert (refused.status_code, "Location" in refused.headers) == (400, False)
    assert "not begun in this browser" in refused.text


def test_nobody_is_sent_to_where_no_client_is(browser: Browser) -> None:
    refused = browser.get(begun(redirect_uri="https://evil.example/cb"))
    assert (refused.status_code, "Location" in refused.headers) == (400, False)


def test_a_device_signs_in_while_the_person_does_elsewhere(browser: Browser) -> None:
    status, device = browser.form("/oauth/device_authorization", {"client_id": "editor"})
    assert status == 200
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": str(device["device_code"]),
        "client_id": "editor",
    }
    assert browser.form("/oauth/token", poll)[1]["error"] == "authorization_pending"
    assert browser.form("/oauth/token", poll)[1]["error"] == "slow_down"
    assert str(device["user_code"]) in browser.get(str(device["verification_uri_complete"])).text
    entered = browser.post("/device", {"user_code": str(device["user_code"]).lower()})
    asked = browser.sign_in(entered.headers["Location"])
    answer = {"consent": consent_of(asked.text), "decision": "allow", "purpose": "INC-42"}
    assert "Go back to the device" in browser.post("/oauth/consent", answer).text
    status, tokens = browser.form("/oauth/token", poll)
    assert (status, browser.status(tokens["access_token"])) == (200, 200)


def assertion() -> str:
    now = int(time.time())
    claims = {
        "iss": "reporter",
        "sub": "reporter",
        "aud": URL,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    }
    return jwt.encode({"alg": "ES256", "kid": "reporter-1"}, claims, AGENT_KEY, algorithms=["ES256"])


def test_an_agent_signs_in_with_its_own_key_for_its_owner(browser: Browser) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(),
        "audience": "gpt",
        "purpose": "INC-42",
    }
    status, given = browser.form("/oauth/token", form)
    assert (status, given["principal"]) == (200, "agent:reporter")
    assert browser.status(given["access_token"]) == 200
    status, said = browser.form("/oauth/token", form)
    assert (status, said["error"]) == (401, "invalid_client")
    other = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion(),
        "audience": "gpt",
        "purpose": "INC-42",
        "requested_token_type": TOKEN_TYPE + "access_token",
    }
    status, tokens = browser.form("/oauth/token", other)
    assert (status, browser.status(tokens["access_token"])) == (200, 200)
    browser.whole.gate.cli("pass", "revoke", str(tokens["pass"]))
    ended(browser, tokens["access_token"])


def test_a_token_for_the_control_api_opens_no_model(browser: Browser) -> None:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": browser.whole.people.token(ADA),
        "subject_token_type": TOKEN_TYPE + "id_token",
        "requested_token_type": TOKEN_TYPE + "access_token",
        "resource": f"{URL}/api",
    }
    status, tokens = browser.form("/oauth/token", form)
    assert (status, browser.status(tokens["access_token"])) == (200, 401)
