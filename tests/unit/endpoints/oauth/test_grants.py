"""How the forms of the further grants are read."""

import pytest

from passgate.endpoints.oauth.forms import Form, RefusedError
from passgate.endpoints.oauth.grants import CodeGrant, DeviceGrant, RefreshGrant
from tests.unit.endpoints.oauth.fakes import API_TOKENS, OneIssuer, OneSignIn


def form(**values: str) -> Form:
    return Form(values={name: [value] for name, value in values.items()})


async def test_each_form_is_read() -> None:
    issuer, people = OneIssuer(), OneSignIn()
    assert await RefreshGrant(issuer)(form(refresh_token="r", client_id="c", scope="read")) is API_TOKENS
    assert issuer.asked == [("refresh", "r", "c")]
    await CodeGrant(people)(form(code="k", client_id="c", redirect_uri="u", code_verifier="v"))
    await DeviceGrant(people)(form(device_code="d", client_id="c"))
    assert people.asked == [("redeem_code", "k", "c", "u", "v"), ("redeem_device", "d", "c")]


@pytest.mark.parametrize("missing", ["code", "client_id", "redirect_uri", "code_verifier"])
async def test_what_is_missing_is_named(missing: str) -> None:
    whole = {"code": "k", "client_id": "c", "redirect_uri": "u", "code_verifier": "v"}
    with pytest.raises(RefusedError, match=f"{missing} is missing"):
        await CodeGrant(OneSignIn())(form(**{name: value for name, value in whole.items() if name != missing}))
