"""The lines to copy."""

import shlex
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from passgate.cli.connecting import Connection, connections, secret_lines
from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from tests.unit.cli.conftest import CONFIG


def settings(config: str = CONFIG, base: Path = Path("/srv/gate")) -> Settings:
    return parse_settings(config, file="passgate.yaml", base=base)


def only(config: Settings, secret_file: Path | None = None) -> Connection:
    (connection,) = connections(config, "pg_1", ["shop"], secret_file=secret_file)
    return connection


def test_both_ways_say_the_same_to_libpq() -> None:
    way = only(settings())
    environment, program, info = shlex.split(way.command)
    assert (environment, program) == ("PGPASSWORD=<secret>", "psql")
    expected = {
        "host": "127.0.0.1",
        "port": "6432",
        "dbname": "shop",
        "user": "pg_1",
        "sslmode": "verify-full",
        "sslrootcert": "/srv/gate/state/tls/ca.crt",
    }
    assert conninfo_to_dict(info) == expected
    assert conninfo_to_dict(way.dsn) == {**expected, "password": "<secret>"}


@pytest.mark.parametrize("base", ["/srv/my gate", "/srv/it's", "/srv/back\\slash", "/srv/a&b=c?d#e%f"])
def test_an_odd_folder_survives_every_quoting(base: str) -> None:
    way = only(settings(base=Path(base)))
    for info in (shlex.split(way.command)[2], way.dsn):
        assert conninfo_to_dict(info)["sslrootcert"] == f"{base}/state/tls/ca.crt"


def test_a_listener_on_every_address_is_reached_by_name() -> None:
    for address in ("0.0.0.0", "'::'"):
        way = only(settings(CONFIG.replace("port: 6432", f"port: 6432, address: {address}")))
        assert conninfo_to_dict(way.dsn)["host"] == "localhost"


def test_a_listener_on_ipv6() -> None:
    way = only(settings(CONFIG.replace("port: 6432", "port: 6432, address: '::1'")))
    assert conninfo_to_dict(way.dsn)["host"] == "::1"


def test_a_certificate_of_ones_own_is_checked_by_the_system(tmp_path: Path) -> None:
    for name in ("a.crt", "a.key"):
        (tmp_path / name).touch()
    config = CONFIG.replace("port: 6432", "port: 6432, tls: {certificate: a.crt, key: a.key}")
    assert conninfo_to_dict(only(settings(config, tmp_path)).dsn)["sslrootcert"] == "system"


def test_a_secret_file_stands_where_the_password_would() -> None:
    command = only(settings(), Path("/home/my agent/.pgpass")).command
    assert shlex.split(command)[0] == "PGPASSFILE=/home/my agent/.pgpass"


def test_one_per_resource() -> None:
    ways = connections(settings(), "pg_1", ["shop", "warehouse"], secret_file=None)
    assert [way.resource for way in ways] == ["shop", "warehouse"]


def test_the_line_of_a_password_file() -> None:
    assert secret_lines(settings(), ["shop"], "pg_1", "pgs_x") == "*:6432:*:pg_1:pgs_x\n"
    two = CONFIG.replace("resources:", "  - {kind: postgres, port: 6433}\nresources:")
    assert secret_lines(settings(two), ["shop"], "pg_1", "pgs_x") == "*:*:*:pg_1:pgs_x\n"


MODELS = CONFIG.replace(
    "passes:",
    """\
  gpt: {kind: llm, provider: openai, upstream: {url: 'https://api.example.com/v1', credential: {env: KEY}}}
  claude: &claude {kind: llm, provider: anthropic, upstream: {url: 'https://api.example.org', credential: {env: KEY}}}
  spare: *claude
passes:""",
).replace("resources:", "  - {kind: http}\nresources:")


def exported(command: str) -> dict[str, str]:
    words = shlex.split(command)
    assert words.pop(0) == "export"
    return dict(word.split("=", 1) for word in words)


def test_models_are_reached_by_what_their_clients_read_from_the_environment() -> None:
    shop, gpt, claude = connections(settings(MODELS), "pg_1", ["shop", "gpt", "claude"], secret_file=None)
    assert shop.dsn.startswith("postgresql://")
    ca = {"SSL_CERT_FILE": "/srv/gate/state/tls/ca.crt", "NODE_EXTRA_CA_CERTS": "/srv/gate/state/tls/ca.crt"}
    assert exported(gpt.command) == {
        "OPENAI_BASE_URL": "https://127.0.0.1:8080/v1",
        "OPENAI_API_KEY": "pg_1.<secret>",
        **ca,
    }
    assert exported(claude.command) == {
        "ANTHROPIC_BASE_URL": "https://127.0.0.1:8080",
        "ANTHROPIC_API_KEY": "pg_1.<secret>",
        **ca,
    }
    assert (gpt.dsn, claude.dsn) == ("https://127.0.0.1:8080/v1", "https://127.0.0.1:8080")


def test_two_resources_of_one_dialect_are_told_apart_by_the_path() -> None:
    both = connections(settings(MODELS), "pg_1", ["claude", "gpt", "spare"], secret_file=None)
    assert [way.dsn for way in both] == [
        "https://127.0.0.1:8080/claude",
        "https://127.0.0.1:8080/v1",
        "https://127.0.0.1:8080/spare",
    ]


def test_plain_http_and_an_address_of_ipv6() -> None:
    plain = MODELS.replace("{kind: http}", "{kind: http, require_tls: false, address: '::1', port: 9000}")
    (gpt,) = connections(settings(plain), "pg_1", ["gpt"], secret_file=None)
    assert exported(gpt.command) == {"OPENAI_BASE_URL": "http://[::1]:9000/v1", "OPENAI_API_KEY": "pg_1.<secret>"}


def test_models_without_a_listener_are_not_reached() -> None:
    without = MODELS.replace("  - {kind: http}\n", "")
    assert connections(settings(without), "pg_1", ["gpt"], secret_file=None) == []


def test_what_a_secret_file_holds() -> None:
    config = settings(MODELS)
    assert secret_lines(config, ["gpt", "claude"], "pg_1", "pgs_x") == "pg_1.pgs_x\n"
    assert secret_lines(config, ["shop"], "pg_1", "pgs_x") == "*:6432:*:pg_1:pgs_x\n"
    assert secret_lines(config, ["shop", "gpt"], "pg_1", "pgs_x") == "*:6432:*:pg_1:pgs_x\n# pg_1.pgs_x\n"
