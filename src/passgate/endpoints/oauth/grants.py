"""What the token endpoint gives beside exchange, by ``grant_type``: how each form is read."""

from passgate.endpoints.oauth.forms import Form, RefusedError
from passgate.endpoints.tokens import ACCESS_TOKEN, PASS, pass_request
from passgate.pipeline.exchange import Exchanged
from passgate.pipeline.issuing import AgentSignIns, SignIns, TokenIssuer, Tokens

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


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


class AgentGrant:
    """An agent's signed assertion: as its authentication (RFC 7523, section 2.2; RFC 6749, section 4.4), or as the grant itself
    (section 2.1). ``parameter``: where it stands. Besides, what a token exchange takes: audience, scope, purpose, ticket, ttl."""

    def __init__(self, agents: AgentSignIns, *, parameter: str) -> None:
        self._agents = agents
        self._parameter = parameter

    async def __call__(self, form: Form) -> Tokens | Exchanged:
        if self._parameter == "client_assertion" and form.one("client_assertion_type") != ASSERTION_TYPE:
            raise RefusedError(400, "invalid_request", f"client_assertion_type is {ASSERTION_TYPE}")
        wanted = form.perhaps("requested_token_type") or PASS
        if wanted not in (PASS, ACCESS_TOKEN):
            raise RefusedError(400, "invalid_request", f"what comes back is {PASS} or {ACCESS_TOKEN}")
        for beside in ("resource", "agent"):
            if form.many(beside):
                raise RefusedError(400, "invalid_request", f"{beside} is not taken: name resources as audience")
        request, client_id = pass_request(form, token=self._parameter), form.perhaps("client_id")
        if wanted == PASS:
            return await self._agents.give_pass(request, client_id=client_id)
        return await self._agents.give_tokens(request, client_id=client_id)
