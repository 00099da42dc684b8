"""People who sign in for a client: everything between the client's first request and its tokens, and everybody in between."""

import secrets
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest

from passgate.core.errors import (
    IssuerUnavailableError,
    LedgerUnavailableError,
    OAuthError,
    PassRequestError,
    TokenRefusedError,
)
from passgate.core.passes import PassState
from passgate.identity.grants import Grant
from passgate.identity.issuer.relying_party import challenge
from passgate.pipeline.issuing import AuthorizationQuery, Consent, ProviderAnswer, Tokens
from tests.unit.identity.issuer.house import API, READ, URL, House

VERIFIER = "v" * 43
REDIRECT = "http://127.0.0.1:49152/callback"
QUERY = AuthorizationQuery(
    response_type="code",
    client_id="editor",
    redirect_uri=REDIRECT,
    state="xyz",
    code_challenge=challenge(VERIFIER),
    code_challenge_method="S256",
    scope="",
    resources=(f"{URL}/claude",),
)


def said(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass
class Person:
    """With a browser that keeps one cookie."""

    house: House
    browser: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    async def begin(self, **more: object) -> str:
        """To the provider, or back to the client."""
        return await self.house.sign_ins.begin(replace(QUERY, **more), browser=self.browser)  # type: ignore[arg-type]

    def at_the_provider(self, url: str, **claims: object) -> ProviderAnswer:
        """Signs in there: the code is good for an ID token with the nonce that was sent."""
        sent = said(url)
        code = secrets.token_urlsafe(8)
        token = self.house.token(**{"nonce": sent["nonce"], "jti": code, **claims})
        self.house.codes[code] = (200, {"id_token": token})
        return ProviderAnswer(state=sent["state"], code=code, issuer="", error="")

    async def come_back(self, answer: ProviderAnswer) -> Consent | str:
        return await self.house.sign_ins.come_back(answer, browser=self.browser)

    async def asked(self, **more: object) -> Consent:
        """The page of consent."""
        consent = await self.come_back(self.at_the_provider(await self.begin(**more)))
        assert isinstance(consent, Consent)
        return consent

    async def decide(self, consent: Consent, *, allowed: bool = True, ticket: str | None = None) -> str | None:
        return await self.house.sign_ins.decide(
            consent.id, allowed=allowed, purpose="INC-42", ticket=ticket, browser=self.browser
        )

    async def code(self, **more: object) -> str:
        url = await self.decide(await self.asked(**more))
        assert url is not None
        return said(url)["code"]

    async def redeem(self, code: str, **changed: str) -> Tokens:
        fields = {"client_id": "editor", "redirect_uri": REDIRECT, "verifier": VERIFIER, **changed}
        return await self.house.sign_ins.redeem_code(code, **fields)


@pytest.fixture
def ada(house: House) -> Person:
    return Person(house)


def types(house: House) -> list[str]:
    return [event.type.value for event in house.recorder.events]


# -- the whole way -----------------------------------------------------------------------------------------------------


async def test_from_a_client_to_the_provider_to_the_consent_to_tokens(house: House, ada: Person) -> None:
    url = await ada.begin()
    sent = said(url)
    assert url.startswith("https://idp.example.com/authorize?")
    assert (sent["redirect_uri"], sent["client_id"], sent["scope"]) == (
        f"{URL}/oauth/callback",
        "passgate",
        "openid email",
    )
    assert sent["code_challenge_method"] == "S256"
    assert "xyz" not in url  # the client's own state stays here
    consent = await ada.come_back(ada.at_the_provider(url))
    assert isinstance(consent, Consent)
    assert challenge(house.posted[0]["code_verifier"]) == sent["code_challenge"]
    assert house.posted[0]["url"] == "https://idp.example.com/token"
    assert (consent.client, consent.client_id, consent.person) == ("The Editor", "editor", "human:ada@example.com")
    assert (consent.resources, consent.verbs, consent.returns_to) == (["claude"], ["read"], REDIRECT)
    assert house.registry.list(live_only=False) == ()
    back = await ada.decide(consent)
    assert back is not None
    answer = said(back)
    assert back.startswith(REDIRECT + "?")
    assert (answer["state"], answer["iss"], set(answer)) == ("xyz", URL, {"code", "iss", "state"})
    tokens = await ada.redeem(answer["code"])
    found = await house.access.verify(tokens.access_token, audience=f"{URL}/claude")
    assert (str(found.principal), found.pass_id) == ("human:ada@example.com", tokens.pass_id)
    pass_ = house.registry.find(tokens.pass_id or "")
    assert pass_ is not None
    assert (pass_.resources, pass_.purpose) == ({"claude"}, "INC-42")
    assert tokens.refresh_token is not None
    assert types(house) == ["consent.given", "token.issued"]


async def test_without_a_resource_it_is_all_that_the_person_may_have(house: House, ada: Person) -> None:
    assert (await ada.asked(resources=())).resources == ["claude", "docs"]
    house.grants[0] = replace(house.grants[0], resources=frozenset({"docs"}))
    assert (await ada.asked(resources=(URL,))).resources == ["docs"]


async def test_a_client_that_is_an_agent_acts_for_the_person_with_what_it_is_registered_for(
    house: House, ada: Person
) -> None:
    there = "http://localhost:1/done"
    consent = await ada.asked(client_id="bot", redirect_uri=there, resources=())
    assert (consent.agent, consent.resources) == ("reporter", ["claude"])
    url = await ada.decide(consent)
    tokens = await ada.redeem(said(url or "")["code"], client_id="bot", redirect_uri=there)
    assert str(tokens.principal) == "agent:reporter"
    assert str(tokens.principal.on_behalf_of) == "human:ada@example.com"


async def test_a_token_for_the_control_api_has_no_pass(house: House, ada: Person) -> None:
    consent = await ada.asked(resources=(API,))
    assert (consent.resources, consent.verbs) == ([], [])
    url = await ada.decide(consent)
    tokens = await ada.redeem(said(url or "")["code"])
    assert (await house.access.verify(tokens.access_token, audience=API)).pass_id is None


# -- what a client may not ask -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"scope": "root"}, "invalid_scope"),
        ({"resources": ("https://evil.example.com",)}, "invalid_target"),
    ],
)
async def test_the_client_is_told_what_is_wrong(ada: Person, changed: dict[str, object], code: str) -> None:
    answer = said(await ada.begin(**changed))
    assert (answer["error"], answer["state"], answer["iss"]) == (code, "xyz", URL)


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "https://editor.example/cb/../evil"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"redirect_uri": ""},
        {"client_id": "unknown"},
        {"client_id": "https://editor.example/client.json"},
        {"state": "x\r\nLocation: https://evil.example"},
    ],
)
async def test_nobody_is_sent_to_where_no_client_has_registered(
    house: House, ada: Person, changed: dict[str, object]
) -> None:
    """Open redirects: not even with an error."""
    with pytest.raises(OAuthError):
        await ada.begin(**changed)
    assert house.idp.fetched == []


