"""Settings of models to what the endpoint is told."""

import ssl
from pathlib import Path

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError, SecretUnavailableError
from passgate.endpoints.llm import LlmTarget
from passgate.wiring.llm import targets
from passgate.wiring.sources import Sources

CONFIG = """\
state: ./state
listeners: [{kind: http}]
resources:
  gpt:
    kind: llm
    provider: openai
    labels: {residency: eu}
    upstream: {url: 'https://api.example.com/v1/', credential: {file: key}}
    models: ['gpt-*']
    fallback: [own]
    prices: {'gpt-*': {input: 2, output: 8}, '*': {input: 3, output: 9, cached: 1}}
  claude: {kind: llm, provider: anthropic, upstream: {url: 'http://127.0.0.1:9/base', credential: {env: GONE}}}
  own: {kind: llm, provider: compatible, labels: {residency: eu}, upstream: {url: 'http://127.0.0.1:8000'}}
"""


def settings(text: str, base: Path) -> Settings:
    return parse_settings(text, file="passgate.yaml", base=base)


def wired(base: Path, text: str = CONFIG) -> dict[str, LlmTarget]:
    return dict(targets(settings(text, base).llm_resources, Sources({})))


async def test_each_resource_becomes_a_target(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text("sk-provider\n")
    made = wired(tmp_path)
    gpt, claude, own = made["gpt"], made["claude"], made["own"]
    assert [one.dialect for one in (gpt, claude, own)] == [Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.OPENAI]
    assert [one.url for one in (gpt, claude, own)] == [
        "https://api.example.com",
        "http://127.0.0.1:9/base",
        "http://127.0.0.1:8000",
    ]
    assert (gpt.resource.labels, gpt.models, gpt.fallback) == ({"residency": "eu"}, ("gpt-*",), ("own",))
    assert [(glob, price.cached) for glob, price in gpt.prices] == [("gpt-*", 2), ("*", 1)]
    assert isinstance(gpt.tls, ssl.SSLContext)
    assert gpt.tls.verify_mode is ssl.CERT_REQUIRED
    assert gpt.tls.check_hostname
    assert (claude.tls, own.credential) == (None, None)
    assert gpt.credential is not None
    assert await gpt.credential.obtain() == "sk-provider"
    (tmp_path / "key").write_text("sk-rotated\n")
    assert await gpt.credential.obtain() == "sk-provider"
    gpt.credential.forget()
    assert await gpt.credential.obtain() == "sk-rotated"
    assert claude.credential is not None
    with pytest.raises(SecretUnavailableError):
        await claude.credential.obtain()


def test_authorities_that_are_none_stop_the_gate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    text = CONFIG.replace("/v1/', credential: {file: key}}", "', credential: {file: key}, tls: {ca: ca.pem}}")
    with pytest.raises(ConfigError, match="of gpt are not usable"):
        wired(tmp_path, text)
