"""What the token endpoint gives beside exchange, by ``grant_type``: how each form is read."""

from passgate.endpoints.oauth.forms import Form
from passgate.pipeline.issuing import TokenIssuer, Tokens


class RefreshGrant:
    """RFC 6749, section 6. A scope is not taken: what is refreshed stays what it was."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def __call__(self, form: Form) -> Tokens:
        return await self._issuer.refresh(form.one("refresh_token"), client_id=form.one("client_id"))
