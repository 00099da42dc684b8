"""The issuing of tokens as a gate wires it: a provider's token in over HTTP, a token that the gate itself takes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError, TokenRefusedError
from passgate.endpoints.beside import first_of
from passgate.endpoints.oauth import KEYS_PATH, METADATA_PATH, TOKEN_PATH
from passgate.endpoints.tokens import ACCESS_TOKEN, GRANT
from passgate.identity.admission import TokenAlone
from passgate.identity.registry import PassRegistry
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider
from passgate.wiring.access import AccessWiring
from passgate.wiring.issuing import Issuing, open_issuing
from passgate.wiring.sources import Sources
from tests.unit.endpoints.oauth.fakes import serving
from tests.unit.pipeline.steps import MemoryRecorder

URL = "https://gate.example.com"
ADA = "ada@example.com"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with OidcProvider.start({ADA: ["eng"]}) as provider:
        yield provider


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "state.db")
    yield database
    database.close()


def settings(identity: str) -> Settings:
    text = f"""\
state: ./state
listeners:
  - {{kind: http, port: 8443}}
resources:
  claude: {{kind: llm, provider: compatible, upstream: {{url: 'https://models.example.com'}}}}
identity:
{identity}"""
    return parse_settings(text, file="passgate.yaml", base=Path("/nowhere"))


def with_provider(provider: OidcProvider) -> str:
    return f"""\
  providers:
    company: {{issuer: '{provider.issuer}', audience: [{CLIENT_ID}], algorithms: [ES256], sign_in: {{client_id: {CLIENT_ID}}}}}
  grants: [{{provider: company, resources: [claude], groups: [eng]}}]
"""


def opened(identity: str, database: SqliteDatabase) -> Issuing:
    registry = PassRegistry(PassStore(database))
    said, recorder = settings(identity), MemoryRecorder()
    desk = AccessWiring(said, registry=registry, database=database, recorder=recorder).desk
    return open_issuing(
        said,
        registry=registry,
        database=database,
        recorder=recorder,
        desk=desk,
        admission=TokenAlone(),
        sources=Sources({}),
        shared_key=lambda _name: bytes(32),
    )


def test_without_a_provider_there_is_nothing(database: SqliteDatabase) -> None:
    assert opened("  agents: {}\n", database) == Issuing()


async def test_without_an_issuer_there_are_passes_only(provider: OidcProvider, database: SqliteDatabase) -> None:
    issuing = opened(with_provider(provider), database)
    assert (issuing.tokens, issuing.url) == (None, None)
    beside = first_of(issuing.beside)
    assert beside is not None
    async with serving(beside) as client:
        async with client.get(METADATA_PATH) as answer:
            assert (await answer.json())["grant_types_supported"] == [GRANT]
        async with client.get(KEYS_PATH) as answer:
            assert answer.status == 404


async def test_a_person_gets_a_token_for_the_control_api_and_refreshes_it(
    provider: OidcProvider, database: SqliteDatabase
) -> None:
    issuing = opened(with_provider(provider) + f"  issuer: {{url: '{URL}'}}\n", database)
    beside = first_of(issuing.beside)
    assert beside is not None
    assert issuing.tokens is not None
    assert issuing.url == URL
    form = {
        "grant_type": GRANT,
        "subject_token": provider.token(ADA),
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": ACCESS_TOKEN,
        "resource": f"{URL}/api",
    }
    async with serving(beside) as client:
        async with client.post(TOKEN_PATH, data=form) as answer:
            first = await answer.json()
            assert answer.status == 200, first
        found = await issuing.tokens.verify(first["access_token"], audience=f"{URL}/api")
        assert (str(found.principal), found.principal.groups, found.pass_id) == (f"human:{ADA}", {"eng"}, None)
        again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": "passgate"}
        async with client.post(TOKEN_PATH, data=again) as answer:
            second = await answer.json()
            assert answer.status == 200, second
        async with client.post("/oauth/revoke", data={"token": second["refresh_token"]}) as answer:
            assert answer.status == 200
        with pytest.raises(TokenRefusedError):
            await issuing.tokens.verify(second["access_token"], audience=f"{URL}/api")


# -- what is switched on -----------------------------------------------------------------------------------------------

JWK = ", ".join(
    f"{name}: {value}"
    for name, value in ECKey.generate_key("P-256", {"kid": "a1"}, private=True).as_dict(private=False).items()
)


def everything(provider: OidcProvider, **more: str) -> str:
    said = {"ca": "", "documents_ca": "", **more}
    return f"""\
  providers:
    company: {{issuer: '{provider.issuer}', audience: [gate], algorithms: [ES256]{said["ca"]}}}
  grants: [{{provider: company, resources: [claude]}}, {{provider: agents, resources: [claude]}}]
  agents:
    reporter: {{purpose: p, resources: [claude], until: '2099-12-31', owner: {ADA}, jwk: {{{JWK}}}}}
  issuer:
    url: {URL}
    sign_in: {{provider: company, client_id: gate, secret: {{env: GATE_SECRET}}}}
    clients: {{editor: {{name: The Editor, redirect_uris: ['https://editor.example/cb']}}}}
    client_documents: {{hosts: [claude.ai]{said["documents_ca"]}}}
