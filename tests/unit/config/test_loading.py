"""A file to Settings, or every problem in it at once."""

from pathlib import Path

import pytest

from passgate.config.loading import load_settings, parse_settings
from passgate.config.problems import InvalidSettingsError
from passgate.core.errors import ConfigError

GOOD = """\
state: ./state
node: gate-1
org: example
listeners:
  - kind: postgres
    address: 127.0.0.1
    port: 6432
    tls: auto
resources:
  shop:
    kind: postgres
    labels: {env: prod}
    upstream:
      host: db.internal
      database: shop
      user: app
      tls: {mode: disable}
      auth: [scram-sha-256, md5]
      credential: {command: [vault, read, -field=password, shop]}
    catalog: {refresh: 2m}
passes: {default_ttl: 10m, max_ttl: 1h}
"""


def problems(text: str, base: Path) -> list[str]:
    with pytest.raises(InvalidSettingsError) as caught:
        parse_settings(text, file="passgate.yaml", base=base)
    return str(caught.value).split("\n")


def line_of(line: str) -> int:
    return GOOD.split("\n").index(line) + 1


def test_a_good_file(tmp_path: Path) -> None:
    file = tmp_path / "passgate.yaml"
    file.write_text(GOOD)
    settings = load_settings(file)
    assert settings.state == tmp_path / "state"
    assert settings.resources["shop"].labels == {"env": "prod"}
    assert settings.resources["shop"].upstream.credential.command == ("vault", "read", "-field=password", "shop")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("node: gate-1", "nod: gate-1", "2:1: nod: unknown setting (did you mean 'node'?)"),
        ("node: gate-1", "frobnicate: 1", "2:1: frobnicate: unknown setting"),
        ("node: gate-1", "node: Gate 1", "2:7: node: a name is 1 to 63 of a-z"),
        ("node: gate-1", "node: 7", "2:7: node: must be a text (put it in quotes)"),
        ("port: 6432", "prt: 6432", "7:5: listeners[0].prt: unknown setting (did you mean 'port'?)"),
        ("port: 6432", "port: 66000", "7:11: listeners[0].port: must be less than or equal to 65535"),
        ("port: 6432", "port: '6432'", "7:11: listeners[0].port: must be a whole number"),
        ("port: 6432", "port: 1.5", "7:11: listeners[0].port: must be a whole number"),
        ("address: 127.0.0.1", "address: localhost", "6:14: listeners[0].address: must be an IP address"),
        ("tls: auto", "tls: {certificate: x.crt}", "8:24: listeners[0].tls.certificate: there is no file"),
        ("tls: auto", "tls: {certificate: passgate.yaml}", "8:10: listeners[0].tls: certificate and key go together"),
        ("tls: auto", "tls: yes", "8:10: listeners[0].tls: must be a mapping"),
        ("tls: auto", "require_tls: yes", "8:18: listeners[0].require_tls: must be true or false"),
        ("  shop:", "  Shop:", "10:3: resources.Shop: a name is 1 to 63 of a-z"),
        (
            "    kind: postgres\n    labels",
            "    kind: postgre\n    labels",
            "11:11: resources.shop.kind: must be 'postgres' or 'llm' (did you mean 'postgres'?)",
        ),
        ("host: db.internal", "host: -x", "14:13: resources.shop.upstream.host: must be a host name or an IP address"),
        ("      host: db.internal\n", "", "13:5: resources.shop.upstream.host: is required"),
        (
            "mode: disable",
            "mode: verify_full",
            "17:19: resources.shop.upstream.tls.mode: must be 'verify-full', 'verify-ca' or",
        ),
        ("mode: disable", "ca: none.pem", "17:17: resources.shop.upstream.tls.ca: there is no file"),
        ("[scram-sha-256, md5]", "[]", "18:13: resources.shop.upstream.auth: must not be empty"),
        (
            "[scram-sha-256, md5]",
            "[scram-sha-256, mdd5]",
            "18:29: resources.shop.upstream.auth[1]: must be 'scram-sha-256'",
        ),
        ("[scram-sha-256, md5]", "md5", "18:13: resources.shop.upstream.auth: must be a list"),
        (
            "command: [vault, read, -field=password, shop]",
            "",
            "19:19: resources.shop.upstream.credential: exactly one of env",
        ),
        ("command: [", "env: X, command: [", "19:19: resources.shop.upstream.credential: exactly one of env"),
        (
            "command: [vault, read, -field=password, shop]",
            "env: A-B",
            "19:25: resources.shop.upstream.credential.env: ",
        ),
        (
            "command: [vault, read, -field=password, shop]",
            "file: ''",
            "19:26: resources.shop.upstream.credential.file: must be a",
        ),
        (
            "command: [vault, read, -field=password, shop]",
            "file: 5",
            "19:26: resources.shop.upstream.credential.file: must be a",
        ),
        (
            "database: shop",
            f"database: {'x' * 1001}",
            "15:17: resources.shop.upstream.database: must have at most 1000 characters",
        ),
        ("database: shop", "database: ''", "15:17: resources.shop.upstream.database: must not be empty"),
        ("state: ./state", 'state: "a\\0b"', "1:8: state: must be a path"),
        ("auth: [scram-sha-256, md5]", "auth: [7]", "18:14: resources.shop.upstream.auth[0]: must be 'scram-sha-256'"),
        ("org: example", "org: {}", "3:6: org: must be a text"),
        ("labels: {env: prod}", "labels: 5", "12:13: resources.shop.labels: must be a mapping"),
        ("refresh: 2m", "refresh: 120", "20:24: resources.shop.catalog.refresh: a duration needs a unit"),
        ("refresh: 2m", "refresh: true", "20:24: resources.shop.catalog.refresh: must be a duration"),
        ("default_ttl: 10m", "default_ttl: 2h", "21:9: passes: default_ttl (2h) is longer than max_ttl (1h)"),
        ("passes:", "policy: {packs: []}\npasses:", "21:9: policy: without a pack or a bundle everything is denied"),
        ("passes:", "policy: {bundles: [x.yaml]}\npasses:", "21:20: policy.bundles[0]: there is no file"),
        ("passes:", "ledger: {reserve: 64}\npasses:", "21:19: ledger.reserve: a size needs a unit"),
        ("passes:", "ledger: 5\npasses:", "21:9: ledger: must be a mapping of settings"),
        (
            "passes:",
            "limits: {max_message: 1MiB, max_statement_bytes: 2MiB}\npasses:",
            "21:9: limits: max_statement_bytes is",
        ),
        (
            "passes:",
            "limits: {max_connections: 0}\npasses:",
            "21:27: limits.max_connections: must be greater than or equal to 1",
        ),
    ],
)
def test_each_problem_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    (tmp_path / "passgate.yaml").write_text("")
    assert GOOD.count(old) == 1
    (line,) = problems(GOOD.replace(old, new), tmp_path)
    assert line.startswith(f"passgate.yaml:{problem}")


