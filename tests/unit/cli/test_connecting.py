"""The lines to copy."""

import shlex
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from passgate.cli.connecting import Connection, connections, password_line
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
    assert password_line(settings(), "pg_1", "pgs_x") == "*:6432:*:pg_1:pgs_x\n"
    two = CONFIG.replace("resources:", "  - {kind: postgres, port: 6433}\nresources:")
    assert password_line(settings(two), "pg_1", "pgs_x") == "*:*:*:pg_1:pgs_x\n"
