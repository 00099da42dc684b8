"""Sign-in for devices without a browser (RFC 8628): where the device begins, and where the person types its code in."""

from aiohttp import web

from passgate.core.errors import OAuthError, StoreError
from passgate.endpoints.attempts import Attempts
from passgate.endpoints.oauth import DEVICE_AUTHORIZATION_PATH, DEVICE_PATH
from passgate.endpoints.oauth.authorize import check_pace
from passgate.endpoints.oauth.browser import TROUBLES, Browsers, told
from passgate.endpoints.oauth.forms import RefusedError, answer, check_method, check_safe, parsed, read_form, refusal
from passgate.endpoints.oauth.pages import device_page
from passgate.pipeline.issuing import SignIns


class DeviceEndpoint:
    """``url``: the issuer's. ``begun``: counts what each address begins, ``guesses`` its wrong codes."""

    def __init__(self, sign_ins: SignIns, *, url: str, browsers: Browsers, begun: Attempts, guesses: Attempts) -> None:
        self._sign_ins = sign_ins
        self._url = url
        self._browsers = browsers
        self._begun = begun
        self._guesses = guesses

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        path = request.rel_url.raw_path
        if path == DEVICE_AUTHORIZATION_PATH:
            return await self._begin(request)
        if path != DEVICE_PATH:
            return None
        try:
            return await self._enter(request)
        except TROUBLES as error:
            return told(error)

    async def _begin(self, request: web.BaseRequest) -> web.Response:
        try:
            check_method(request, "POST")
            check_safe(request)
            check_pace(request, self._begun)
            form = await read_form(request)
            device = await self._sign_ins.begin_device(
                client_id=form.one("client_id"), scope=form.perhaps("scope") or "", resources=form.many("resource")
            )
        except RefusedError as error:
            return refusal(error)
        except OAuthError as error:
            return refusal(RefusedError(401 if error.code == "invalid_client" else 400, error.code, str(error)))
        except StoreError as error:
            return refusal(RefusedError(503, "temporarily_unavailable", type(error).__doc__ or ""))
        page = self._url + DEVICE_PATH
        return answer(
            200,
            {
                "device_code": device.device_code,
                "user_code": device.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={device.user_code}",
                "expires_in": device.expires_in,
                "interval": device.interval,
            },
        )

    async def _enter(self, request: web.BaseRequest) -> web.Response:
        check_method(request, "GET", "POST")
        if request.method == "GET":
            query = parsed(request.rel_url.raw_query_string, what="query")
            return device_page((query.perhaps("user_code") or "")[:20])
        self._browsers.check_origin(request)
        peer = request.remote or ""
        if not self._guesses.allow(peer, peer):
            raise RefusedError(429, "slow_down", "too many wrong codes came from this address: wait a minute")
        user_code = (await read_form(request)).one("user_code")
        browser = self._browsers.known(request)
        try:
            url = await self._sign_ins.enter_code(user_code, browser=browser)
        except OAuthError:
            self._guesses.failed(peer, peer)
            raise
        return self._browsers.send(url, browser)
