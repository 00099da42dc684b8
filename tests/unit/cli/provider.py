"""A provider and a gate over real sockets, as bad as a test wants them; and the browser of somebody who signs in."""

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

REMOVE = object()


def jwt(claims: dict[str, Any]) -> str:
    """Unsigned: the command line leaves signatures to the gate."""
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2ln"])


def s256(text: str) -> str:
    return base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def changed(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**plain, **changes}.items() if value is not REMOVE}


@dataclass
class World:
    """``document``, ``claims``, ``answer``, ``redirect``: changes to what an honest provider says in its discovery document, in the
    ID token, at the token endpoint and in the redirect. ``polls``: what it answers before that. ``refusals``: the gate's.
    """

    url: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    redirect: dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sign_in: dict[str, Any] = field(default_factory=dict)
    polls: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    exchanged: list[dict[str, list[str]]] = field(default_factory=list)
    tokens_asked: list[dict[str, str]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    read: str = ""

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["World"]:
        world = cls()
        application = web.Application()
        for method, path, handler in (
            ("GET", "/.well-known/openid-configuration", world._discovery),
            ("GET", "/.well-known/oauth-authorization-server", world._metadata),
            ("POST", "/device", world._device),
            ("POST", "/token", world._token),
            ("POST", "/oauth/token", world._exchange),
        ):
            application.router.add_route(method, path, handler)
        async with TestServer(application, host="127.0.0.1") as server:
            world.url = f"http://127.0.0.1:{server.port}"
            yield world

    async def browse(self, page: str) -> None:
        """What a person's browser does with the page: the provider's redirect, to the listener."""
        self.pages.append(page)
        asked = dict(parse_qsl(urlsplit(page).query))
        self.asked.append(asked)
        said = changed({"code": "code-1", "state": asked["state"], "iss": self.url}, self.redirect)
        async with aiohttp.ClientSession() as client, client.get(f"{asked['redirect_uri']}?{urlencode(said)}") as page_:
            self.read = await page_.text()

    # -- HTTP ----------------------------------------------------------------------------------------------------

    async def _discovery(self, _request: web.Request) -> web.Response:
        honest = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=a",
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["plain", "S256"],
        }
        return web.json_response(changed(honest, self.document))

    async def _metadata(self, _request: web.Request) -> web.Response:
        one = {"name": "company", "issuer": self.url, "client_id": "cli", "scopes": ["openid", "groups"]}
        return web.json_response(changed({"passgate_sign_in": [changed(one, self.sign_in)]}, self.metadata))

    async def _device(self, request: web.Request) -> web.Response:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        said = {
            "device_code": "device-1",
            "user_code": "AB-CD",
            "verification_uri": f"{self.url}/device",
            "expires_in": 60,
            "interval": 0,
        }
        return web.json_response(changed(said, self.device))

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.tokens_asked.append(form)
        if self.polls:
            return web.json_response(self.polls.pop(0), status=400)
        if form["grant_type"] == "authorization_code":
            asked = self.asked[-1]
            honest = (form["code"], form["redirect_uri"]) == ("code-1", asked["redirect_uri"])
            if not honest or s256(form["code_verifier"]) != asked["code_challenge"]:
                return web.json_response({"error": "invalid_grant"}, status=400)
        said = {"iss": self.url, "aud": "cli", "sub": "u1", "exp": int(time.time()) + 60}
        nonce = {"nonce": self.asked[-1]["nonce"]} if "nonce" in self.asked[-1] else {}
        token = jwt(changed({**said, **nonce}, self.claims))
        plain = {"id_token": token, "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer"}
        return web.json_response(changed(plain, self.answer))

    async def _exchange(self, request: web.Request) -> web.Response:
        self.exchanged.append(parse_qs(await request.text()))
        if self.refusals:
            refusal = self.refusals.pop(0)
            return web.json_response(refusal, status=400)
        return web.json_response(
            {
                "access_token": "pg_1.pgs_1",
                "expires_in": 600,
                "scope": "read",
                "pass": "pg_1",
                "secret": "pgs_1",
                "resources": ["shop"],
                "principal": "human:ada",
            }
        )
