"""Secrets and logins of a real OpenBao, the logins at a real PostgreSQL."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from passgate.core.action import VerbClass
from passgate.core.errors import SecretUnavailableError
from passgate.core.lease import Lease
from passgate.credentials.credential import Credential
from passgate.credentials.file import FileCredential
from passgate.credentials.leases import DatabaseLogins, LeasedRole, LeaseKeeper
from passgate.credentials.vault.database import DatabaseEngine, LeaseEndedError
from passgate.credentials.vault.http import VaultServer
from passgate.credentials.vault.kv import KvCredential
from passgate.credentials.vault.login import AppRoleLogin, Authenticated, JwtLogin, Login, TokenLogin
from passgate.store.lease_store import LeaseStore
from passgate.store.sqlite import SqliteDatabase
from passgate.testing import OpenBao, PostgresCluster
from tests.integration.conftest import Secret
from tests.unit.pipeline.steps import make_session

POLICY = """\
path "secret/data/shop/*" { capabilities = ["read"] }
path "old/shop/*" { capabilities = ["read"] }
path "database/creds/shop-ro" { capabilities = ["read"] }
path "database/static-creds/*" { capabilities = ["read"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
"""

CREATION = """\
CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE shop_reading"""


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with OpenBao.start(tmp_path_factory.mktemp("openbao")) as bao:
        bao.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        bao.ask("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
        bao.ask("POST", "secret/data/shop/db", {"data": {"password": "kv2-secret", "port": 5432}})
        bao.ask("POST", "secret/data/other/db", {"data": {"password": "not for the gate"}})
        bao.ask("POST", "old/shop/db", {"password": "kv1-secret"})
        bao.ask("PUT", "sys/policies/acl/gate", {"policy": POLICY})
        bao.ask("POST", "sys/auth/approle", {"type": "approle"})
        bao.ask("POST", "auth/approle/role/gate", {"token_policies": "gate", "token_ttl": "1h"})
        yield bao


def server(bao: OpenBao, *, namespace: str = "") -> VaultServer:
    tls = ssl.create_default_context(cafile=str(bao.ca))
    return VaultServer(name="main", address=bao.address, namespace=namespace, tls=tls)


def approle(bao: OpenBao, clock: Callable[[], float] = time.monotonic) -> Authenticated:
    role = bao.ask("GET", "auth/approle/role/gate/role-id")["data"]
    secret = bao.ask("POST", "auth/approle/role/gate/secret-id")["data"]
    assert isinstance(role, dict)
    assert isinstance(secret, dict)
    login = AppRoleLogin(mount="approle", role_id=str(role["role_id"]), secret_id=Secret(str(secret["secret_id"])))
    return Authenticated(server(bao), login, clock=clock)


def kv(vault: Authenticated, path: str = "shop/db", field: str = "password") -> Credential:
    return KvCredential(vault=vault, mount="secret", path=path, field=field)


async def test_a_field_of_each_version_of_the_kv_engine(bao: OpenBao) -> None:
    vault = approle(bao)
    assert await kv(vault).obtain() == "kv2-secret"
    old = KvCredential(vault=vault, mount="old", path="shop/db", field="password", version=1)
    assert await old.obtain() == "kv1-secret"


@pytest.mark.parametrize(
    ("path", "field", "why"),
    [
        ("other/db", "password", r"forbids this: .* its policy allows it \(403\)"),
        ("shop/none", "password", r"there is nothing there: .* \(404\)"),
        ("shop/db", "passwort", "has no field passwort"),
        ("shop/db", "port", "is not a text"),
    ],
)
async def test_what_it_does_not_give_is_told_apart(bao: OpenBao, path: str, field: str, why: str) -> None:
    with pytest.raises(SecretUnavailableError, match=why):
        await kv(approle(bao), path, field).obtain()


async def test_the_wrong_version_of_the_engine_is_told(bao: OpenBao) -> None:
    wrong = KvCredential(vault=approle(bao), mount="old", path="shop/db", field="password", version=2)
    with pytest.raises(SecretUnavailableError):
        await wrong.obtain()


async def test_a_new_value_is_read_and_a_deleted_one_is_gone(bao: OpenBao) -> None:
    bao.ask("POST", "secret/data/shop/turning", {"data": {"password": "one"}})
    secret = kv(approle(bao), "shop/turning")
    assert await secret.obtain() == "one"
    bao.ask("POST", "secret/data/shop/turning", {"data": {"password": "two"}})
    assert await secret.obtain() == "two"
    bao.ask("DELETE", "secret/data/shop/turning")
    with pytest.raises(SecretUnavailableError, match="that it is not deleted"):
        await secret.obtain()


async def test_a_wrong_secret_id_is_told(bao: OpenBao) -> None:
    login = AppRoleLogin(mount="approle", role_id="nobody", secret_id=Secret("s-wrong"))
    with pytest.raises(SecretUnavailableError, match="check mount, path and role") as raised:
        await kv(Authenticated(server(bao), login)).obtain()
    assert "s-wrong" not in str(raised.value)


async def test_a_token_that_was_revoked_is_had_anew(bao: OpenBao) -> None:
    vault = approle(bao)
    secret = kv(vault)
    await secret.obtain()
    used = vault._token
    assert used is not None
    bao.ask("POST", "auth/token/revoke", {"token": used.text})
    assert await secret.obtain() == "kv2-secret"
    assert vault._token is not used


async def test_a_token_from_a_file_is_followed(bao: OpenBao, tmp_path: Path) -> None:
    made = bao.ask("POST", "auth/token/create", {"policies": ["gate"], "ttl": "10m"})["auth"]
    assert isinstance(made, dict)
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("wrong")
    secret = kv(Authenticated(server(bao), TokenLogin(source=FileCredential(path=file))))
    with pytest.raises(SecretUnavailableError, match="403"):
        await secret.obtain()
    file.write_text(str(made["client_token"]))
    assert await secret.obtain() == "kv2-secret"


async def test_a_token_is_renewed_for_longer_than_it_was_made(bao: OpenBao) -> None:
    passed = 0.0
    vault = approle(bao, lambda: passed)
    await kv(vault).obtain()
    used = vault._token
    passed = 1900  # more than half an hour of its hour
    await vault.keep()
    assert used is not None
    assert vault._token is not None
    assert (vault._token.text, vault._token.seconds) == (used.text, 3600)
    assert vault._since == 1900


async def test_a_signed_token_of_a_trusted_issuer_logs_in(bao: OpenBao) -> None:
    key = ECKey.generate_key("P-256")
    if "jwt/" not in bao.ask("GET", "sys/auth"):
        bao.ask("POST", "sys/auth/jwt", {"type": "jwt"})
    public = key.as_pem(private=False).decode()
    bao.ask("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [public], "bound_issuer": "https://idp.example"})
    role = {"role_type": "jwt", "bound_audiences": ["bao"], "user_claim": "sub", "token_policies": ["gate"]}
    bao.ask("POST", "auth/jwt/role/gate", role)

    def login(audience: str) -> Login:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": "https://idp.example", "aud": audience, "sub": "gate", "iat": now, "exp": now + 60}
        return JwtLogin(mount="jwt", role="gate", jwt=Secret(jwt.encode({"alg": "ES256"}, claims, key)))

    assert await kv(Authenticated(server(bao), login("bao"))).obtain() == "kv2-secret"
    with pytest.raises(SecretUnavailableError, match="auth/jwt/login"):
        await kv(Authenticated(server(bao), login("another"))).obtain()


async def test_a_namespace_is_a_vault_of_its_own(bao: OpenBao) -> None:
    bao.ask("POST", "sys/namespaces/team-a", {})
    inside = server(bao, namespace="team-a")
    token = Authenticated(inside, TokenLogin(source=Secret(bao.root)))
    await token.ask("POST", "sys/mounts/secret", body={"type": "kv", "options": {"version": "2"}})
    await token.ask("POST", "secret/data/shop/db", body={"data": {"password": "of team a"}})
    assert await kv(token).obtain() == "of team a"
    outside = Authenticated(server(bao), TokenLogin(source=Secret(bao.root)))
    assert await kv(outside).obtain() == "kv2-secret"


async def test_a_sealed_one_is_told_and_comes_back(bao: OpenBao) -> None:
    secret = kv(approle(bao))
    bao.seal()
    try:
        with pytest.raises(SecretUnavailableError, match=r"it is sealed: unseal it \(503\)"):
            await secret.obtain()
    finally:
        bao.unseal()
    assert await secret.obtain() == "kv2-secret"


# -- the database engine -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database(bao: OpenBao, cluster: PostgresCluster) -> Iterator[OpenBao]:
    cluster.psql("CREATE ROLE bao LOGIN CREATEROLE PASSWORD 'bao-password'; CREATE ROLE shop_reading")
    cluster.psql("GRANT shop_reading TO bao WITH ADMIN OPTION")
    bao.ask("POST", "sys/mounts/database", {"type": "database"})
    bao.ask(
        "POST",
        "database/config/shop",
        {
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "shop-ro,catalog",
            "connection_url": (
                f"postgresql://{{{{username}}}}:{{{{password}}}}@{cluster.host}:{cluster.port}/shop?sslmode=require"
            ),
            "username": "bao",
            "password": "bao-password",
            "password_authentication": "scram-sha-256",
        },
    )
    bao.ask(
        "POST",
        "database/roles/shop-ro",
        {
            "db_name": "shop",
            "creation_statements": [CREATION],
            "revocation_statements": ['DROP ROLE "{{name}}"'],
            "default_ttl": "30s",
            "max_ttl": "1h",
        },
    )
    yield bao
    bao.ask("PUT", "sys/leases/revoke-force/database")
    cluster.psql("DROP ROLE bao, shop_reading")


def roles(cluster: PostgresCluster) -> str:
    return cluster.psql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'")


async def test_a_login_is_good_until_it_is_taken_away(database: OpenBao, cluster: PostgresCluster) -> None:
    engine = DatabaseEngine(vault=approle(database))
    made = await engine.make("database", "shop-ro")
    assert made.seconds == 30
    login = f"host={cluster.host} port={cluster.port} dbname=shop user={made.user} sslmode=require"
    async with await psycopg.AsyncConnection.connect(login, password=made.password) as connection:
        await connection.execute("SELECT 1")
    assert await engine.renew(made.lease) == 30
    await engine.revoke(made.lease)
    assert roles(cluster) == "0"
    await engine.revoke(made.lease)
    with pytest.raises(LeaseEndedError):
        await engine.renew(made.lease)


async def test_a_role_that_the_policy_does_not_name(database: OpenBao) -> None:
    with pytest.raises(SecretUnavailableError, match="forbids this"):
        await DatabaseEngine(vault=approle(database)).make("database", "shop-rw")


async def test_what_a_dead_process_left_behind_is_taken_away(
    database: OpenBao, cluster: PostgresCluster, tmp_path: Path
) -> None:
    state = SqliteDatabase(tmp_path / "state.db")
    swept: list[Lease] = []

    async def tell(lease: Lease) -> None:
        swept.append(lease)

    def keeper() -> LeaseKeeper:
        engines = {"main": DatabaseEngine(vault=approle(database))}
        return LeaseKeeper(engines, LeaseStore(state), holder="gate-0", lost=print, swept=tell)

    roles_ = (LeasedRole(role="shop-ro", verbs=frozenset(VerbClass)),)
    logins = DatabaseLogins(keeper=keeper(), server="main", mount="database", roles=roles_)
    login = await logins.open(make_session())
    assert roles(cluster) == "1"
    assert await keeper().sweep("gate-0") == 1
    assert roles(cluster) == "0"
    assert [lease.user for lease in swept] == [login.user]
    assert LeaseStore(state).abandoned(now=datetime.now(UTC) + timedelta(days=1)) == ()
    state.close()


async def test_the_password_of_a_static_role_is_a_field_too(database: OpenBao, cluster: PostgresCluster) -> None:
    cluster.psql("CREATE ROLE catalog_reader LOGIN PASSWORD 'first'; GRANT catalog_reader TO bao WITH ADMIN OPTION")
    try:
        database.ask(
            "POST",
            "database/static-roles/catalog",
            {"db_name": "shop", "username": "catalog_reader", "rotation_period": "1h"},
        )
        secret = KvCredential(
            vault=approle(database), mount="database", path="static-creds/catalog", field="password", version=1
        )
        login = f"host={cluster.host} port={cluster.port} dbname=shop user=catalog_reader sslmode=require"
        async with await psycopg.AsyncConnection.connect(login, password=await secret.obtain()) as connection:
            await connection.execute("SELECT 1")
    finally:
        database.ask("DELETE", "database/static-roles/catalog")
        cluster.psql("DROP ROLE catalog_reader")
