"""Where upstream secrets may come from, as the file says it."""

from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.config.postgres import PostgresResource
from passgate.config.secret_sources import KUBERNETES_TOKEN
from passgate.config.settings import Settings
from passgate.core.action import VerbClass
from passgate.core.errors import ConfigError

AUTH = "auth: {approle: {role_id: r, secret_id: {env: S}}}"
KV = "{vault: {server: main, path: shop/db, field: password}}"


def parse(
    base: Path, *, vault: str = f"address: 'https://v:8200', {AUTH}", credential: str = KV, more: str = ""
) -> Settings:
    text = f"""\
state: ./state
vaults:
  main: {{{vault}}}
listeners:
  - {{kind: postgres, port: 6432}}
resources:
  shop:
    kind: postgres
    upstream: {{host: db, database: shop, user: app, credential: {credential}{more}}}
"""
    return parse_settings(text, file="passgate.yaml", base=base)


def shop(settings: Settings) -> PostgresResource:
    return settings.postgres_resources["shop"]


def test_a_vault_with_its_defaults(tmp_path: Path) -> None:
    settings = parse(tmp_path)
    vault = settings.vaults["main"]
    assert (vault.address, vault.namespace, vault.ca, vault.timeout.total_seconds()) == (
        "https://v:8200",
        None,
        None,
        10,
    )
    secret = shop(settings).upstream.credential.vault
    assert secret is not None
    assert (secret.server, secret.mount, secret.path, secret.kv) == ("main", "secret", "shop/db", 2)


def test_a_pods_token_is_where_kubernetes_puts_it(tmp_path: Path) -> None:
    settings = parse(tmp_path, vault="address: 'https://v', auth: {kubernetes: {role: gate}}")
    pod = settings.vaults["main"].auth.kubernetes
    assert pod is not None
    assert pod.token == Path(KUBERNETES_TOKEN)


def test_leases_name_their_verbs(tmp_path: Path) -> None:
    settings = parse(tmp_path, more=", lease: {server: main, roles: [{role: ro, verbs: [read]}]}")
    lease = shop(settings).upstream.lease
    assert lease is not None
    assert lease.mount == "database"
    assert lease.roles[0].classes == frozenset({VerbClass.READ})


@pytest.mark.parametrize(
    ("vault", "why"),
    [
        ("address: 'ftp://v', " + AUTH, "must be a URL of http or https"),
        ("address: 'https://v:x', " + AUTH, "must be a URL"),
        ("address: 'https://v:0', " + AUTH, "must be a URL"),
        ("address: 'http://vault.example:8200', " + AUTH, "must be https"),
        ("address: 'https://user@v', " + AUTH, "must be an origin only"),
        ("address: 'https://v/v1', " + AUTH, "must be an origin only"),
        ("address: 'https://v?a', " + AUTH, "must be an origin only"),
        ("address: 'https://v', auth: {}", "exactly one of token, approle, kubernetes and jwt"),
        (
            "address: 'https://v', auth: {token: {env: T}, jwt: {role: r, token: {env: J}}}",
            "exactly one of token, approle, kubernetes and jwt",
        ),
        ("address: 'https://v', auth: {token: {env: T, file: f}}", "exactly one of env, file and command"),
        ("address: 'https://v', auth: {token: {}}", "exactly one of env, file and command"),
        ("address: 'https://v', ca: none.pem, " + AUTH, "there is no file"),
        ("address: 'https://v', token: x, " + AUTH, "token"),
    ],
)
def test_a_vault_that_is_none(tmp_path: Path, vault: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse(tmp_path, vault=vault)


@pytest.mark.parametrize(
    ("credential", "more", "why"),
    [
        ("{vault: {server: other, path: a, field: b}}", "", "names the vault 'other', which is not among vaults"),
        ("{vault: {server: main, path: ../sys/raw, field: b}}", "", "names of letters"),
        ("{vault: {server: main, path: a/../b, field: b}}", "", "names of letters"),
        ("{vault: {server: main, path: a?list=true, field: b}}", "", "names of letters"),
        ("{vault: {server: main, path: /a, field: b}}", "", "names of letters"),
        ("{vault: {server: main, path: a, field: b, kv: 3}}", "", "kv"),
        ("{vault: {server: main, path: a, field: b}, env: X}", "", "exactly one of env, file, command, vault and aws"),
        ("{}", "", "exactly one of env, file, command, vault and aws"),
        ("{aws: {secret: s, endpoint: 'http://elsewhere'}}", "", "must be https"),
        (KV, ", lease: {server: other, roles: [{role: r, verbs: [read]}]}", "names the vault 'other'"),
        (KV, ", lease: {server: main, roles: []}", "must not be empty"),
        (KV, ", lease: {server: main, roles: [{role: r, verbs: []}]}", "must not be empty"),
        (KV, ", lease: {server: main, roles: [{role: r, verbs: [session]}]}", "verbs"),
        (KV, ", mint: {read: [a]}, lease: {server: main, roles: [{role: r, verbs: [read]}]}", "either the gate makes"),
    ],
)
def test_a_source_that_is_none(tmp_path: Path, credential: str, more: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse(tmp_path, credential=credential, more=more)
