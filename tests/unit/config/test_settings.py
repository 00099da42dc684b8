"""The model: defaults, and what the names of all settings are."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from passgate.config.settings import Settings
from passgate.core.errors import ConfigError

LEAST: dict[str, Any] = {
    "state": "state",
    "listeners": ({"kind": "postgres"},),
    "resources": {
        "shop": {
            "kind": "postgres",
            "upstream": {
                "host": "db.internal",
                "database": "shop",
                "user": "app",
                "credential": {"env": "SHOP_PASSWORD"},
            },
        }
    },
}


def settings(**changes: object) -> Settings:
    return Settings.model_validate({**LEAST, **changes}, context={"base": Path("/etc/passgate")})


def test_the_defaults_are_the_safe_ones() -> None:
    read = settings()
    listener, upstream = read.listeners[0], read.resources["shop"].upstream
    assert (listener.address, listener.port, listener.require_tls) == ("127.0.0.1", 6432, True)
    assert (upstream.port, upstream.tls.mode, upstream.auth) == (5432, "verify-full", ("scram-sha-256",))
    assert (read.passes.default_ttl, read.passes.max_ttl) == (timedelta(minutes=30), timedelta(hours=8))
    assert (read.ledger.durability, read.ledger.reserve) == ("fsync", 64 * 2**20)
    assert read.policy.packs == ("postgres-safe", "llm-safe")
    assert (read.node, read.org) == ("gate", "local")


def test_paths_start_at_the_file_and_absolute_ones_stay() -> None:
    assert settings().state == Path("/etc/passgate/state")
    assert settings(state="/var/lib/passgate").state == Path("/var/lib/passgate")
    assert settings(state="~/gate").state == Path("~/gate").expanduser()


def test_it_is_frozen() -> None:
    read = settings()
    with pytest.raises(ValidationError, match="frozen"):
        read.node = "other"


def test_another_state_folder() -> None:
    other = settings().with_state(Path("/elsewhere"))
    assert other.state_folder.database == Path("/elsewhere/state.db")
    assert other.resources == settings().resources


def test_an_address_is_written_in_one_way() -> None:
    read = settings(listeners=({"kind": "postgres", "address": "0:0:0:0:0:0:0:1"},))
    assert read.listeners[0].address == "::1"


@pytest.mark.parametrize("host", ["10.0.0.7", "::1", "db", "db-1.internal.example.com", "my_db"])
def test_hosts(host: str) -> None:
    shop = {**LEAST["resources"]["shop"], "upstream": {**LEAST["resources"]["shop"]["upstream"], "host": host}}
    assert settings(resources={"shop": shop}).resources["shop"].upstream.host == host


def test_the_certificate_is_the_one_named_or_the_one_made_by_init(tmp_path: Path) -> None:
    read = settings(state=str(tmp_path))
    with pytest.raises(
        ConfigError, match=r"port 6432 has `tls: auto`, but .*server\.crt is not there: run `passgate init`"
    ):
        read.certificate_of(read.listeners[0])
    read.state_folder.create()
    read.state_folder.server_certificate.touch()
    read.state_folder.server_key.touch()
    made = (tmp_path / "tls" / "server.crt", tmp_path / "tls" / "server.key")
    assert read.certificate_of(read.listeners[0]) == made
    named = {"kind": "postgres", "tls": {"certificate": str(made[0]), "key": str(made[1])}}
    other = settings(state="/nowhere", listeners=(named,))
    assert other.certificate_of(other.listeners[0]) == made
