"""A key that the gate signs its own tokens with."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """``kid``: its thumbprint (RFC 7638). ``private``: the whole key as a JWK, in JSON."""

    kid: str
    private: str = field(repr=False)
    created: datetime
