"""A gate in front of models only has no databases, and loads nothing of theirs."""

import subprocess
import sys
from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.config.postgres import PostgresListener
from passgate.core.errors import ConfigError
from passgate.core.event import EventType, Json
from passgate.wiring.databases import Databases, NoDatabases, open_databases
from passgate.wiring.postgres import PostgresWiring
from passgate.wiring.sources import Sources

MODELS = """\
state: ./state
listeners: [{kind: http, port: 8080, require_tls: false}]
resources:
  models: {kind: llm, provider: openai, upstream: {url: 'https://api.openai.com', credential: {env: X}}}
"""
BOTH = """\
state: ./state
listeners: [{kind: http, port: 8080, require_tls: false}, {kind: postgres, port: 6432}]
resources:
  models: {kind: llm, provider: openai, upstream: {url: 'https://api.openai.com', credential: {env: X}}}
  shop: {kind: postgres, upstream: {host: db, database: shop, user: app, credential: {env: X}}}
"""
UNASKED = ("passgate.endpoints.postgres", "passgate.languages", "passgate.endpoints.scim", "passgate.endpoints.oauth")


async def record(_type: EventType, _detail: dict[str, Json]) -> None:
    return None


def opened(text: str) -> Databases:
    settings = parse_settings(text, file="passgate.yaml", base=Path("/nowhere"))
    return open_databases(settings, record, sources=Sources({}), keeper=None)  # type: ignore[arg-type]


async def test_what_is_configured_says_whether_there_are_any() -> None:
    assert isinstance(opened(MODELS), NoDatabases)
    databases = opened(BOTH)
    assert isinstance(databases, PostgresWiring)
    databases.close()


async def test_nothing_is_asked_of_databases_that_are_not_there() -> None:
    none = NoDatabases()
    assert not await none.cancel(1, b"key")
    assert list(none.followers()) == []
    assert await none.refresh_catalogs(None) == {}
    await none.read_catalogs()
    none.restructured("shop")
    none.close()
    with pytest.raises(ConfigError, match="no resource 'shop' with a catalog"):
        await none.refresh_catalogs("shop")
    with pytest.raises(ConfigError, match="no database 'shop'"):
        none.language("shop")
    with pytest.raises(ConfigError, match="port 6432 has no database behind it"):
        none.endpoint(PostgresListener(kind="postgres", port=6432))


def test_a_gate_loads_what_it_is_configured_for() -> None:
    program = f"import sys, passgate.app; print([m for m in sys.modules if m.startswith({UNASKED!r})])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
