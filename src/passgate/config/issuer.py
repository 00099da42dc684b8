"""Passgate as the issuer of its own tokens: its address, how long they live, the clients that may ask for them."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from passgate.config.kinds import Duration, Text
from passgate.config.section import Section

LOOPBACK = ("localhost", "127.0.0.1", "::1")

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


Origin = Annotated[Text, AfterValidator(_origin)]


class Issuer(Section):
    """``url``: the gate's own address as clients know it, said in every token."""

    url: Origin
    access_ttl: Duration = _HOUR
    session: Duration = timedelta(hours=12)
    key_rotation: Duration = timedelta(days=30)

    @model_validator(mode="after")
    def _fits(self) -> "Issuer":
        if not timedelta(minutes=1) <= self.access_ttl <= _HOUR:
            raise ValueError("access_ttl is 1m at least and 1h at most: what is short needs no list of revoked tokens")
        if not self.access_ttl <= self.session <= 30 * _DAY:
            raise ValueError("session is access_ttl at least and 30d at most")
        if self.key_rotation < _DAY:
            raise ValueError("key_rotation is 1d at least")
        return self
