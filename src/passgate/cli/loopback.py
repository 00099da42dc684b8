"""Where a browser brings the answer of a sign-in: a listener on this machine, for this once (RFC 8252, section 7.3)."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from passgate.core.errors import SignInError

_HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
"""Hosts of a redirect URI and where they are listened at: never an address that another machine reaches."""

_MAX_QUERY = 16 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Passgate</title><h1>{}</h1><p>{}</p></html>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """What the browser brought: the authorization response (RFC 6749, section 4.1.2) and who says it is theirs (RFC 9207)."""

    code: str | None
    error: str | None
    error_description: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """Of a redirect URI on this machine. ``port`` None: any."""

    hostname: str
    port: int | None
    path: str


class Loopback:
    """``uri``: where it listens; the ``state`` that is waited for is the only one that ends the wait."""

    def __init__(self, *, state: str) -> None:
        self._state = state
        self._path = self._authority = ""
        self._came: asyncio.Future[Redirected] = asyncio.get_running_loop().create_future()
        self.uri = ""

    @classmethod
    @asynccontextmanager
    async def listening(cls, redirect_uri: str, *, state: str) -> AsyncIterator["Loopback"]:
        """On the port that the URI names, or else on one that the system chooses. Raises SignInError."""
        parts = _checked(redirect_uri)
        loopback = cls(state=state)
        runner = web.ServerRunner(web.Server(loopback._serve, access_log=None), shutdown_timeout=2)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, _HOSTS[parts.hostname or ""], parts.port or 0).start()
            except OSError as error:
                where = parts.port or "any port"
                raise SignInError(f"this machine does not listen on {where}: {error.strerror}; try --device") from error
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
            loopback._authority = f"{host}:{runner.addresses[0][1]}"
            loopback._path = parts.path
            loopback.uri = f"http://{loopback._authority}{parts.path}"
            yield loopback
        finally:
            await runner.cleanup()

    async def receive(self, seconds: float) -> Redirected:
        """Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self._came)

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        # Another page can have a browser send requests here by a name of its own (DNS rebinding): the name gives it away.
        if request.headers.get("Host") != self._authority:
            return _page(400, "This is not for you", "Nothing was done.")
        if request.method != "GET" or request.rel_url.raw_path != self._path:
            return _page(404, "There is nothing here", "Nothing was done.")
        parameters = _parameters(request.rel_url.raw_query_string)
        state = "" if parameters is None else parameters.get("state", "")
        if parameters is None or not hmac.compare_digest(state.encode(), self._state.encode()):
            return _page(400, "This sign-in was not begun here", "Nothing was done. Start again in the terminal.")
        if self._came.done():
            return _page(410, "This sign-in is over", "See the terminal.")
        self._came.set_result(
            Redirected(
                code=parameters.get("code"),
                error=parameters.get("error"),
                error_description=parameters.get("error_description"),
                issuer=parameters.get("iss"),
            )
        )
        if "error" in parameters:
            return _page(200, "Nobody was signed in", "See the terminal. You can close this page.")
        return _page(200, "Back to the terminal", "You can close this page: the terminal says whether it worked.")


def _checked(uri: str) -> _Address:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise SignInError(f"{uri!r} is no redirect URI") from error
    plain = parts.scheme == "http" and not (parts.query or parts.fragment or parts.username or parts.password)
    if not plain or parts.hostname not in _HOSTS or not parts.path.startswith("/"):
        raise SignInError(f"{uri!r} is no redirect URI on this machine, as in http://127.0.0.1/callback")
    return _Address(hostname=parts.hostname, port=port, path=parts.path)


def _parameters(query: str) -> dict[str, str] | None:
    """None: not to be understood in one way only. A parameter that stands twice is an attack (RFC 6749, section 3.1)."""
    if len(query) > _MAX_QUERY:
        return None
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=50)
    except ValueError:
        return None
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _page(status: int, title: str, text: str) -> web.Response:
    answer = web.Response(status=status, text=_PAGE.format(title, text), content_type="text/html", headers=_HEADERS)
    answer.force_close()
    return answer
