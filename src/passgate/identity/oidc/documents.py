"""What an issuer publishes about itself: its discovery document and its keys."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from passgate.core.errors import IssuerUnavailableError

Document = Mapping[str, object]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Fetch(Protocol):
    """Reads one JSON object over HTTPS, bounded in size and time, following nothing."""

    async def __call__(self, url: str) -> Document:
        """Raises IssuerUnavailableError."""


def discovery_url(issuer: str) -> str:
    """OpenID Connect Discovery 1.0, section 4.1."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def check_issuer(issuer: str, document: Document) -> None:
    """Raises IssuerUnavailableError if the document is not this issuer's (section 4.3)."""
    said = document.get("issuer")
    if isinstance(said, str) and "{tenantid}" in said:
        # Entra ID's common, organizations and consumers: one document for everybody's tenants, whose issuer is a template.
        raise IssuerUnavailableError(
            f"the discovery document at {issuer} is for any tenant: name your own one's issuer"
        )
    if said != issuer:
        raise IssuerUnavailableError(f"the discovery document at {issuer} is another issuer's")


def keys_url(issuer: str, document: Document) -> str:
    """Where its keys are. Raises IssuerUnavailableError if the document is not this issuer's or names a place that cannot be
    trusted."""
    check_issuer(issuer, document)
    url = document.get("jwks_uri")
    if not isinstance(url, str) or not is_safe_of(issuer, url):
        raise IssuerUnavailableError(f"the discovery document of {issuer} names no keys behind https")
    return url


def is_safe(url: str) -> bool:
    """HTTPS, or this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def is_safe_of(issuer: str, url: str) -> bool:
    """Whether this issuer may send the gate there: one of another machine has nothing on this one, where whoever listens would be
    asked in its name, and shown codes, tokens and the client's secret."""
    return is_safe(url) and (urlsplit(url).scheme == "https" or urlsplit(issuer).scheme == "http")


def keys_of(document: Document) -> KeySet:
    """RFC 7517. Symmetric keys in it are left out: nobody publishes one on purpose; and so is each that cannot be read (section 5):
    a new kind of key beside the others must not keep everybody out. Raises IssuerUnavailableError."""
    listed = document.get("keys")
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        raise IssuerUnavailableError("the issuer's keys are not a key set")
    usable = [key for key in listed if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
    read = [key for one in usable for key in _read_key(one)]
    if not read:
        raise IssuerUnavailableError("the issuer's keys cannot be read")
    return KeySet(read)


def _read_key(written: dict[str, Any]) -> list[Key]:
    """Nothing, where it cannot be read."""
    try:
        return list(KeySet.import_key_set({"keys": [written]}).keys)
    except (JoseError, ValueError, TypeError, KeyError):
        return []
