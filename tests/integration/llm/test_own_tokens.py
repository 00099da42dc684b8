"""A whole gate of two workers that issues tokens: people sign in with a browser and by a device, agents with their own key. What
they get opens models and nothing else."""

import asyncio
import base64
import hashlib
import re
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
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
    session: aiohttp.ClientSession
    cookie: str = ""

    async def get(self, url: str) -> tuple[int, str, str]:
        """Status, location, text."""
        here = url.replace(URL, self.whole.gate.url)
        headers = {"Cookie": self.cookie} if here.startswith(self.whole.gate.url) else {}
        async with self.session.get(here, headers=headers, allow_redirects=False) as answer:
            self._keep(answer)
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, str, str]:
        headers = {"Cookie": self.cookie, "Origin": URL}
        async with self.session.post(
            self.whole.gate.url + path, data=form, headers=headers, allow_redirects=False
        ) as answer:
            self._keep(answer)
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    def _keep(self, answer: aiohttp.ClientResponse) -> None:
        found = re.match(r"(__Host-passgate=[^;]+); .*Secure", answer.headers.get("Set-Cookie", ""))
        self.cookie = found[1] if found is not None else self.cookie

    async def sign_in(self, url: str, person: str = ADA) -> tuple[int, str, str]:
        """From the gate's redirect over the provider to the page of consent."""
        self.whole.people.expect(person)
        _, back, _ = await self.get(url)
        assert back.startswith(f"{URL}/oauth/callback?")
        return await self.get(back)

    async def form(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """As a client, without a cookie."""
        async with self.session.post(self.whole.gate.url + path, data=form) as answer:
            return answer.status, await answer.json()

    async def ask(self, token: object, path: str = "/v1/chat/completions") -> tuple[int, str]:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(self.whole.gate.url + path, json=body, headers=headers) as answer:
            return answer.status, answer.headers.get("WWW-Authenticate", "") or await answer.text()


@pytest.fixture
async def browser(whole: Whole) -> AsyncIterator[Browser]:
    whole.models.forget()
    whole.models.default = Script()
    tls = ssl.create_default_context(cafile=str(whole.gate.ca))
    jar = aiohttp.DummyCookieJar()
    connector = aiohttp.TCPConnector(ssl=tls, force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        yield Browser(whole, session)


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


async def signed_in(browser: Browser) -> dict[str, object]:
    status, provider, _ = await browser.get(begun())
    assert status == 303
    status, _, page = await browser.sign_in(provider)
    assert status == 200
    assert "The Editor" in page
    answer = {"consent": consent_of(page), "decision": "allow", "purpose": "INC-42"}
    status, back, _ = await browser.post("/oauth/consent", answer)
    assert (status, back.startswith(REDIRECT + "?")) == (303, True)
    said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert (said["state"], said["iss"]) == ("xyz", URL)
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "client_id": "editor",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    status, tokens = await browser.form("/oauth/token", form)
    assert status == 200, tokens
    return tokens


async def test_a_person_signs_in_with_a_browser_and_the_token_opens_the_model_only(browser: Browser) -> None:
    tokens = await signed_in(browser)
    assert [(await browser.ask(tokens["access_token"]))[0] for _ in range(6)] == [200] * 6
    assert (await browser.ask(tokens["access_token"], "/gpt/v1/chat/completions"))[0] == 200
    assert all(str(tokens["access_token"]) not in str(one.headers) for one in browser.whole.models.received)
    key_set = await document(browser, "/oauth/keys")
    metadata = await document(browser, "/.well-known/oauth-authorization-server")
    claims = jwt.decode(str(tokens["access_token"]), KeySet.import_key_set(key_set), algorithms=["ES256"]).claims  # type: ignore[arg-type]
    assert (claims["iss"], claims["aud"], claims["sub"]) == (metadata["issuer"], [URL, f"{URL}/gpt"], f"human:{ADA}")


async def document(browser: Browser, path: str) -> dict[str, object]:
    async with browser.session.get(browser.whole.gate.url + path) as answer:
        assert answer.status == 200
        found: dict[str, object] = await answer.json()
        return found


async def test_a_stolen_refresh_token_ends_the_session_of_both(browser: Browser) -> None:
    tokens = await signed_in(browser)
    form = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"]), "client_id": "editor"}
    status, fresh = await browser.form("/oauth/token", form)
    assert (status, (await browser.ask(fresh["access_token"]))[0]) == (200, 200)
    status, said = await browser.form("/oauth/token", form)
    assert (status, said["error"]) == (400, "invalid_grant")
    refused = time.monotonic()
    for token in (tokens["access_token"], fresh["access_token"]):
        while (await browser.ask(token))[0] != 401:
            assert time.monotonic() - refused < 2  # either worker
    assert [(await browser.ask(fresh["access_token"]))[0] for _ in range(6)] == [401] * 6


async def test_a_token_given_back_ends_at_once(browser: Browser) -> None:
    tokens = await signed_in(browser)
    assert (await browser.form("/oauth/revoke", {"token": str(tokens["refresh_token"])}))[0] == 200
    assert (await browser.ask(tokens["access_token"]))[0] == 401


async def test_whoever_has_no_token_learns_who_gives_one(browser: Browser) -> None:
    status, challenge = await browser.ask("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "/gpt/v1/chat/completions")
    assert (status, challenge) == (
        401,
        f'Bearer resource_metadata="{URL}/.well-known/oauth-protected-resource/gpt"',
    )
    said = await document(browser, "/.well-known/oauth-protected-resource/gpt")
    assert (said["resource"], said["authorization_servers"]) == (f"{URL}/gpt", [URL])


async def test_who_is_not_in_the_group_is_sent_back_with_nothing(browser: Browser) -> None:
    _, provider, _ = await browser.get(begun())
    status, back, _ = await browser.sign_in(provider, "eve@example.com")
    assert (status, "error=access_denied" in back) == (303, True)


async def test_another_browser_cannot_finish_it(browser: Browser) -> None:
    _, provider, _ = await browser.get(begun())
    browser.cookie = ""
    status, back, page = await browser.sign_in(provider)
    assert (status, back) == (400, "")
    assert "not begun in this browser" in page


async def test_nobody_is_sent_to_where_no_client_is(browser: Browser) -> None:
    status, back, _ = await browser.get(begun(redirect_uri="https://evil.example/cb"))
    assert (status, back) == (400, "")


async def test_a_device_signs_in_while_the_person_does_elsewhere(browser: Browser) -> None:
    status, device = await browser.form("/oauth/device_authorization", {"client_id": "editor"})
    assert status == 200
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": str(device["device_code"]),
        "client_id": "editor",
    }
    assert (await browser.form("/oauth/token", poll))[1]["error"] == "authorization_pending"
    assert (await browser.form("/oauth/token", poll))[1]["error"] == "slow_down"
    status, _, page = await browser.get(str(device["verification_uri_complete"]))
    assert str(device["user_code"]) in page
    status, provider, _ = await browser.post("/device", {"user_code": str(device["user_code"]).lower()})
    assert status == 303
    _, _, page = await browser.sign_in(provider)
    status, _, page = await browser.post(
        "/oauth/consent", {"consent": consent_of(page), "decision": "allow", "purpose": "INC-42"}
    )
    assert "Go back to the device" in page
    status, tokens = await browser.form("/oauth/token", poll)
    assert status == 200, tokens
    assert (await browser.ask(tokens["access_token"]))[0] == 200


def assertion(**more: object) -> str:
    now = int(time.time())
    claims = {
        "iss": "reporter",
        "sub": "reporter",
        "aud": URL,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
        **more,
    }
    return jwt.encode({"alg": "ES256", "kid": "reporter-1"}, claims, AGENT_KEY, algorithms=["ES256"])


async def test_an_agent_signs_in_with_its_own_key_for_its_owner(browser: Browser) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(),
        "audience": "gpt",
        "purpose": "INC-42",
    }
    status, given = await browser.form("/oauth/token", form)
    assert (status, given["principal"]) == (200, "agent:reporter")
    assert (await browser.ask(given["access_token"]))[0] == 200
    status, said = await browser.form("/oauth/token", form)
    assert (status, said["error"]) == (401, "invalid_client")
    other = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion(),
        "audience": "gpt",
        "purpose": "INC-42",
        "requested_token_type": TOKEN_TYPE + "access_token",
    }
    status, tokens = await browser.form("/oauth/token", other)
    assert status == 200, tokens
    assert (await browser.ask(tokens["access_token"]))[0] == 200
    await asyncio.to_thread(browser.whole.gate.cli, "pass", "revoke", str(tokens["pass"]))
    assert (await browser.ask(tokens["access_token"]))[0] == 401


async def test_a_token_for_the_control_api_opens_no_model(browser: Browser) -> None:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": browser.whole.people.token(ADA),
        "subject_token_type": TOKEN_TYPE + "id_token",
        "requested_token_type": TOKEN_TYPE + "access_token",
        "resource": f"{URL}/api",
    }
    status, tokens = await browser.form("/oauth/token", form)
    assert status == 200, tokens
    assert (await browser.ask(tokens["access_token"]))[0] == 401
