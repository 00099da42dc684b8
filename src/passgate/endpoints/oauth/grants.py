"""What the token endpoint gives beside exchange, by ``grant_type``: how each form is read."""

from passgate.endpoints.oauth.forms import Form
from passgate.pipeline.issuing import SignIns, TokenIssuer, Tokens


class RefreshGrant:
    """RFC 6749, section 6. A scope is not taken: what is refreshed stays what it was."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def __call__(self, form: Form) -> Tokens:
        return await self._issuer.refresh(form.one("refresh_token"), client_id=form.one("client_id"))


class CodeGrant:
    """RFC 6749, section 4.1.3, with PKCE (RFC 7636, section 4.5). A resource is not read: what was consented to stays as it is."""

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    async def __call__(self, form: Form) -> Tokens:
        return await self._sign_ins.redeem_code(
            form.one("code"),
            client_id=form.one("client_id"),
            redirect_uri=form.one("redirect_uri"),
            verifier=form.one("code_verifier"),
        )


class DeviceGrant:
    """RFC 8628, section 3.4."""

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    async def __call__(self, form: Form) -> Tokens:
        return await self._sign_ins.redeem_device(form.one("device_code"), client_id=form.one("client_id"))