# -- who comes between -------------------------------------------------------------------------------------------------


async def test_who_is_made_to_finish_somebody_elses_sign_in_is_not_signed_in(house: House, ada: Person) -> None:
    """Login CSRF: the thief begins, and has another's browser open the provider's answer."""
    thief = Person(house)
    answer = thief.at_the_provider(await thief.begin())
    with pytest.raises(OAuthError, match="not begun in this browser"):
        await ada.come_back(answer)
    for nobody in ("", thief.browser):
        with pytest.raises(OAuthError):  # and the state is used up
            await house.sign_ins.come_back(answer, browser=nobody)
    assert house.posted == []


async def test_who_is_made_to_allow_somebody_elses_sign_in_allows_nothing(house: House, ada: Person) -> None:
    thief = Person(house)
    consent = await thief.asked()
    with pytest.raises(OAuthError, match="not begun in this browser"):
        await ada.decide(consent)
    with pytest.raises(OAuthError):
        await thief.decide(consent)


async def test_an_answer_is_taken_once_and_in_time(house: House, ada: Person) -> None:
    answer = ada.at_the_provider(await ada.begin())
    await ada.come_back(answer)
    for state in (answer.state, "made-up", ""):
        with pytest.raises(OAuthError):
            await ada.come_back(replace(answer, state=state))
    late = ada.at_the_provider(await ada.begin())
    house.clock.advance(600)
    with pytest.raises(OAuthError, match="is over"):
        await ada.come_back(late)


async def test_a_consent_is_given_once_and_in_time(house: House, ada: Person) -> None:
    consent = await ada.asked()
    await ada.decide(consent)
    with pytest.raises(OAuthError):
        await ada.decide(consent)
    late = await ada.asked()
    house.clock.advance(600)
    with pytest.raises(OAuthError):
        await ada.decide(late)
    with pytest.raises(OAuthError):
        await ada.decide(replace(late, id="made-up"))


async def test_a_state_is_no_consent_and_a_consent_no_code(house: House, ada: Person) -> None:
    answer = ada.at_the_provider(await ada.begin())
    with pytest.raises(OAuthError):
        await house.sign_ins.decide(answer.state, allowed=True, purpose="p", ticket=None, browser=ada.browser)
    consent = await ada.come_back(answer)
    assert isinstance(consent, Consent)
    with pytest.raises(OAuthError, match="no such code"):
        await ada.redeem(consent.id)


