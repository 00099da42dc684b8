"""The control API's settings: what is refused before a gate starts."""

from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.config.problems import InvalidSettingsError
from passgate.config.settings import Settings

BASE = """\
state: ./state
listeners:
  - {kind: %s}
resources:
  docs: {kind: llm, provider: compatible, upstream: {url: 'https://models.example.com'}}
control:
"""
ROLES = "  roles: {operator: {groups: [platform]}, user: {subjects: [ada@example.com]}}\n"
URL = "  public_url: https://gate.example.com\n"


def parsed(text: str, listener: str = "http") -> Settings:
    return parse_settings(BASE % listener + text, file="passgate.yaml", base=Path("/nowhere"))


def test_roles_by_group_and_subject() -> None:
    control = parsed(URL + ROLES + "  services: {deployer: {roles: [auditor]}}\n").control
    assert control is not None
    assert control.audience == "https://gate.example.com/api"
    assert control.roles.operator.groups == ("platform",)
    assert control.roles.auditor.subjects == ()
    assert control.services["deployer"].roles == ("auditor",)
    assert not control.policy_upload


def test_without_the_section_there_is_no_api() -> None:
    assert parse_settings(BASE.removesuffix("control:\n") % "http", file="x", base=Path("/nowhere")).control is None


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example.com",
        "https://gate.example.com/",
        "https://u@gate.example.com",
        "gate",
        "https://",
        "https://g?x",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InvalidSettingsError, match="origin without a path"):
        parsed(f"  public_url: {url}\n" + ROLES)


def test_plain_http_is_for_this_machine_only() -> None:
    assert parsed("  public_url: http://127.0.0.1:8080\n" + ROLES).control is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (URL + "  roles: {}\n", "nobody has a role"),
        (URL + ROLES + "  services: {deployer: {roles: [approver]}}\n", "operator"),
        (URL + ROLES + "  services: {deployer: {roles: []}}\n", "must not be empty"),
        (URL + "  roles: {admin: {groups: [x]}}\n", "admin"),
        (URL + ROLES + "  policy_upload: true\n", "exactly one file"),
        (URL + ROLES + "  calls_per_minute: 0\n", "greater than or equal to 1"),
        (ROLES, "public_url"),
    ],
)
def test_what_starts_no_gate(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(text)


def test_it_needs_a_listener_of_http() -> None:
    with pytest.raises(InvalidSettingsError, match="listener of kind http"):
        parsed(URL + ROLES, listener="postgres")


def test_tokens_are_issued_for_the_address_that_the_api_has() -> None:
    identity = "identity:\n  providers: {company: {issuer: 'https://idp.example.com', audience: [passgate]}}\n"
    issuer = "  issuer: {url: '%s'}\n"
    assert parsed(URL + ROLES + identity + issuer % "https://gate.example.com").control is not None
    with pytest.raises(InvalidSettingsError, match="are the same address"):
        parsed(URL + ROLES + identity + issuer % "https://other.example.com")


def test_of_several_providers_of_people_it_says_whose_have_roles() -> None:
    """Each provider names its subjects and groups as it likes: a partner's "platform" is no operator here."""
    known = "{issuer: 'https://%s.example.com', audience: [passgate]}"
    robots = "{issuer: 'https://robots.example.com', audience: [passgate], kind: service}"
    company = f"identity:\n  providers:\n    company: {known % 'idp'}\n    robots: {robots}\n"
    both = f"{company}    partner: {known % 'partner'}\n"
    assert parsed(URL + ROLES + company).providers_of_roles == ("company",)
    with pytest.raises(InvalidSettingsError, match=r"must say whose people have roles.*company, partner"):
        parsed(URL + ROLES + both)
    assert parsed(URL + ROLES + "  providers: [company]\n" + both).providers_of_roles == ("company",)
    for name in ("robots", "nowhere"):
        with pytest.raises(InvalidSettingsError, match=f"control.providers names '{name}'"):
            parsed(URL + ROLES + f"  providers: [{name}]\n" + both)
