"""How the forms of the further grants are read."""

from dataclasses import dataclass, field

import pytest

from passgate.endpoints.oauth.forms import Form, RefusedError
from passgate.endpoints.oauth.grants import ASSERTION_TYPE, AgentGrant, CodeGrant, DeviceGrant, RefreshGrant
from passgate.endpoints.tokens import ACCESS_TOKEN
from passgate.pipeline.exchange import Exchanged, ExchangeRequest
from passgate.pipeline.issuing import Tokens
from tests.unit.endpoints.oauth.fakes import API_TOKENS, PASS_TOKENS, OneIssuer, OneSignIn
from tests.unit.pipeline.steps import make_session


def form(**values: str) -> Form:
    return Form(values={name: [value] for name, value in values.items()})


async def test_each_form_is_read() -> None:
    issuer, people = OneIssuer(), OneSignIn()
    assert await RefreshGrant(issuer)(form(refresh_token="r", client_id="c", scope="read")) is API_TOKENS
    assert issuer.asked == [("refresh", "r", "c")]
    await CodeGrant(people)(form(code="k", client_id="c", redirect_uri="u", code_verifier="v"))
    await DeviceGrant(people)(form(device_code="d", client_id="c"))
    assert people.asked == [("redeem_code", "k", "c", "u", "v"), ("redeem_device", "d", "c")]


@pytest.mark.parametrize("missing", ["code", "client_id", "redirect_uri", "code_verifier"])
async def test_what_is_missing_is_named(missing: str) -> None:
    whole = {"code": "k", "client_id": "c", "redirect_uri": "u", "code_verifier": "v"}
    with pytest.raises(RefusedError, match=f"{missing} is missing"):
        await CodeGrant(OneSignIn())(form(**{name: value for name, value in whole.items() if name != missing}))


ASSERTED = {
    "client_assertion": "a.b.c",
    "client_assertion_type": ASSERTION_TYPE,
    "audience": "claude",
    "scope": "read",
    "purpose": "why",
}


@dataclass
class Agents:
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def give_pass(self, request: ExchangeRequest, *, client_id: str | None) -> Exchanged:
        self.asked.append(("pass", request.token, request.resources, request.purpose, client_id))
        return Exchanged(pass_=make_session().pass_, secret="pgs_secret")

    async def give_tokens(self, request: ExchangeRequest, *, client_id: str | None) -> Tokens:
        self.asked.append(("tokens", request.token, request.resources, request.purpose, client_id))
        return PASS_TOKENS


async def test_an_agents_assertion_in_either_place() -> None:
    agents = Agents()
    grant = AgentGrant(agents, parameter="client_assertion")
    assert isinstance(await grant(form(**ASSERTED, client_id="reporter")), Exchanged)
    assert await grant(form(**ASSERTED, requested_token_type=ACCESS_TOKEN)) is PASS_TOKENS
    await AgentGrant(agents, parameter="assertion")(form(assertion="d.e.f", audience="claude", purpose="why"))
    assert agents.asked == [
        ("pass", "a.b.c", {"claude"}, "why", "reporter"),
        ("tokens", "a.b.c", {"claude"}, "why", None),
        ("pass", "d.e.f", {"claude"}, "why", None),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion": ""},
        {"client_assertion_type": ""},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"resource": "https://gate.example.com/api"},
        {"agent": "another"},
        {"purpose": ""},
        {"ttl": "1h"},
    ],
)
async def test_what_an_agent_may_not_say(changed: dict[str, str]) -> None:
    agents = Agents()
    said = {name: value for name, value in {**ASSERTED, **changed}.items() if value}
    with pytest.raises(RefusedError):
        await AgentGrant(agents, parameter="client_assertion")(form(**said))
    assert agents.asked == []
