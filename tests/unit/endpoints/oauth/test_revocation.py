"""Tokens given back."""

import pytest

from passgate.core.errors import LedgerUnavailableError, OAuthError, PassgateError, StoreError
from passgate.endpoints.oauth import REVOKE_PATH
from passgate.endpoints.oauth.revocation import RevocationEndpoint
from tests.unit.endpoints.oauth.fakes import OneIssuer, serving


async def test_a_token_is_given_back() -> None:
    issuer = OneIssuer()
    async with serving(RevocationEndpoint(issuer).serve) as client:
        form = {"token": "pgr_x", "token_type_hint": "refresh_token", "client_id": "editor"}
        async with client.post(REVOKE_PATH, data=form) as answer:
            assert answer.status == 200
        async with client.post(REVOKE_PATH, data={"token": "pgr_x"}) as answer:
            assert answer.status == 200
    assert issuer.asked == [("revoke", "pgr_x", "editor"), ("revoke", "pgr_x", None)]


async def test_what_is_no_revocation() -> None:
    issuer = OneIssuer()
    async with serving(RevocationEndpoint(issuer).serve) as client:
        async with client.post(REVOKE_PATH, data={"client_id": "x"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
        async with client.get(REVOKE_PATH) as answer:
            assert answer.status == 405
        async with client.post("/oauth/other") as answer:
            assert answer.status == 404
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OAuthError("unauthorized_client", "another client's"), 400, "unauthorized_client"),
        (StoreError("/var/lib/x"), 503, "temporarily_unavailable"),
        (LedgerUnavailableError(), 503, "temporarily_unavailable"),
    ],
)
async def test_what_goes_wrong_is_said(error: PassgateError, status: int, code: str) -> None:
    async with (
        serving(RevocationEndpoint(OneIssuer(error=error)).serve) as client,
        client.post(REVOKE_PATH, data={"token": "x"}) as answer,
    ):
        said = await answer.json()
        assert (answer.status, said["error"]) == (status, code)
        assert "/var" not in str(said)