"""


async def test_everything_that_is_switched_on_is_said_and_served(
    provider: OidcProvider, database: SqliteDatabase
) -> None:
    beside = first_of(opened(everything(provider), database).beside)
    assert beside is not None
    async with serving(beside) as client:
        async with client.get(METADATA_PATH) as answer:
            said = await answer.json()
        query = {
            "client_id": "editor",
            "redirect_uri": "https://editor.example/cb",
            "response_type": "code",
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }
        async with client.get("/oauth/authorize", params=query, allow_redirects=False) as answer:
            assert answer.headers["Location"].startswith(f"{provider.issuer}/authorize?")
        async with client.post("/oauth/device_authorization", data={"client_id": "editor"}) as answer:
            assert (await answer.json())["verification_uri"] == f"{URL}/device"
        async with client.post("/oauth/device_authorization", data={"client_id": "https://evil.example/c"}) as answer:
            assert (await answer.json())["error"] == "invalid_client"
    assert said["grant_types_supported"] == [
        GRANT,
        "refresh_token",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]
    assert said["authorization_endpoint"] == f"{URL}/oauth/authorize"
    assert said["device_authorization_endpoint"] == f"{URL}/oauth/device_authorization"
    assert said["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"]
    assert said["client_id_metadata_document_supported"] is True
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["gateway_protocol_version"] == 1
    assert "HS256" not in said["token_endpoint_auth_signing_alg_values_supported"]


async def test_without_sign_in_its_paths_are_nobodys(provider: OidcProvider, database: SqliteDatabase) -> None:
    beside = first_of(opened(with_provider(provider) + f"  issuer: {{url: '{URL}'}}\n", database).beside)
    assert beside is not None
    async with serving(beside) as client:
        for path in ("/oauth/authorize", "/oauth/callback", "/oauth/device_authorization", "/device"):
            async with client.get(path) as answer:
                assert answer.status == 404
        async with client.post(TOKEN_PATH, data={"grant_type": "authorization_code"}) as answer:
            assert (await answer.json())["error"] == "unsupported_grant_type"
        async with client.get(METADATA_PATH) as answer:
            assert "authorization_endpoint" not in await answer.json()


@pytest.mark.parametrize("which", ["ca", "documents_ca"])
def test_an_authority_that_is_none(
    provider: OidcProvider, database: SqliteDatabase, tmp_path: Path, which: str
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="is not usable"):
        opened(everything(provider, **{which: f", ca: '{tmp_path / 'ca.pem'}'"}), database)
