"""Settings of secrets become sources."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passgate.config import secret_sources as configured
from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from passgate.core.action import VerbClass
from passgate.core.errors import ConfigError
from passgate.core.event import EventType
from passgate.core.lease import Lease
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential
from passgate.credentials.vault.login import AppRoleLogin, JwtLogin, TokenLogin
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.sources import Sources, database_logins, lease_keeper
from tests.unit.pipeline.steps import make_session

TEXT = """\
state: ./state
vaults:
  role: {address: 'https://127.0.0.1:1', namespace: a, auth: {approle: {role_id: r, secret_id: {env: S}}}}
  pod: {address: 'https://127.0.0.1:1', timeout: 3s, auth: {kubernetes: {role: gate}}}
  signed: {address: 'http://127.0.0.1:1', auth: {jwt: {mount: idp, role: gate, token: {file: t}}}}
  given: {address: 'http://127.0.0.1:1', auth: {token: {file: t}}}
listeners:
  - {kind: postgres, port: 6432}
resources:
  shop:
    kind: postgres
    upstream: {host: db, database: shop, user: app, credential: {env: X}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(TEXT, file="passgate.yaml", base=tmp_path)


def test_each_way_to_log_in(settings: Settings, tmp_path: Path) -> None:
    vaults = Sources(settings.vaults).vaults
    logins = {name: vault._login for name, vault in vaults.items()}
    assert logins == {
        "role": AppRoleLogin(mount="approle", role_id="r", secret_id=EnvironmentCredential(name="S")),
        "pod": JwtLogin(
            mount="kubernetes",
            role="gate",
            jwt=FileCredential(path=Path(configured.KUBERNETES_TOKEN), mounted=True),
        ),
        "signed": JwtLogin(mount="idp", role="gate", jwt=FileCredential(path=tmp_path / "t")),
        "given": TokenLogin(source=FileCredential(path=tmp_path / "t")),
    }
    assert vaults["role"].server.namespace == "a"
    assert vaults["role"].server.tls is not None
    assert vaults["pod"].server.seconds == 3
    assert vaults["given"].server.tls is None


def test_each_kind_of_source(settings: Settings) -> None:
    sources = Sources(settings.vaults)
    secret = configured.VaultSecret(server="role", path="a", field="b")
    assert "KvCredential" in repr(sources.credential(configured.Credential(vault=secret)))
    aws = configured.AwsSecret(secret="s", region="eu-west-1")
    found = sources.credential(configured.Credential(aws=aws))
    assert isinstance(found, RememberedCredential)
    assert "AwsCredential(secret='s', field='', region='eu-west-1', endpoint='')" in repr(found)
    assert sources.credential(configured.Credential(env="X")) == EnvironmentCredential(name="X")


def test_what_cannot_be_wired(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    broken = settings.vaults["role"].model_copy(update={"ca": tmp_path / "ca"})
    with pytest.raises(ConfigError, match="of the vault role are not usable"):
        Sources({"role": broken})
    nothing = settings.vaults["role"].model_copy(update={"auth": configured.VaultAuth.model_construct()})
    with pytest.raises(ConfigError, match="no way to log in"):
        Sources({"role": nothing})


@dataclass
class Connection:
    ended: list[EndReason] = field(default_factory=list)

    def end(self, reason: EndReason) -> None:
        self.ended.append(reason)

    def end_denied(self) -> None:
        raise AssertionError("no rules have changed")


async def test_a_keeper_ends_sessions_and_writes_down_what_it_swept(settings: Settings, tmp_path: Path) -> None:
    written: list[tuple[EventType, object]] = []

    async def record(type_: EventType, detail: object) -> None:
        written.append((type_, detail))

    database = SqliteDatabase(tmp_path / "state.db")
    live, connection, session = LiveSessions(), Connection(), make_session()
    live.register(session, connection)
    keeper = lease_keeper(settings, Sources(settings.vaults), database=database, live=live, worker=2, record=record)
    assert keeper is not None
    assert keeper._holder == "gate-2"
    keeper._lost(session.id)
    assert connection.ended == [EndReason.LOGIN_ENDED]
    await keeper._swept(Lease(id="l", server="role", resource="shop", session="s", user="u", expires=datetime.now(UTC)))
    assert written == [(EventType.CREDENTIAL_DROPPED, {"resource": "shop", "role": "u", "swept": True})]
    lease = configured.Lease(server="role", roles=(configured.LeaseRole(role="ro", verbs=("read",)),))
    logins = database_logins(lease, keeper)
    assert (logins.server, logins.mount, logins.roles[0].verbs) == ("role", "database", frozenset({VerbClass.READ}))
    live.unregister(session)
    database.close()


def test_without_a_vault_there_is_nothing_to_keep(settings: Settings, tmp_path: Path) -> None:
    async def record(type_: EventType, detail: object) -> None:
        raise AssertionError

    database = SqliteDatabase(tmp_path / "state.db")
    sources = Sources({})
    assert lease_keeper(settings, sources, database=database, live=LiveSessions(), worker=0, record=record) is None
    database.close()
