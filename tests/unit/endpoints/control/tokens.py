"""A signer of access tokens as RFC 9068 describes them, for tests: real ES256 signatures, really verified."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.pipeline.access import AccessToken

AUDIENCE = "https://gate.example.com/api"


ISSUER = "https://idp.example.com"
"""Where people sign in."""


def human(subject: str, *groups: str, issuer: str | None = ISSUER) -> Principal:
    """``issuer`` None: named by an operator."""
    claims = {} if issuer is None else {"iss": issuer}
    return Principal(kind=PrincipalKind.HUMAN, subject=subject, groups=frozenset(groups), claims=claims)


@dataclass(kw_only=True)
class Signer:
    """Implements ``AccessTokens``. Principals are kept by subject: a token names one, as the gate's own do."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    principals: dict[str, Principal] = field(default_factory=dict)

    def token(
        self,
        principal: Principal,
        *,
        audience: Sequence[str] = (AUDIENCE,),
        pass_id: str | None = None,
        lives: timedelta = timedelta(minutes=10),
    ) -> str:
        chain = [str(principal)]
        link = principal.on_behalf_of
        while link is not None:
            chain.append(str(link))
            link = link.on_behalf_of
        name = " for ".join(chain)
        self.principals[name] = principal
        now = datetime.now(UTC)
        claims: dict[str, object] = {
            "sub": name,
            "aud": list(audience),
            "iat": int((now - timedelta(hours=1)).timestamp()),
            "exp": int((now + lives).timestamp()),
        }
        if pass_id is not None:
            claims["pass"] = pass_id
        return jwt.encode({"alg": "ES256"}, claims, self.key)

    async def verify(self, token: str, *, audience: str) -> AccessToken:
        try:
            claims = jwt.decode(token, self.key, algorithms=["ES256"]).claims
        except (JoseError, ValueError) as error:
            raise TokenRefusedError("its signature does not verify") from error
        if audience not in claims["aud"]:
            raise TokenRefusedError("it is meant for something else")
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        if expires <= datetime.now(UTC):
            raise TokenRefusedError("it has expired")
        return AccessToken(
            id="t1",
            principal=self.principals[claims["sub"]],
            audience=audience,
            scope=frozenset(),
            pass_id=claims.get("pass"),
            issued=datetime.fromtimestamp(claims["iat"], UTC),
            expires=expires,
        )
