from pathlib import Path

import pytest

from passgate.cli.policy_context import Context, build_context
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind


def context(
    *,
    reference: bool = False,
    schema: Path | None = None,
    resource: str | None = None,
    config: Path = Path("none.yaml"),
    who: str = "agent:reporter",
    behind: str | None = None,
    labels: tuple[str, ...] = (),
    packs: tuple[str, ...] = (),
) -> Context:
    return build_context(
        policies=(),
        packs=packs,
        reference=reference,
        schema=schema,
        resource=resource,
        config=config,
        who=who,
        on_behalf_of=behind,
        groups=("g",),
        labels=labels,
    )


def test_the_reference_is_a_policy_a_database_and_a_label() -> None:
    found = context(reference=True)
    assert found.resource.labels == {"env": "prod"}
    assert found.policy.rules[0].id == "protect:payments"
    assert found.understand("SELECT id FROM orders", None).actions[0].complete


def test_without_anything_it_is_the_safe_pack_and_an_empty_database() -> None:
    found = context()
    assert found.policy.rules[0].id == "pg-read"
    assert any(rule.id == "llm-use" for rule in found.policy.rules)
    assert not found.understand("SELECT id FROM orders", None).actions[0].complete


def test_a_schema_says_what_there_is(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text("CREATE TABLE things (id int PRIMARY KEY);")
    assert context(schema=schema).understand("SELECT id FROM things", None).actions[0].complete
    with pytest.raises(ConfigError, match="cannot be read"):
        context(schema=tmp_path / "gone.sql")


def test_who_asks() -> None:
    agent = context(who="agent:a:b", behind="ann@example.com").principal
    assert (agent.kind, agent.subject, agent.groups) == (PrincipalKind.AGENT, "a:b", frozenset({"g"}))
    assert agent.on_behalf_of is not None
    assert agent.on_behalf_of.subject == "ann@example.com"
    assert context(who="human:ann").principal.on_behalf_of is None
    for wrong in ("ann", "robot:x", "agent:"):
        with pytest.raises(ConfigError, match="write agent:name"):
            context(who=wrong)


def test_labels_are_added() -> None:
    assert context(reference=True, labels=("team=a=b", "env=dev")).resource.labels == {"env": "dev", "team": "a=b"}
    with pytest.raises(ConfigError, match="write key=value"):
        context(labels=("env",))


def test_a_session_is_fresh_each_time() -> None:
    found = context()
    assert found.session is not found.session
    assert found.session.pass_.covers(found.resource.name)


def test_each_family_of_cases_has_its_ground() -> None:
    grounds = context(reference=True).grounds
    assert set(grounds) == {"postgres", "llm"}
    for family, ground in grounds.items():
        session = ground.session()
        assert (session.resource.kind, session.resource.labels) == (family, {"env": "prod"})
        assert ground.session() is not session


def test_a_resource_of_kind_llm_takes_prompts(tmp_path: Path) -> None:
    path = tmp_path / "passgate.yaml"
    models = "  models: {kind: llm, labels: {env: dev}, provider: compatible, upstream: {url: 'http://127.0.0.1:9'}}\n"
    path.write_text(CONFIG.replace("policy:", models + "policy:"))
    found = context(resource="models", config=path)
    assert (found.resource.kind, found.resource.labels) == ("llm", {"env": "dev"})
    assert found.understand("hello", None).actions[0].kind == "llm.generate"


CONFIG = """\
state: ./state
listeners:
- {kind: postgres, port: 6543}
resources:
  orders-prod:
    kind: postgres
    labels: {env: prod}
    upstream: {host: 127.0.0.1, database: orders, user: app, credential: {env: PGPASSWORD}}
policy: {packs: [p-ref]}
"""


def test_a_configured_resource_brings_its_labels_and_policy(tmp_path: Path) -> None:
    config = tmp_path / "passgate.yaml"
    config.write_text(CONFIG)
    found = context(resource="orders-prod", config=config)
    assert (found.resource.name, found.resource.labels) == ("orders-prod", {"env": "prod"})
    assert found.policy.rules[0].id == "protect:payments"
    assert context(resource="orders-prod", config=config, packs=("postgres-safe",)).policy.rules[0].id == "pg-read"
    with pytest.raises(ConfigError, match="no resource 'gone'"):
        context(resource="gone", config=config)
    with pytest.raises(ConfigError, match="exclude one another"):
        context(resource="orders-prod", config=config, reference=True)
