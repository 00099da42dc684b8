"""Sign-in with a browser: to the provider, back from it, and the question whether a client may (RFC 6749, section 4.1)."""

from aiohttp import web

from passgate.endpoints.attempts import Attempts
from passgate.endpoints.oauth import AUTHORIZE_PATH, CALLBACK_PATH, CONSENT_PATH
from passgate.endpoints.oauth.browser import TROUBLES, Browsers, redirect, told
from passgate.endpoints.oauth.forms import RefusedError, check_method, parsed, read_form
from passgate.endpoints.oauth.pages import consent_page, done_page
from passgate.pipeline.issuing import AuthorizationQuery, ProviderAnswer, SignIns

_UNSERVED = frozenset({"request", "request_uri"})
"""RFC 9101: parameters that would stand elsewhere. Passed over, they would leave what was read here."""


class AuthorizeEndpoint:
    """``begun``: counts what each address begins."""

    def __init__(self, sign_ins: SignIns, *, browsers: Browsers, begun: Attempts) -> None:
        self._sign_ins = sign_ins
        self._browsers = browsers
        self._begun = begun

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        serve = {AUTHORIZE_PATH: self._begin, CALLBACK_PATH: self._come_back, CONSENT_PATH: self._decide}.get(
            request.rel_url.raw_path
        )
        if serve is None:
            return None
        try:
            return await serve(request)
        except TROUBLES as error:
            return told(error)

    async def _begin(self, request: web.BaseRequest) -> web.Response:
        check_method(request, "GET")
        check_pace(request, self._begun)
        query = parsed(request.rel_url.raw_query_string, what="query")
        if query.names() & _UNSERVED or query.perhaps("response_mode") not in (None, "query"):
            raise RefusedError(
                400, "invalid_request", "request objects, and answers in anything but a query, are not served"
            )
        browser = self._browsers.known(request)
        asked = AuthorizationQuery(
            response_type=query.perhaps("response_type") or "",
            client_id=query.one("client_id"),
            redirect_uri=query.one("redirect_uri"),
            state=query.perhaps("state") or "",
            code_challenge=query.perhaps("code_challenge") or "",
            code_challenge_method=query.perhaps("code_challenge_method") or "",
            scope=query.perhaps("scope") or "",
            resources=query.many("resource"),
        )
        return self._browsers.send(await self._sign_ins.begin(asked, browser=browser), browser)

    async def _come_back(self, request: web.BaseRequest) -> web.Response:
        check_method(request, "GET")
        query = parsed(request.rel_url.raw_query_string, what="query")
        answer = ProviderAnswer(
            state=query.one("state"),
            code=query.perhaps("code") or "",
            issuer=query.perhaps("iss") or "",
            error=query.perhaps("error") or "",
        )
        found = await self._sign_ins.come_back(answer, browser=self._browsers.of(request))
        return redirect(found) if isinstance(found, str) else consent_page(found)

    async def _decide(self, request: web.BaseRequest) -> web.Response:
        check_method(request, "POST")
        self._browsers.check_origin(request)
        form = await read_form(request)
        decision = form.one("decision")
        if decision not in ("allow", "deny"):
            raise RefusedError(400, "invalid_request", "the decision is allow or deny")
        url = await self._sign_ins.decide(
            form.one("consent"),
            allowed=decision == "allow",
            purpose=form.perhaps("purpose") or "",
            ticket=form.perhaps("ticket"),
            browser=self._browsers.of(request),
        )
        if url is None:
            return done_page("You are signed in", "Go back to the device: it goes on by itself.")
        return redirect(url)


def check_pace(request: web.BaseRequest, begun: Attempts) -> None:
    """What is begun is kept for a while: nobody begins without end. Raises RefusedError."""
    peer = request.remote or ""
    if not begun.allow(peer, peer):
        raise RefusedError(429, "slow_down", "too many sign-ins were begun at this address: wait a minute")
    begun.failed(peer, peer)