def test_every_problem_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    bad = (
        GOOD.replace("node:", "nod:")
        .replace("port: 6432", "port: x")
        .replace("host:", "hots:")
        .replace("refresh: 2m", "refresh: 2 m")
        .replace("org: example", "org: example\norg: twice")
    )
    lines = problems(bad, tmp_path)
    assert [line.split(": ")[1] for line in lines] == [
        "nod",
        "org",
        "listeners[0].port",
        "resources.shop.upstream.host",
        "resources.shop.upstream.hots",
        "resources.shop.catalog.refresh",
    ]


def test_an_empty_file_says_what_is_required(tmp_path: Path) -> None:
    assert problems("", tmp_path) == [
        "passgate.yaml:1:1: listeners: is required",
        "passgate.yaml:1:1: resources: is required",
        "passgate.yaml:1:1: state: is required",
    ]


def test_a_list_instead_of_a_file_of_settings(tmp_path: Path) -> None:
    assert problems("- a\n", tmp_path) == ["passgate.yaml:1:1: (file): must be a mapping of settings"]


def test_bad_syntax_is_told_alone(tmp_path: Path) -> None:
    (line,) = problems("state: [\n", tmp_path)
    assert line.startswith("passgate.yaml:2:1: (file): not valid YAML")


def test_a_problem_of_the_yaml_alone_is_enough(tmp_path: Path) -> None:
    assert problems(GOOD + "org: again\n", tmp_path) == [
        "passgate.yaml:22:1: org: the key stands here twice (first in line 3)"
    ]


def test_a_password_written_into_the_file_is_not_repeated(tmp_path: Path) -> None:
    for wrong in ("hunter2", "{password: hunter2}", "{env: 'hunter 2'}", "{file: [hunter2]}"):
        bad = GOOD.replace("{command: [vault, read, -field=password, shop]}", wrong)
        assert "hunter" not in "\n".join(problems(bad, tmp_path))


def test_no_listener_is_a_problem_but_a_wrong_one_is_not_two(tmp_path: Path) -> None:
    head, tail = GOOD.split("listeners:", maxsplit=1)[0], GOOD[GOOD.index("resources:") :]
    assert problems(f"{head}listeners: []\n{tail}", tmp_path) == ["passgate.yaml:4:12: listeners: must not be empty"]
    assert len(problems(GOOD.replace("port: 6432", "port: 0"), tmp_path)) == 1


