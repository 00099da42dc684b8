"""A stand-in for a company's identity provider: people who sign in by the device flow, or with whatever follows a redirect.

It signs real tokens and publishes real keys; whoever opens its page is signed in as the person it was told. Never for anything but
demos and tests.
"""

import asyncio
import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode
from urllib.request import urlopen

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT_ID = "passgate-cli"

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_TOKEN_SECONDS = 300
_START_SECONDS = 20


@dataclass(slots=True, kw_only=True)
class _Device:
    """One device flow under way. ``person`` None: nobody has opened the page yet."""

    user_code: str
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """One authorization code."""

    person: str
    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str


@dataclass(slots=True, kw_only=True)
class OidcProvider:
    """``people``: groups by e-mail address."""

    people: Mapping[str, Sequence[str]]
    issuer: str = ""
    _key: ECKey = field(
        default_factory=lambda: ECKey.generate_key("P-256", {"kid": "demo", "use": "sig"}, private=True)
    )
    _devices: dict[str, _Device] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _present: str = ""

    @classmethod
    @contextmanager
    def start(cls, people: Mapping[str, Sequence[str]]) -> Iterator["OidcProvider"]:
        """Serve on 127.0.0.1, on a thread of its own, until left."""
        provider = cls(people=people)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="stand-in identity provider", daemon=True)
        thread.start()
        runner = web.AppRunner(provider._application())
        try:
            port = asyncio.run_coroutine_threadsafe(_listen(runner), loop).result(_START_SECONDS)
            provider.issuer = f"http://127.0.0.1:{port}"
            yield provider
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_START_SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_START_SECONDS)
            loop.close()

    def sign_in(self, page: str, person: str) -> None:
        """What a person does with a browser: open the page that the command line named."""
        self._present = person
        if not page.startswith(self.issuer):
            raise ValueError("the page is another provider's")
        urlopen(page).close()  # noqa: S310 - our own address

    def expect(self, person: str) -> None:
        """Whoever comes to sign in next is this one."""
        self._present = person

    def token(self, person: str, **claims: object) -> str:
        """An ID token of this person."""
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": person,
            "email": person,
            "email_verified": True,
            "groups": list(self.people[person]),
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(8),
            **claims,
        }
        return jwt.encode({"alg": "ES256", "kid": "demo"}, said, self._key, algorithms=["ES256"])

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._discovery)
        application.router.add_get("/keys", self._keys)
        application.router.add_post("/device", self._begin)
        application.router.add_get("/page", self._page)
        application.router.add_get("/authorize", self._authorize)
        application.router.add_post("/token", self._token)
        return application

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint": f"{self.issuer}/token",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "authorization_response_iss_parameter_supported": True,
                "device_authorization_endpoint": f"{self.issuer}/device",
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response(KeySet([self._key]).as_dict(private=False))

    async def _begin(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("client_id") != CLIENT_ID:
            return web.json_response({"error": "invalid_client"}, status=400)
        code, user_code = secrets.token_urlsafe(16), secrets.token_hex(4).upper()
        self._devices[code] = _Device(user_code=user_code)
        page = f"{self.issuer}/page"
        return web.json_response(
            {
                "device_code": code,
                "user_code": user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={user_code}",
                "expires_in": 120,
                "interval": 1,
            }
        )

    async def _page(self, request: web.Request) -> web.Response:
        for device in self._devices.values():
            if device.user_code == request.query.get("user_code"):
                device.person = self._present
                return web.Response(text="You are signed in.")
        return web.Response(text="There is no such code.", status=404)

    async def _authorize(self, request: web.Request) -> web.Response:
        """Signs in whoever is expected, at once (OpenID Connect Core, section 3.1.2)."""
        asked = request.query
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            return web.Response(text="A code with PKCE is what there is here.", status=400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Code(
            person=self._present,
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            nonce=asked["nonce"],
            challenge=asked["code_challenge"],
        )
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    def _redeem(self, form: Mapping[str, object]) -> web.Response:
        code = self._codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if code is None or (shown, form.get("client_id"), form.get("redirect_uri")) != (
            code.challenge,
            code.client_id,
            code.redirect_uri,
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = self.token(code.person, aud=code.client_id, nonce=code.nonce)
        return web.json_response({"id_token": token, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") == "authorization_code":
            return self._redeem(form)
        device = self._devices.get(str(form.get("device_code")))
        if form.get("grant_type") != _DEVICE_GRANT or device is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if device.person is None:
            return web.json_response({"error": "authorization_pending"}, status=400)
        del self._devices[str(form.get("device_code"))]
        return web.json_response(
            {"id_token": self.token(device.person), "token_type": "Bearer", "expires_in": _TOKEN_SECONDS}
        )


async def _listen(runner: web.AppRunner) -> int:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port
