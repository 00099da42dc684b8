"""An issuer in memory: keys that change, documents, tokens of every sort."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from passgate.core.errors import IssuerUnavailableError

ISSUER = "https://idp.example.com"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Issuer:
    issuer: str = ISSUER
    keys: list[Any] = field(
        default_factory=lambda: [RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, private=True)]
    )
    down: bool = False
    fetched: list[str] = field(default_factory=list)
    discovery: dict[str, object] = field(default_factory=dict)

    async def fetch(self, url: str) -> Mapping[str, object]:
        self.fetched.append(url)
        if self.down:
            raise IssuerUnavailableError("down")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.discovery}
        return {**KeySet(self.keys).as_dict(private=False)}

    def claims(self, **more: object) -> dict[str, object]:
        now = int(NOW.timestamp())
        return {
            "iss": self.issuer,
            "aud": "passgate",
            "sub": "u1",
            "email": "ada@example.com",
            "groups": ["eng", "dba"],
            "iat": now,
            "exp": now + 300,
            **more,
        }

    def token(self, claims: Mapping[str, object] | None = None, *, key: Any = None, **header: object) -> str:
        key = key or self.keys[-1]
        algorithm = {RSAKey: "RS256", ECKey: "ES256", OctKey: "HS256"}[type(key)]
        names = {"alg": algorithm, "kid": key.kid, **header}
        return jwt.encode(
            {k: v for k, v in names.items() if v is not None},
            dict(claims or self.claims()),
            key,
            algorithms=[names["alg"]],
        )
