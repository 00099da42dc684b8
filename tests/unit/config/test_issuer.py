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


def test_tokens_are_for_people_who_sign_in_somewhere() -> None:
    with pytest.raises(InvalidSettingsError, match="needs one of identity"):
        parse_settings(BASE + "  issuer: {url: 'https://g'}\n", file="passgate.yaml", base=Path("/nowhere"))
