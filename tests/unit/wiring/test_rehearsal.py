"""What ``serve`` would end with is found before, all of it at once."""

from datetime import UTC, datetime
from pathlib import Path

from passgate.config.loading import load_settings
from passgate.config.settings import Settings
from passgate.identity.authority import make_authority, make_server_certificate
from passgate.pipeline.sealing import MAGIC
from passgate.wiring.rehearsal import rehearse

CONFIG = """\
state: ./state
listeners:
  - {kind: postgres, port: 6432}
  - {kind: http, port: 8443}
resources:
  shop:
    kind: postgres
    upstream: {host: h, database: d, user: u, tls: {mode: verify-full, ca: CA}, credential: {env: SHOP}}
policy: {packs: [postgres-safe], bundles: [rules.yaml]}
identity:
  providers:
    company: {issuer: 'https://idp.example', audience: [passgate], ca: CA}
MORE
control:
  public_url: https://gate.example.com
  roles: {operator: {groups: [platform]}}
"""
MORE = """\
  agents:
    reporter: {purpose: reports, resources: [shop], until: '2099-12-31', owner: ada@example.com, keys: keys.json}
  issuer: {url: 'https://gate.example.com'}"""
KEYS = """\
{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a",
  "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}
"""


def settings(folder: Path, *, ca: str, more: str, rules: str, keys: str) -> Settings:
    (folder / "rules.yaml").write_text(rules)
    (folder / "keys.json").write_text(keys)
    config = folder / "passgate.yaml"
    config.write_text(CONFIG.replace("CA", ca).replace("MORE", more))
    return load_settings(config)


def certificates(folder: Path) -> None:
    now = datetime.now(UTC)
    authority = make_authority(organization="x", now=now)
    server = make_server_certificate(authority, names=["localhost"], now=now)
    tls = folder / "state" / "tls"
    tls.mkdir(parents=True)
    (tls / "ca.crt").write_bytes(authority.certificate)
    (tls / "server.crt").write_bytes(server.certificate)
    (tls / "server.key").write_bytes(server.key)


def test_what_is_good_has_no_problem(tmp_path: Path) -> None:
    certificates(tmp_path)
    good = settings(tmp_path, ca="state/tls/ca.crt", more=MORE, rules="rules: []\n", keys=KEYS)
    assert rehearse(good) == ()
    (tmp_path / "state" / "tls" / "server.key").write_bytes(MAGIC + b"sealed")
    assert rehearse(good) == (), "what is encrypted needs the master key, which is not asked for"


def test_every_problem_at_once(tmp_path: Path) -> None:
    certificates(tmp_path)
    (tmp_path / "state" / "tls" / "server.key").write_text("nonsense")
    (tmp_path / "no-ca").write_text("nonsense")
    bad = settings(tmp_path, ca="no-ca", more=MORE, rules="rulez: []\nprotekt: []\n", keys="{")
    found = rehearse(bad)
    assert found[0].startswith(f"{tmp_path}/rules.yaml:1:1: a policy file has no key 'rulez'")
    assert found[1].startswith(f"{tmp_path}/rules.yaml:2:1: a policy file has no key 'protekt'")
    assert found[2].startswith("identity.agents.reporter: its keys are no key set")
    assert "server.key is not usable" in found[3]
    assert [one.partition(":")[0] for one in found[4:]] == [
        "resources.shop.upstream.tls.ca",
        "identity.providers.company.ca",
    ]


def test_the_control_api_needs_an_issuer(tmp_path: Path) -> None:
    certificates(tmp_path)
    (found,) = rehearse(settings(tmp_path, ca="state/tls/ca.crt", more="", rules="rules: []\n", keys=KEYS))
    assert found.startswith("control needs identity.issuer")