async def test_the_answer_of_another_provider_is_a_mix_up(house: House, ada: Person) -> None:
    """RFC 9207: an attacker's provider that hands out the real one's codes, or has its own redeemed there."""
    answer = ada.at_the_provider(await ada.begin())
    with pytest.raises(OAuthError, match="not the provider's"):
        await ada.come_back(replace(answer, issuer="https://evil.example.com"))
    good = ada.at_the_provider(await ada.begin())
    assert isinstance(await ada.come_back(replace(good, issuer="https://idp.example.com")), Consent)


async def test_a_provider_that_says_who_answers_must_say_it(house: House, ada: Person) -> None:
    house.idp.discovery["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(OAuthError, match="not the provider's"):
        await ada.come_back(ada.at_the_provider(await ada.begin()))


async def test_a_token_of_another_sign_in_is_refused(house: House, ada: Person) -> None:
    """A code that was pushed in: its ID token has another nonce, or none."""
    for nonce in ("another", None, 7):
        with pytest.raises(TokenRefusedError, match=r"another sign-in|no nonce"):
            await ada.come_back(ada.at_the_provider(await ada.begin(), nonce=nonce))


async def test_a_token_of_another_trusted_issuer_is_refused(house: House, ada: Person) -> None:
    url = await ada.begin()
    answer = ada.at_the_provider(url)
    house.codes[answer.code] = (200, {"id_token": house.token(house.robots, nonce=said(url)["nonce"])})
    with pytest.raises(TokenRefusedError, match="another issuer"):
        await ada.come_back(answer)


async def test_an_id_token_cannot_be_used_again_elsewhere(house: House, ada: Person) -> None:
    answer = ada.at_the_provider(await ada.begin())
    await ada.come_back(answer)
    token = house.codes[answer.code][1]["id_token"]
    with pytest.raises(TokenRefusedError, match="used before"):
        await house.issuer.exchange_for_api(str(token), client_id="passgate")


# -- codes -------------------------------------------------------------------------------------------------------------


async def test_a_code_used_twice_ends_what_it_gave(house: House, ada: Person) -> None:
    code = await ada.code()
    tokens = await ada.redeem(code)
    with pytest.raises(OAuthError, match="used before"):
        await ada.redeem(code)
    pass_ = house.registry.find(tokens.pass_id or "")
    assert pass_ is not None
    assert pass_.state(house.clock.time) is PassState.REVOKED
    with pytest.raises(OAuthError, match="has ended"):
        await house.issuer.refresh(tokens.refresh_token or "", client_id="editor")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "bot"},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"verifier": "w" * 43},
        {"verifier": challenge(VERIFIER)},
        {"verifier": ""},
    ],
)
async def test_a_stolen_code_is_worth_nothing(house: House, ada: Person, changed: dict[str, str]) -> None:
    code = await ada.code()
    with pytest.raises(OAuthError) as caught:
        await ada.redeem(code, **changed)
    assert caught.value.code == "invalid_grant"
    assert house.registry.list(live_only=False) == ()


async def test_a_code_lives_for_a_minute(house: House, ada: Person) -> None:
    code = await ada.code()
    house.clock.advance(60)
    with pytest.raises(OAuthError, match="expired"):
        await ada.redeem(code)


async def test_a_code_of_a_sign_in_that_was_revoked_or_forgotten(house: House, ada: Person) -> None:
    code = await ada.code()
    (authorization,) = house.live_authorizations()
    house.authorizations.revoke(authorization.id, at=house.clock.time)
    with pytest.raises(OAuthError, match="has ended"):
        await ada.redeem(code)


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_who_does_not_allow_it_sends_the_client_away_with_nothing(house: House, ada: Person) -> None:
    url = await ada.decide(await ada.asked(), allowed=False)
    assert said(url or "")["error"] == "access_denied"
    assert house.live_authorizations() == []
    assert types(house) == ["consent.denied"]


async def test_what_cannot_be_recorded_is_not_allowed(house: House, ada: Person) -> None:
    consent = await ada.asked()
    house.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await ada.decide(consent)
    (authorization,) = house.live_authorizations()
    assert authorization.consented is None


async def test_who_has_no_grant_is_told_before_they_consent(house: House, ada: Person) -> None:
    for resources in ((), (f"{URL}/claude",)):
        url = await ada.come_back(ada.at_the_provider(await ada.begin(resources=resources), groups=["sales"]))
        assert isinstance(url, str)
        assert said(url)["error"] == "access_denied"
        assert "may not ask" in said(url)["error_description"]


