"""What an issuer publishes."""

import pytest
from joserfc.jwk import OctKey, RSAKey

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.documents import check_issuer, discovery_url, is_safe, is_safe_of, keys_of, keys_url


def test_where_the_discovery_document_is() -> None:
    assert discovery_url("https://a.example/tenant/") == "https://a.example/tenant/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("http://a.example/x", False),
        ("http://localhost.evil.example/x", False),
        ("ftp://localhost/x", False),
        ("", False),
    ],
)
def test_keys_come_over_https_or_from_this_machine(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


@pytest.mark.parametrize(
    ("issuer", "url", "safe"),
    [
        ("https://a.example", "https://b.example/keys", True),
        ("https://a.example", "http://127.0.0.1:8080/keys", False),
        ("https://a.example", "http://localhost/keys", False),
        ("http://127.0.0.1:9", "http://127.0.0.1:10/keys", True),
        ("http://127.0.0.1:9", "https://a.example/keys", True),
        ("http://127.0.0.1:9", "http://a.example/keys", False),
    ],
)
def test_an_issuer_elsewhere_sends_the_gate_nowhere_on_its_own_machine(issuer: str, url: str, safe: bool) -> None:
    assert is_safe_of(issuer, url) is safe
    if safe:
        assert keys_url(issuer, {"issuer": issuer, "jwks_uri": url}) == url
    else:
        with pytest.raises(IssuerUnavailableError, match="no keys behind https"):
            keys_url(issuer, {"issuer": issuer, "jwks_uri": url})


def test_shared_secrets_and_keys_for_other_uses_are_left_out() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)
    wrapping = {**RSAKey.generate_key(2048, {"kid": "b"}).as_dict(private=False), "use": "enc"}
    shared = OctKey.generate_key(256, {"kid": "c"}).as_dict(private=True)
    unknown = {"kty": "AKP", "kid": "d"}
    assert [key.kid for key in keys_of({"keys": [rsa, wrapping, shared, unknown]})] == ["a"]


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "n": "AAAA", "e": "AQAB"},
        {"kty": {}},
        {},
    ],
)
def test_a_key_that_cannot_be_read_keeps_no_other_one_out(other: dict[str, object]) -> None:
    """RFC 7517, section 5. Else nobody signs in from the day on which a provider publishes a curve that is new."""
    rsa = RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=False)
    assert "a" in [key.kid for key in keys_of({"keys": [{**other, "kid": "z"}, rsa]})]
    assert [key.kid for key in keys_of({"keys": [{**rsa, "kid": 7}, rsa]})] == ["a"]


@pytest.mark.parametrize("document", [{}, {"keys": 7}, {"keys": []}, {"keys": ["x"]}, {"keys": [{"kty": "RSA"}]}])
def test_what_is_no_key_set(document: dict[str, object]) -> None:
    with pytest.raises(IssuerUnavailableError):
        keys_of(document)


@pytest.mark.parametrize(
    "said", ["https://b.example", "https://a.example/", "HTTPS://a.example", None, ["https://a.example"]]
)
def test_a_document_that_is_another_issuers(said: object) -> None:
    check_issuer("https://a.example", {"issuer": "https://a.example"})
    with pytest.raises(IssuerUnavailableError, match="another issuer's"):
        check_issuer("https://a.example", {"issuer": said})


def test_a_document_for_anybodys_tenant() -> None:
    with pytest.raises(IssuerUnavailableError, match="name your own"):
        check_issuer("https://l.example/common/v2.0", {"issuer": "https://l.example/{tenantid}/v2.0"})
