"""The issuing of tokens as a gate wires it: a provider's token in over HTTP, a token that the gate itself takes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from passgate.core.errors import TokenRefusedError
from passgate.endpoints.beside import first_of
from passgate.endpoints.oauth import KEYS_PATH, METADATA_PATH, TOKEN_PATH
from passgate.endpoints.tokens import ACCESS_TOKEN, GRANT
from passgate.identity.registry import PassRegistry
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider
from passgate.wiring.issuer import Issuing, open_issuing
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
    return open_issuing(settings(identity), registry=registry, database=database, recorder=MemoryRecorder())


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
