"""``passgate config check``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.identity.authority import make_authority, make_server_certificate
from tests.unit.cli.conftest import CONFIG, Passgate


def make_certificates(folder: Path, now: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    server = make_server_certificate(make_authority(organization="x", now=now), names=["localhost"], now=now)
    (folder / "server.crt").write_bytes(server.certificate)
    (folder / "server.key").write_bytes(server.key)


def test_a_good_configuration_is_summed_up(passgate: Passgate, folder: Path) -> None:
    missing = passgate("config", "check")
    assert missing.code == 2
    assert "run `passgate init`" in missing.err
    make_certificates(folder / "state" / "tls", datetime.now(UTC))
    result = passgate("config", "check")
    assert result.code == 0
    summary = (
        "passgate.yaml: good\n"
        "listens    postgres on 127.0.0.1 port 6432\n"
        "guards     shop, warehouse\n"
        f"state      {folder}/state\n"
        f"shows      {folder}/state/tls/server.crt (good until "
    )
    assert result.out.startswith(summary)
    shown = json.loads(passgate("config", "check", "--json").out)
    assert shown["limits"]["max_connections"] == 2000
    assert shown["resources"]["shop"]["upstream"]["tls"]["mode"] == "verify-full"


def test_a_certificate_that_has_run_out_or_is_none(passgate: Passgate, folder: Path) -> None:
    tls = folder / "state" / "tls"
    make_certificates(tls, datetime.now(UTC) - timedelta(days=398))
    result = passgate("config", "check")
    assert result.code == 2
    assert "make a new one with `passgate certificate`" in result.err
    (tls / "server.crt").write_text("nonsense")
    result = passgate("config", "check")
    assert result.code == 2
    assert f"{tls}/server.crt is not a certificate that can be read\n" in result.err


def test_what_the_file_names_is_looked_at_too(passgate: Passgate, folder: Path) -> None:
    """A gate that would not start must not be called good: rules first of all."""
    make_certificates(folder / "state" / "tls", datetime.now(UTC))
    (folder / "passgate.yaml").write_text(f"{CONFIG}policy: {{packs: [postgres-saf], bundles: [rules.yaml]}}\n")
    (folder / "rules.yaml").write_text("rulez: []\n")
    for more in ((), ("--json",)):
        result = passgate("config", "check", *more)
        assert (result.code, result.out) == (2, "")
        assert "there is no pack 'postgres-saf'" in result.err
        assert f"{folder}/rules.yaml:1:1: a policy file has no key 'rulez'" in result.err


def test_secrets_that_are_not_there_are_named_and_never_shown(
    passgate: Passgate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificates(folder / "state" / "tls", datetime.now(UTC))
    (folder / "open").write_text("hush-hush\n")
    (folder / "open").chmod(0o644)
    models = """\
  claude: {kind: llm, provider: anthropic, upstream: {url: 'https://api.anthropic.com', credential: {file: open}}}
  spare: {kind: llm, provider: openai, upstream: {url: 'https://api.openai.com', credential: {command: [nowhere]}}}
"""
    others = """\
master_key: {file: none}
approvals:
  webhooks: {pager: {url: 'https://pager.example', secret: {env: PAGER}}}
"""
    (folder / "gate.yaml").write_text(CONFIG.replace("passes:", f"{models}passes:") + others)
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    result = passgate("config", "check", "-c", "gate.yaml")
    assert result.code == 0, result.err
    assert result.err.splitlines() == [
        f"passgate: master_key: The secret file {folder}/none cannot be read: No such file or directory",
        "passgate: resources.shop.upstream.credential: The environment variable SHOP_PASSWORD is not set",
        "passgate: resources.warehouse.upstream.credential: The environment variable SHOP_PASSWORD is not set",
        f"passgate: resources.claude.upstream.credential: The secret file {folder}/open is open to everybody: chmod 600 it",
        "passgate: approvals.webhooks.pager.secret: The environment variable PAGER is not set",
    ]
    (folder / "open").chmod(0o600)
    monkeypatch.setenv("SHOP_PASSWORD", "hush-hush")
    again = passgate("config", "check", "-c", "gate.yaml", "--json")
    assert len(again.err.splitlines()) == 2
    assert "hush-hush" not in again.out + again.err


def test_every_problem_at_once(passgate: Passgate, folder: Path) -> None:
    bad = CONFIG.replace("port: 6432", "prot: 6432").replace("max_ttl: 2h", "max_ttl: soon")
    (folder / "gate.yaml").write_text(bad)
    result = passgate("config", "check", "-c", "gate.yaml")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "gate.yaml:3:22: listeners[0].prot: unknown setting (did you mean 'port'?)\n"
        "gate.yaml:9:37: passes.max_ttl: 'soon' is not a duration: "
        "write a number and a unit (ms, s, m, h, d), as in 30m or 1h30m\n"
    )


def test_no_configuration(passgate: Passgate) -> None:
    result = passgate("config", "check", "--config", "none.yaml")
    assert (result.code, result.err) == (
        2,
        (
            "passgate: none.yaml: the configuration cannot be read: No such file or directory "
            "(name it with --config or PASSGATE_CONFIG; `passgate init` makes one)\n"
        ),
    )
