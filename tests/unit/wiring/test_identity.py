"""Settings of identity as they reach the services."""

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.config.identity import Grant, Identity, Provider, SignIn
from passgate.config.loading import parse_settings
from passgate.core.errors import ConfigError
from passgate.endpoints.beside import first_of
from passgate.endpoints.oauth import METADATA_PATH
from passgate.identity.admission import TokenAlone
from passgate.identity.registry import PassRegistry
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.access import AccessWiring
from passgate.wiring.identity import _by_group, grant, verifier
from passgate.wiring.issuing import open_issuing
from passgate.wiring.sources import Sources
from tests.unit.identity.conftest import MemoryStore
from tests.unit.pipeline.steps import MemoryRecorder

SETTINGS = """\
state: ./state
listeners:
  - {kind: http, port: 8443}
resources:
  docs: {kind: llm, provider: compatible, upstream: {url: 'https://models.example.com'}}
"""
IDENTITY = """\
identity:
  providers:
    company:
      issuer: https://idp.example.com
      audience: [cli]
      groups_from: userinfo
      sign_in: {client_id: cli, redirect_uri: 'http://localhost:8250/callback', prompt: consent}
    ci: {issuer: 'https://ci.example.com', audience: [passgate], kind: service, subject: sub}
  grants:
    - {provider: company, groups: [eng], resources: [docs]}
"""


async def test_what_a_client_is_told_of_signing_in(tmp_path: Path) -> None:
    settings = parse_settings(SETTINGS + IDENTITY, file="passgate.yaml", base=tmp_path)
    database = SqliteDatabase(tmp_path / "state.db")
    registry, recorder = PassRegistry(MemoryStore()), MemoryRecorder()
    desk = AccessWiring(settings, registry=registry, database=database, recorder=recorder).desk
    issuing = open_issuing(
        settings,
        registry=registry,
        database=database,
        recorder=recorder,
        desk=desk,
        admission=TokenAlone(),
        sources=Sources({}),
        shared_key=lambda _name: bytes(32),
    )
    answers = first_of(issuing.beside)
    assert answers is not None

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await answers(request) or web.Response(status=404)

    async with TestClient(RawTestServer(serve)) as client, client.get(METADATA_PATH) as answer:
        (said,) = (await answer.json())["passgate_sign_in"]
    assert said == {
        "name": "company",
        "issuer": "https://idp.example.com",
        "client_id": "cli",
        "scopes": ["openid", "email", "groups"],
        "redirect_uri": "http://localhost:8250/callback",
        "prompt": "consent",
        "access_token": True,
    }
    database.close()


PROVIDER = Provider(issuer="https://idp.example.com", audience=("cli",), sign_in=SignIn(client_id="cli"))


@pytest.mark.parametrize(
    ("said", "by_group", "required"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_groups_are_required_where_grants_name_them(said: bool | None, by_group: bool, required: bool) -> None:
    identity = Identity(
        providers={"company": PROVIDER.model_copy(update={"groups_required": said})},
        grants=(Grant(provider="company", resources=("docs",), groups=("eng",) if by_group else ()),),
    )
    assert verifier(identity, "company")._provider.groups_required is required


def test_a_provider_that_is_asked_again_sends_no_nonce() -> None:
    identity = Identity(providers={"company": PROVIDER.model_copy(update={"require_nonce": True})})
    assert verifier(identity, "company")._provider.nonce_required
    assert not verifier(identity, "company", again=True)._provider.nonce_required


def test_whose_grants_name_groups() -> None:
    grants = (
        Grant(provider="company", resources=("docs",), groups=("eng",)),
        Grant(provider="ci", resources=("docs",)),
    )
    identity = Identity(
        providers={"company": PROVIDER, "ci": PROVIDER.model_copy(update={"issuer": "https://ci"})}, grants=grants
    )
    assert (_by_group(identity, "company"), _by_group(identity, "ci")) == (True, False)


def test_how_people_must_have_signed_in_reaches_the_grant() -> None:
    found = grant(
        Grant(provider="company", resources=("docs",), acr=("b", "a"), amr=("hwk",), max_auth_age=timedelta(minutes=5))
    )
    assert (found.acr, found.amr, found.max_auth_age) == (("b", "a"), {"hwk"}, timedelta(minutes=5))


def test_an_authority_that_is_no_certificate(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with pytest.raises(ConfigError, match=r"identity\.providers\.company\.ca"):
        verifier(Identity(providers={"company": PROVIDER.model_copy(update={"ca": path})}), "company")