async def test_a_ticket_is_asked_for_on_the_page(house: House, ada: Person) -> None:
    house.grants[0] = replace(house.grants[0], ticket=True)
    url = await ada.decide(await ada.asked())
    assert "needs a ticket" in said(url or "")["error_description"]
    assert await ada.decide(await ada.asked(), ticket="INC-1") is not None


async def test_a_grant_withdrawn_meanwhile_counts(house: House, ada: Person) -> None:
    code = await ada.code()
    house.grants[:] = [Grant(provider="company", resources=frozenset({"x"}), verbs=READ, max_ttl=house.session)]
    with pytest.raises(PassRequestError):
        await ada.redeem(code)


async def test_what_the_provider_refuses_is_refused(house: House, ada: Person) -> None:
    answer = ada.at_the_provider(await ada.begin())
    url = await ada.come_back(replace(answer, code="", error="login_required"))
    assert isinstance(url, str)
    assert said(url)["error"] == "access_denied"
    with pytest.raises(TokenRefusedError, match="begin again"):
        await ada.come_back(replace(ada.at_the_provider(await ada.begin()), code="wrong"))


async def test_a_provider_that_is_down_signs_nobody_in(house: House, ada: Person) -> None:
    house.idp.down = True
    with pytest.raises(IssuerUnavailableError):
        await ada.begin()


async def test_an_error_is_told_in_letters_that_may_stand_in_a_url(house: House, ada: Person) -> None:
    house.grants.clear()
    url = await ada.come_back(ada.at_the_provider(await ada.begin(), email='ädä"\\@example.com'))
    assert isinstance(url, str)
    assert "'d'''@example.com" in said(url)["error_description"]


# -- devices -----------------------------------------------------------------------------------------------------------


async def at_the_device(house: House, **more: object) -> tuple[str, str]:
    fields = {"client_id": "editor", "scope": "", "resources": (), **more}
    device = await house.sign_ins.begin_device(**fields)  # type: ignore[arg-type]
    return device.device_code, device.user_code


async def test_a_device_waits_until_somebody_signs_in_elsewhere(house: House, ada: Person) -> None:
    device_code, user_code = await at_the_device(house)
    with pytest.raises(OAuthError) as caught:
        await house.sign_ins.redeem_device(device_code, client_id="editor")
    assert caught.value.code == "authorization_pending"
    url = await house.sign_ins.enter_code(user_code.lower(), browser=ada.browser)
    consent = await ada.come_back(ada.at_the_provider(url))
    assert isinstance(consent, Consent)
    assert (consent.user_code, consent.returns_to, consent.resources) == (
        user_code.replace("-", ""),
        "",
        ["claude", "docs"],
    )
    assert await ada.decide(consent) is None
    house.clock.advance(5)
    tokens = await house.sign_ins.redeem_device(device_code, client_id="editor")
    assert (await house.access.verify(tokens.access_token, audience=URL)).pass_id == tokens.pass_id
    with pytest.raises(OAuthError, match="used before"):
        await house.sign_ins.redeem_device(device_code, client_id="editor")


async def test_a_device_is_told_that_the_person_did_not_allow_it(house: House, ada: Person) -> None:
    device_code, user_code = await at_the_device(house)
    consent = await ada.come_back(ada.at_the_provider(await house.sign_ins.enter_code(user_code, browser=ada.browser)))
    assert isinstance(consent, Consent)
    with pytest.raises(OAuthError, match="did not allow"):
        await ada.decide(consent, allowed=False)
    with pytest.raises(OAuthError) as caught:
        await house.sign_ins.redeem_device(device_code, client_id="editor")
    assert caught.value.code == "access_denied"


async def test_a_device_asks_for_what_there_is(house: House) -> None:
    for changed, code in (
        ({"client_id": "unknown"}, "invalid_client"),
        ({"scope": "root"}, "invalid_scope"),
        ({"resources": ("https://evil.example.com",)}, "invalid_target"),
    ):
        with pytest.raises(OAuthError) as caught:
            await at_the_device(house, **changed)
        assert caught.value.code == code


async def test_a_sign_in_that_is_forgotten_gives_a_device_nothing(
    house: House, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_code, user_code = await at_the_device(house)
    consent = await ada.come_back(ada.at_the_provider(await house.sign_ins.enter_code(user_code, browser=ada.browser)))
    assert isinstance(consent, Consent)
    await ada.decide(consent)
    monkeypatch.setattr(house.authorizations, "find", lambda _id: None)
    with pytest.raises(OAuthError) as caught:
        await house.sign_ins.redeem_device(device_code, client_id="editor")
    assert caught.value.code == "expired_token"
    with pytest.raises(OAuthError, match="is over"):
        await ada.decide(await ada.asked())
