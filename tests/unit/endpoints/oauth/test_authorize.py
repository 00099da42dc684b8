"""Sign-in as a browser meets it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from passgate.core.errors import (
    IssuerUnavailableError,
    LedgerUnavailableError,
    OAuthError,
    PassgateError,
    SecretUnavailableError,
    StoreError,
    TokenRefusedError,
)
from passgate.endpoints.oauth import AUTHORIZE_PATH, CALLBACK_PATH, CONSENT_PATH
from passgate.endpoints.oauth.authorize import AuthorizeEndpoint
from passgate.endpoints.oauth.browser import Browsers
from passgate.pipeline.issuing import AuthorizationQuery, ProviderAnswer
from tests.unit.endpoints.oauth.fakes import CONSENT, URL, OneSignIn, Pace, serving

QUERY = {
    "response_type": "code",
    "client_id": "editor",
    "redirect_uri": "https://editor.example/cb",
    "state": "xyz",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
    "scope": "read",
    "resource": f"{URL}/claude",
}
ALLOW = {"consent": "c0nsent", "decision": "allow", "purpose": "INC-42", "ticket": "T-1"}


@asynccontextmanager
async def door(
    sign_in: OneSignIn, *, url: str = URL, pace: Pace | None = None
) -> AsyncIterator["TestClient[web.BaseRequest, None]"]:
    endpoint = AuthorizeEndpoint(sign_in, browsers=Browsers(url), begun=pace or Pace())
    async with serving(endpoint.serve) as client:
        yield client


async def test_a_browser_is_sent_to_the_provider_with_a_cookie_of_its_own() -> None:
    people, pace = OneSignIn(), Pace()
    async with (
        door(people, pace=pace) as client,
        client.get(AUTHORIZE_PATH, params=QUERY, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (303, "https://idp.example.com/authorize?x=1")
        assert answer.headers["Cache-Control"] == "no-store"
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-passgate={people.browsers[0]};")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    ((_, query),) = people.asked
    assert isinstance(query, AuthorizationQuery)
    assert (query.client_id, query.state, query.resources) == ("editor", "xyz", [f"{URL}/claude"])
    assert pace.failures == ["127.0.0.1"]


async def test_a_browser_keeps_its_cookie_and_a_made_up_one_is_not_kept() -> None:
    people = OneSignIn()
    async with door(people, url="http://127.0.0.1:1") as client:
        for cookie in ("passgate=" + "a" * 43, "passgate=short", "passgate=" + "a" * 42 + "!"):
            async with client.get(
                AUTHORIZE_PATH, params=QUERY, allow_redirects=False, headers={"Cookie": cookie}
            ) as answer:
                assert "Secure" not in answer.headers["Set-Cookie"]  # this machine only
            client.session.cookie_jar.clear()
    assert people.browsers[0] == "a" * 43
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", one) and one != "a" * 43 for one in people.browsers[1:])


@pytest.mark.parametrize("missing", ["client_id", "redirect_uri"])
async def test_without_a_client_nobody_is_sent_anywhere(missing: str) -> None:
    people = OneSignIn()
    query = {name: value for name, value in QUERY.items() if name != missing}
    async with door(people) as client, client.get(AUTHORIZE_PATH, params=query, allow_redirects=False) as answer:
        assert answer.status == 400
        assert f"{missing} is missing" in await answer.text()
    assert people.asked == []


@pytest.mark.parametrize("more", [{"request": "a.b.c"}, {"request_uri": "https://e/x"}, {"response_mode": "fragment"}])
async def test_what_is_not_served_is_not_passed_over(more: dict[str, str]) -> None:
    people = OneSignIn()
    async with door(people) as client, client.get(AUTHORIZE_PATH, params={**QUERY, **more}) as answer:
        assert answer.status == 400
    assert people.asked == []


async def test_nobody_begins_without_end() -> None:
    people = OneSignIn()
    async with door(people, pace=Pace(open=False)) as client, client.get(AUTHORIZE_PATH, params=QUERY) as answer:
        assert answer.status == 429
    assert people.asked == []


async def test_the_page_of_consent_says_everything_as_text_and_is_in_nobodys_frame() -> None:
    people = OneSignIn(next=CONSENT)
    async with door(people) as client:
        query = {"state": "s", "code": "k", "iss": "https://idp.example.com"}
        cookie = {"Cookie": "__Host-passgate=" + "a" * 43}
        async with client.get(CALLBACK_PATH, params=query, headers=cookie) as answer:
            page, headers = await answer.text(), answer.headers
    assert "&lt;b&gt;Evil &amp; Co&lt;/b&gt; asks for access" in page
    assert "<b>" not in page
    for word in ("editor", "human:ada@example.com", "claude, docs", "read", "https://editor.example", "c0nsent"):
        assert word in page
    assert "signed in for &quot;it&quot;" in page
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "form-action 'self' https://editor.example;" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["Cache-Control"]) == ("DENY", "no-store")
    assert "script" not in page
    assert people.browsers == ["a" * 43]
    assert people.asked == [
        ("come_back", ProviderAnswer(state="s", code="k", issuer="https://idp.example.com", error=""))
    ]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"returns_to": "http://127.0.0.1:1/cb"}, "A program on your own machine asks"),
        ({"returns_to": "http://[::1]:1/cb"}, "A program on your own machine asks"),
        ({"returns_to": "com.example.app:/done"}, "com.example.app:"),
        ({"returns_to": "", "user_code": "BBBBCCCC"}, "only if you have started it yourself"),
        ({"resources": (), "verbs": ()}, "the control API"),
        ({"agent": "reporter"}, "Acts as the agent"),
    ],
)
async def test_what_a_person_must_know_is_on_the_page(changed: dict[str, object], word: str) -> None:
    consent = replace(CONSENT, **changed)  # type: ignore[arg-type] # a test's own words
    async with (
        door(OneSignIn(next=consent)) as client,
        client.get(CALLBACK_PATH, params={"state": "s", "code": "k"}) as answer,
    ):
        page = await answer.text()
    assert word in page
    assert ("purpose" in page) is bool(consent.resources)


async def test_the_provider_may_have_signed_nobody_in() -> None:
    people = OneSignIn(next="https://editor.example/cb?error=access_denied")
    async with door(people) as client:
        query = {"state": "s", "error": "login_required"}
        async with client.get(CALLBACK_PATH, params=query, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "https://editor.example/cb?error=access_denied")
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        async with client.get(CALLBACK_PATH, allow_redirects=False) as answer:
            assert answer.status == 400


async def test_a_decision_is_posted_and_sent_back() -> None:
    people = OneSignIn(next="https://editor.example/cb?code=k")
    async with door(people) as client:
        headers = {"Cookie": "__Host-passgate=" + "a" * 43, "Origin": URL, "Sec-Fetch-Site": "same-origin"}
        async with client.post(CONSENT_PATH, data=ALLOW, headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "https://editor.example/cb?code=k")
        deny = {"consent": "c0nsent", "decision": "deny"}
        async with client.post(CONSENT_PATH, data=deny, allow_redirects=False) as answer:
            assert answer.status == 303
        people.next = None
        async with client.post(CONSENT_PATH, data=ALLOW) as answer:
            assert "Go back to the device" in await answer.text()
    assert people.asked[0] == ("decide", "c0nsent", True, "INC-42", "T-1")
    assert people.asked[1] == ("decide", "c0nsent", False, "", None)
    assert people.browsers[:2] == ["a" * 43, ""]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_sites_form_decides_nothing(headers: dict[str, str]) -> None:
    people = OneSignIn()
    async with door(people) as client, client.post(CONSENT_PATH, data=ALLOW, headers=headers) as answer:
        assert answer.status == 403
    assert people.asked == []


async def test_what_is_no_decision() -> None:
    people = OneSignIn()
    async with door(people) as client:
        async with client.post(CONSENT_PATH, data={**ALLOW, "decision": "perhaps"}) as answer:
            assert answer.status == 400
        async with client.get(CONSENT_PATH) as answer:
            assert answer.status == 405
        async with client.post(AUTHORIZE_PATH) as answer:
            assert answer.status == 405
        async with client.get("/oauth/other") as answer:
            assert answer.status == 404
    assert people.asked == []


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OAuthError("invalid_request", "begin <again>"), 400, "begin &lt;again&gt;."),
        (TokenRefusedError("the token is another issuer's"), 400, "another issuer"),
        (IssuerUnavailableError("idp.internal refused"), 503, "cannot be asked"),
        (StoreError("/var/lib/x is gone"), 503, "state store"),
        (LedgerUnavailableError("/var/lib/x is full"), 503, "ledger"),
        (SecretUnavailableError("/etc/secret"), 503, "credential"),
    ],
)
async def test_what_goes_wrong_is_said_to_the_person(error: PassgateError, status: int, said: str) -> None:
    async with door(OneSignIn(error=error)) as client, client.get(CALLBACK_PATH, params={"state": "s"}) as answer:
        page = await answer.text()
        assert answer.status == status
    assert said in page
    assert not re.search(r"internal|/var|/etc", page)
