"""Passgate as the issuer of its own tokens: its address, how long they live, the clients that may ask for them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import Duration, FilePath, Host, Name, Text, not_empty
from passgate.config.section import Credential, Section

LOOPBACK = ("localhost", "127.0.0.1", "::1")

OWN_CLIENT = "passgate"

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def _origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL, as in https://gate.example.com") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or port == 0:
        raise ValueError("must be an https URL, as in https://gate.example.com (http on this very machine only)")
    if value != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc or value != value.lower():
        raise ValueError("must be an origin in small letters: scheme, host and perhaps port, nothing after it")
    return value


def _redirect_uri(value: str) -> str:
    try:
        parts = urlsplit(value)
        _ = parts.port
        own = parts.scheme == "http" and parts.hostname in LOOPBACK
        known = own or "." in parts.scheme or (parts.scheme == "https" and bool(parts.hostname))
        plain = "#" not in value and "@" not in parts.netloc
    except ValueError:
        known = plain = False
    if not known or not plain:
        raise ValueError(
            "a redirect URI is https, http on the person's own machine (http://127.0.0.1/callback, whatever the port), or of a "
            "scheme with a dot (com.example.app:/done); it has no fragment and no user"
        )
    return value


RedirectUri = Annotated[str, Field(pattern=r"^[!-\[\]-~]{1,2000}$"), AfterValidator(_redirect_uri)]
Origin = Annotated[Text, AfterValidator(_origin)]


class Client(Section):
    """A public client, which people allow to act for them."""

    name: Text
    redirect_uris: tuple[RedirectUri, ...] = ()
    agent: Name | None = None


class ClientDocuments(Section):
    """Clients that nobody has named: their id is the address of a document about them, on one of these hosts."""

    hosts: Annotated[tuple[Host, ...], AfterValidator(not_empty)]
    ca: FilePath | None = None
    private_addresses: bool = False


class BrowserSignIn(Section):
    """Passgate as a client of the provider that people sign in at."""

    provider: Name
    client_id: Text
    secret: Credential | None = None
    scopes: tuple[Text, ...] = ("openid", "email", "groups")

    @model_validator(mode="after")
    def _openid(self) -> "BrowserSignIn":
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid: without it no ID token comes")
        return self


class Issuer(Section):
    """``url``: the gate's own address as clients know it, said in every token."""

    url: Origin
    access_ttl: Duration = _HOUR
    session: Duration = timedelta(hours=12)
    key_rotation: Duration = timedelta(days=30)
    sign_in: BrowserSignIn | None = None
    clients: Mapping[Name, Client] = Field(default_factory=dict)
    client_documents: ClientDocuments | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Issuer":
        if not timedelta(minutes=1) <= self.access_ttl <= _HOUR:
            raise ValueError("access_ttl is 1m at least and 1h at most: what is short needs no list of revoked tokens")
        if not self.access_ttl <= self.session <= 30 * _DAY:
            raise ValueError("session is access_ttl at least and 30d at most")
        if self.key_rotation < _DAY:
            raise ValueError("key_rotation is 1d at least")
        if (self.clients or self.client_documents is not None) and self.sign_in is None:
            raise ValueError("clients need sign_in: people sign in for them")
        if OWN_CLIENT in self.clients:
            raise ValueError(f"{OWN_CLIENT!r} is the command line's own client id: choose another")
        return self
