"""The test kit's own identity provider does for a gate what a real one does."""

import asyncio

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from passgate.core.errors import TokenRefusedError
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider


def test_its_tokens_are_believed_and_nobody_elses_in_its_name() -> None:
    with OidcProvider.start({"ada@example.com": ["eng"]}) as company:
        trusted = Provider(name="c", issuer=company.issuer, audiences=frozenset({CLIENT_ID}), subject="email")
        verifier = Verifier(trusted, IssuerKeys(company.issuer, HttpsFetch()))
        found = asyncio.run(verifier.verify(company.token("ada@example.com")))
        assert (found.principal.subject, found.principal.groups) == ("ada@example.com", {"eng"})
        with pytest.raises(TokenRefusedError, match="somebody else"):
            asyncio.run(verifier.verify(company.token("ada@example.com", aud="other")))
        mine = ECKey.generate_key("P-256", {"kid": "demo"}, private=True)
        _, claims, _ = company.token("ada@example.com").split(".")
        forged = jwt.encode({"alg": "ES256", "kid": "demo"}, {"iss": company.issuer}, mine, algorithms=["ES256"])
        header, _, signature = forged.split(".")
        with pytest.raises(TokenRefusedError, match="does not verify"):
            asyncio.run(verifier.verify(f"{header}.{claims}.{signature}"))