def test_two_listeners_on_one_port(tmp_path: Path) -> None:
    both = GOOD.replace("resources:", "  - {kind: postgres}\nresources:")
    assert problems(both, tmp_path) == ["passgate.yaml:5:3: listeners: two listeners on 127.0.0.1 port 6432"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"node: \xe9\n")
    with pytest.raises(ConfigError, match=r"not UTF-8 \(byte 6\)"):
        load_settings(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        load_settings(tmp_path / "large.yaml")


MODELS = """\
state: ./state
listeners:
  - kind: http
    require_tls: false
resources:
  claude:
    kind: llm
    provider: anthropic
    labels: {residency: eu}
    upstream:
      url: https://api.example.com/v1
      credential: {env: KEY}
    models: ["claude-*"]
    fallback: [spare]
    prices: {"claude-*": {input: 3, output: 15.5}}
  spare:
    kind: llm
    provider: anthropic
    labels: {residency: eu}
    upstream: {url: "https://[::1]:8443", credential: {file: key}}
  own:
    kind: llm
    provider: compatible
    upstream: {url: "http://models.internal:8000/api"}
"""


def test_a_gate_for_models_alone(tmp_path: Path) -> None:
    settings = parse_settings(MODELS, file="passgate.yaml", base=tmp_path)
    claude = settings.llm_resources["claude"]
    assert (claude.dialect, claude.models, claude.fallback) == ("anthropic", ("claude-*",), ("spare",))
    assert (claude.prices["claude-*"].input, claude.prices["claude-*"].output) == (3, 15.5)
    assert settings.llm_resources["own"].upstream.credential is None
    assert settings.postgres_resources == {}
    assert settings.listeners[0].port == 8080


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("- kind: http", "- kind: htp", "3:11: listeners[0].kind: must be 'postgres' or 'http' (did you mean 'http'?)"),
        ("- kind: http\n    require", "- require", "3:5: listeners[0].kind: is required"),
        ("require_tls: false", "requiretls: false", "4:5: listeners[0].requiretls: unknown setting (did you mean 're"),
        ("provider: compatible", "provider: compat", "23:15: resources.own.provider: must be 'openai', 'anthropic' or"),
        ("    models: [", "    catalog: {}\n    models: [", "13:5: resources.claude.catalog: unknown setting"),
        ("      url: https://api.example.com/v1\n", "", "10:5: resources.claude.upstream.url: is required"),
        (
            "      url: https",
            "      urll: x\n      url: https",
            "11:7: resources.claude.upstream.urll: unknown setting (d",
        ),
        ("https://api.example.com/v1", "ftp://x", "11:12: resources.claude.upstream.url: must be a URL of http or"),
        ("https://api.example.com/v1", "https://k:s@x", "11:12: resources.claude.upstream.url: must hold no user"),
        (
            "https://api.example.com/v1",
            "https://x/?key=1",
            "11:12: resources.claude.upstream.url: must end with its path",
        ),
        ("https://api.example.com/v1", "https://x:99999", "11:12: resources.claude.upstream.url: must be a URL, as in"),
        ("https://api.example.com/v1", "https:///v1", "11:12: resources.claude.upstream.url: must be a URL of http"),
        ('["claude-*"]', "[]", "13:13: resources.claude.models: must not be empty"),
        ("input: 3,", "input: free,", "15:34: resources.claude.prices.claude-*.input: must be a number"),
        (
            "state: ./state",
            "state: x\nlimits: {llm: {heartbeat: 1m}}",
            "2:15: limits.llm: heartbeat must be shorter than 1m",
        ),
        ("input: 3,", "", "15:14: resources.claude.prices.claude-*.input: is required"),
        ("input: 3,", "input: -3,", "15:34: resources.claude.prices.claude-*.input: must be greater than or equal to"),
        ("[spare]", "[gone]", "6:3: resources: claude cannot fall back to 'gone': there is no resource of kind llm"),
        (
            "[spare]",
            "[claude, own]",
            "6:3: resources: claude cannot fall back to 'claude': it is the same; claude cannot f",
        ),
        (
            ", credential: {file: key}",
            "",
            "17:5: resources.spare: upstream.credential is required for the provider anth",
        ),
        ("kind: llm\n    provider: compatible", "provider: compatible", "21:3: resources.own.kind: is required"),
    ],
)
def test_problems_of_a_gate_for_models(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert MODELS.count(old) == 1
    (line,) = problems(MODELS.replace(old, new), tmp_path)
    assert line.startswith(f"passgate.yaml:{problem}")


def test_a_fallback_stays_where_the_data_may_be(tmp_path: Path) -> None:
    elsewhere = MODELS.replace(
        "labels: {residency: eu}\n    upstream: {url", "labels: {residency: us}\n    upstream: {url"
    )
    (line,) = problems(elsewhere, tmp_path)
    assert line.endswith("claude cannot fall back to 'spare': it has another label residency")
    (line,) = problems(
        MODELS.replace(
            "kind: llm\n    provider: compatible", "fallback: [claude]\n    kind: llm\n    provider: compatible"
        ),
        tmp_path,
    )
    assert line.endswith("own cannot fall back to 'claude': it speaks anthropic, not openai")


def test_problems_of_both_kinds_are_told_together(tmp_path: Path) -> None:
    both = MODELS + "  shop:\n    kind: postgres\n    upstream: {hots: db}\n"
    lines = problems(both.replace("https://api.example.com/v1", "x"), tmp_path)
    assert [line.split(": ")[1] for line in lines] == [
        "resources.claude.upstream.url",
        "resources.shop.upstream.credential",
        "resources.shop.upstream.database",
        "resources.shop.upstream.host",
        "resources.shop.upstream.user",
        "resources.shop.upstream.hots",
    ]
