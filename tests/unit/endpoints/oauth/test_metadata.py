"""What anybody may know of the gate as an issuer, and of what it protects."""

import pytest

from passgate.core.errors import StoreError
from passgate.endpoints.oauth import KEYS_PATH, METADATA_PATH, RESOURCE_METADATA_PATH
from passgate.endpoints.oauth.metadata import MetadataEndpoint
from passgate.pipeline.exchange import SignIn
from tests.unit.endpoints.oauth.fakes import URL, OneIssuer, serving

SIGN_IN = SignIn(name="company", issuer="https://idp.example.com", client_id="cli", scopes=("openid",))


def endpoint(issuer: OneIssuer | None) -> MetadataEndpoint:
    return MetadataEndpoint(
        sign_in=[SIGN_IN],
        grant_types=["refresh_token"],
        issuer=issuer,
        paths={"authorization_endpoint": "/oauth/authorize"},
        more={"code_challenge_methods_supported": ["S256"]},
    )


async def test_the_server_says_what_it_is() -> None:
    async with serving(endpoint(OneIssuer()).serve) as client, client.get(METADATA_PATH) as answer:
        said = await answer.json()
    assert said["issuer"] == URL  # whatever the Host header says
    assert said["token_endpoint"] == f"{URL}/oauth/token"
    assert said["jwks_uri"] == f"{URL}/oauth/keys"
    assert said["revocation_endpoint"] == f"{URL}/oauth/revoke"
    assert said["authorization_endpoint"] == f"{URL}/oauth/authorize"
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["grant_types_supported"] == ["refresh_token"]
    assert said["protected_resources"] == [URL, f"{URL}/api", f"{URL}/claude", f"{URL}/docs"]
    assert said["passgate_sign_in"] == [
        {"name": "company", "issuer": "https://idp.example.com", "client_id": "cli", "scopes": ["openid"]}
    ]


async def test_without_an_issuer_there_is_the_token_endpoint_and_nothing_else() -> None:
    async with serving(endpoint(None).serve) as client:
        async with client.get(METADATA_PATH) as answer:
            said = await answer.json()
        assert said["token_endpoint"] == f"http://127.0.0.1:{client.port}/oauth/token"
        assert "jwks_uri" not in said
        for path in (KEYS_PATH, RESOURCE_METADATA_PATH):
            async with client.get(path) as answer:
                assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "resource", "scopes"),
    [("", URL, True), ("/", URL, True), ("/claude", f"{URL}/claude", True), ("/api", f"{URL}/api", False)],
)
async def test_a_resource_says_whose_tokens_it_takes(path: str, resource: str, scopes: bool) -> None:
    async with serving(endpoint(OneIssuer()).serve) as client, client.get(RESOURCE_METADATA_PATH + path) as answer:
        said = await answer.json()
    assert (said["resource"], said["authorization_servers"]) == (resource, [URL])
    assert ("scopes_supported" in said) is scopes


async def test_the_keys_and_what_is_nobodys() -> None:
    issuer = OneIssuer()
    async with serving(endpoint(issuer).serve) as client:
        async with client.get(KEYS_PATH) as answer:
            assert await answer.json() == {"keys": [{"kty": "EC"}]}
            assert answer.headers["Cache-Control"] == "public, max-age=300"
        for path in (
            f"{RESOURCE_METADATA_PATH}/shop",
            f"{RESOURCE_METADATA_PATH}x",
            f"/x{RESOURCE_METADATA_PATH}",
            "/",
        ):
            async with client.get(path) as answer:
                assert answer.status == 404
        async with client.post(METADATA_PATH) as answer:
            assert answer.status == 404
        issuer.error = StoreError("/var/lib/x")
        async with client.get(KEYS_PATH) as answer:
            assert answer.status == 503
            assert "/var" not in await answer.text()
