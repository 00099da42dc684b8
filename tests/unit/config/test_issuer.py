"""What the issuer of tokens may be told, and what not."""

from pathlib import Path

import pytest

from passgate.config.issuer import Issuer
from passgate.config.loading import parse_settings
from passgate.config.problems import InvalidSettingsError
from tests.unit.config.test_identity import BASE, PROVIDER


def parsed(text: str) -> Issuer:
    settings = parse_settings(BASE + PROVIDER % "" + text, file="passgate.yaml", base=Path("/nowhere"))
    assert settings.identity.issuer is not None
    return settings.identity.issuer


@pytest.mark.parametrize(
    "url", ["https://gate.example.com", "https://gate.example.com:8443", "http://127.0.0.1:8080", "http://[::1]:80"]
)
def test_an_origin(url: str) -> None:
    assert parsed(f"  issuer: {{url: '{url}'}}\n").url == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "url"),
        ("{url: 'http://gate.example.com'}", "https URL"),
        ("{url: 'https://gate.example.com/'}", "nothing after it"),
        ("{url: 'https://gate.example.com/x'}", "nothing after it"),
        ("{url: 'https://gate.example.com?x=1'}", "nothing after it"),
        ("{url: 'https://ada:secret@gate.example.com'}", "origin"),
        ("{url: 'https://Gate.example.com'}", "small letters"),
        ("{url: 'https://gate.example.com:0'}", "https URL"),
        ("{url: 'https://gate.example.com:99999'}", "must be a URL"),
        ("{url: 'https://'}", "https URL"),
        ("{url: 'https://g', access_ttl: 2h}", "1h at most"),
        ("{url: 'https://g', access_ttl: 10s}", "1m at least"),
        ("{url: 'https://g', session: 30m}", "access_ttl at least"),
        ("{url: 'https://g', session: 31d}", "30d at most"),
        ("{url: 'https://g', key_rotation: 1h}", "1d at least"),
    ],
)
def test_what_could_not_be_meant(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(f"  issuer: {text}\n")


SIGN_IN = "sign_in: {provider: company, client_id: passgate}"


def test_sign_in_with_its_clients() -> None:
    found = parsed(
        f"  issuer: {{url: 'https://g', {SIGN_IN}, clients: {{editor: {{name: The Editor, redirect_uris:"
        " ['http://127.0.0.1/callback', 'https://editor.example/cb', 'com.example.app:/done'], agent: reporter}}}\n"
        "  agents: {reporter: {purpose: p, resources: [docs], until: '2027-06-30'}}\n"
    )
    assert found.clients["editor"].agent == "reporter"
    assert found.sign_in is not None
    assert found.sign_in.scopes == ("openid", "email", "groups")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clients: {editor: {name: x}}", "clients need sign_in"),
        (SIGN_IN + ", clients: {passgate: {name: x}}", "choose another"),
        (SIGN_IN + ", clients: {editor: {name: x, agent: nobody}}", "'nobody'"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['http://editor.example/cb']}}", "redirect URI"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['https://e/cb#x']}}", "redirect URI"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['https://a@e/cb']}}", "redirect URI"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['https://']}}", "redirect URI"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['javascript:alert(1)']}}", "redirect URI"),
        (SIGN_IN + ", clients: {editor: {name: x, redirect_uris: ['http://[x/cb']}}", "redirect URI"),
        ("client_documents: {hosts: [claude.ai]}", "clients need sign_in"),
        (SIGN_IN + ", client_documents: {hosts: []}", "must not be empty"),
        (SIGN_IN + ", client_documents: {hosts: ['*']}", "host name"),
        ("sign_in: {provider: other, client_id: passgate}", "'other'"),
        ("sign_in: {provider: company, client_id: another}", "in the audience"),
        ("sign_in: {provider: company, client_id: passgate, scopes: [email]}", "must hold openid"),
    ],
)
def test_sign_in_that_could_not_work(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(f"  issuer: {{url: 'https://g', {text}}}\n")


def test_an_issuer_needs_a_place_and_a_name_that_is_free() -> None:
    issuer = PROVIDER % "" + "  issuer: {url: 'https://g'}\n"
    text = (BASE + "  issuer: {url: 'https://g'}\n").replace("kind: http, port: 8443", "kind: postgres, port: 6432")
    with pytest.raises(InvalidSettingsError, match="listener of kind http"):
        parse_settings(text, file="passgate.yaml", base=Path("/nowhere"))
    with pytest.raises(InvalidSettingsError, match="'api'"):
        parse_settings(BASE.replace("docs:", "api:") + issuer, file="passgate.yaml", base=Path("/nowhere"))
