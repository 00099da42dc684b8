"""Whose word counts: what of it is refused before a gate starts."""

from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.config.problems import InvalidSettingsError

BASE = """\
state: ./state
listeners:
  - {kind: http, port: 8443}
resources:
  docs: {kind: llm, provider: compatible, upstream: {url: 'https://models.example.com'}}
identity:
"""
PROVIDER = "  providers: {company: {issuer: 'https://idp.example.com', audience: [passgate]%s}}\n"


def parsed(text: str) -> object:
    return parse_settings(BASE + text, file="passgate.yaml", base=Path("/nowhere")).identity


def test_a_provider_with_its_grants_and_agents() -> None:
    found = parsed(
        PROVIDER % ""
        + "  grants: [{provider: company, resources: [docs], groups: [eng]}]\n"
        + "  agents: {reporter: {purpose: reports, resources: [docs], until: '2027-06-30'}}\n"
    )
    assert found.agents["reporter"].ends.isoformat() == "2027-07-01T00:00:00+00:00"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  providers: {company: {issuer: 'http://idp.example.com', audience: [x]}}\n", "https URL"),
        (PROVIDER % ", algorithms: [HS256]", "algorithms"),
        (PROVIDER % ", algorithms: [none]", "algorithms"),
        (PROVIDER % ", leeway: 1h", "5m at most"),
        (PROVIDER % ", kind: agent", "owner"),
        (PROVIDER % ", owner: ada@example.com", "owner"),
        (PROVIDER % ", require_nonce: true", "require_nonce needs sign_in"),
        (PROVIDER % ", groups_from: userinfo", "needs sign_in"),
        (PROVIDER % ", groups_from: graph", "groups_from"),
        (
            "  providers: {company: {issuer: 'https://login.microsoftonline.com/common/v2.0', audience: [x]}}\n",
            "template",
        ),
        (
            "  providers: {company: {issuer: 'https://login.microsoftonline.com/organizations/v2.0', audience: [x]}}\n",
            "tenant",
        ),
        (
            "  providers: {company: {issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', audience: [x]}}\n",
            "tenant",
        ),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'https://evil.example.com/callback'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'http://127.0.0.1.evil.example/cb'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'http://x@127.0.0.1/cb'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'http://127.0.0.1/cb?next=x'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'http://127.0.0.1:99999/cb'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, redirect_uri: 'http://127.0.0.1'}", "own machine"),
        (PROVIDER % ", sign_in: {client_id: c, prompt: none}", "prompt"),
        (PROVIDER % "" + "  grants: [{provider: company, resources: [docs], acr: ['a b']}]\n", "acr"),
        (PROVIDER % "" + "  grants: [{provider: company, resources: [docs], amr: ['a\"b']}]\n", "amr"),
        (PROVIDER % "" + "  grants: [{provider: other, resources: [docs]}]\n", "'other'"),
        (PROVIDER % "" + "  grants: [{provider: company, resources: [shop]}]\n", "'shop'"),
        (PROVIDER % "" + "  agents: {a: {purpose: p, resources: [docs], until: 'soon'}}\n", "for ever"),
        (
            "  providers: {a: {issuer: 'https://x', audience: [x]}, b: {issuer: 'https://x', audience: [x]}}\n",
            "same issuer",
        ),
    ],
)
def test_what_could_not_be_meant(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(text)


AGENT = "  agents: {a: {purpose: p, resources: [docs], until: '2027-06-30', %s}}\n"
ISSUER = "  issuer: {url: 'https://gate.example.com'}\n"
JWK = "jwk: {kty: EC, crv: P-256, x: a, y: b}"


def test_an_agent_with_a_key_of_its_own() -> None:
    found = parsed(
        ISSUER + AGENT % f"owner: ada@example.com, {JWK}" + "  grants: [{provider: agents, resources: [docs]}]\n"
    )
    assert found.agents["a"].keyed  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ISSUER + AGENT % JWK, "needs an owner"),
        (ISSUER + AGENT % "owner: ada@example.com", "no other has one"),
        (ISSUER + AGENT % f"owner: a, {JWK}, keys: /nowhere", "keys"),
        (ISSUER + AGENT % "owner: a, jwk: {kty: EC, crv: P-256, x: a, y: b, d: c}", "public key"),
        (ISSUER + AGENT % "owner: a, jwk: {kty: oct, k: c}", "public key"),
        (AGENT % f"owner: a, {JWK}", "need issuer"),
        ("  providers: {agents: {issuer: 'https://x', audience: [x]}}\n", "can be called 'agents'"),
        ("  providers: {unix: {issuer: 'https://x', audience: [x]}}\n", "can be called 'unix'"),
    ],
)
def test_an_agents_key_that_could_not_work(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(text)


def test_a_key_is_in_one_place(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    text = BASE + ISSUER + AGENT % f"owner: a, {JWK}, keys: keys.json"
    with pytest.raises(InvalidSettingsError, match="set one of them"):
        parse_settings(text, file="passgate.yaml", base=tmp_path)


def test_tokens_need_a_place_to_be_taken() -> None:
    text = BASE.replace("kind: http, port: 8443", "kind: postgres, port: 6432") + PROVIDER % ""
    with pytest.raises(InvalidSettingsError, match="listener of kind http"):
        parse_settings(text, file="passgate.yaml", base=Path("/nowhere"))


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1/callback", "http://localhost:8250/oidc/callback", "http://[::1]/cb", "http://127.0.0.1:1/"],
)
def test_redirects_to_the_persons_own_machine(uri: str) -> None:
    found = parsed(PROVIDER % f", sign_in: {{client_id: c, redirect_uri: '{uri}'}}")
    assert found.providers["company"].sign_in.redirect_uri == uri  # type: ignore[attr-defined]


def test_one_tenants_issuer_is_an_issuer() -> None:
    issuer = "https://login.microsoftonline.com/6f1d2c3b-4a59-4e87-9b0a-1c2d3e4f5a6b/v2.0"
    found = parsed(f"  providers: {{company: {{issuer: '{issuer}', audience: [x]}}}}\n")
    assert found.providers["company"].issuer == issuer  # type: ignore[attr-defined]
