"""The command line's side of signing in: the device flow at the provider (RFC 8628), the exchange at the gate (RFC 8693)."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import orjson

from passgate.core.errors import SignInError

Answer = Mapping[str, object]

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_SECONDS = 30.0
_MAX_BYTES = 1024 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_LONGEST_WAIT = 1800.0
"""However long a provider's code lives: a person is there, or is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """``ca`` and ``provider_ca``: authorities to trust instead of the system's."""

    url: str
    ca: Path | None = None
    provider_ca: Path | None = None

    async def sign_in(self, provider: str | None, invite: Callable[[str, str], None]) -> str:
        """The ID token of whoever signed in. ``invite`` is told the page and the code. Raises SignInError."""
        told = (await _get(f"{self.url}/.well-known/oauth-authorization-server", self.ca)).get("passgate_sign_in")
        one = _chosen(told if isinstance(told, list) else [], provider)
        issuer = _text(one, "issuer")
        about = await _get(issuer.removesuffix("/") + "/.well-known/openid-configuration", self.provider_ca)
        if about.get("issuer") != issuer:
            raise SignInError("the provider's discovery document is another issuer's")
        if "device_authorization_endpoint" not in about:
            raise SignInError("the provider offers no device flow: have it enabled for this client")
        client = {"client_id": _text(one, "client_id")}
        scopes = one.get("scopes")
        scope = " ".join(map(str, scopes)) if isinstance(scopes, list) else "openid"
        begun = await _post(_text(about, "device_authorization_endpoint"), {**client, "scope": scope}, self.provider_ca)
        page = begun.get("verification_uri_complete") or begun.get("verification_uri")
        invite(str(page), _text(begun, "user_code"))
        return await self._poll(
            _text(about, "token_endpoint"), {**client, "device_code": _text(begun, "device_code")}, begun
        )

    async def _poll(self, endpoint: str, form: Mapping[str, str], begun: Answer) -> str:
        interval = max(float(str(begun.get("interval", 5))), 1.0)
        left = min(float(str(begun.get("expires_in", 600))), _LONGEST_WAIT)
        while left > 0:
            await asyncio.sleep(interval)
            left -= interval
            answer = await _post(endpoint, {"grant_type": _DEVICE, **form}, self.provider_ca, errors=True)
            match answer.get("error"):
                case None:
                    return _text(answer, "id_token")
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += 5
                case other:
                    raise SignInError(f"the provider says: {answer.get('error_description') or other}")
        raise SignInError("nobody signed in within the time that the provider gives")

    async def exchange(self, token: str, asked: Mapping[str, Sequence[str]]) -> Answer:
        """The gate's answer. Raises SignInError with its reason."""
        form = {
            "grant_type": [_EXCHANGE],
            "subject_token": [token],
            "subject_token_type": [_ID_TOKEN],
            **{name: list(values) for name, values in asked.items()},
        }
        pairs = [(name, value) for name, values in form.items() for value in values]
        answer = await _send("POST", f"{self.url}/oauth/token", self.ca, pairs, errors=True)
        if "error" in answer:
            raise SignInError(f"the gate says: {answer.get('error_description') or answer['error']}")
        return answer


def _chosen(offered: Sequence[object], wanted: str | None) -> Answer:
    known = [one for one in offered if isinstance(one, dict)]
    if not known:
        raise SignInError("people cannot sign in at this gate: it names no provider for that")
    names = ", ".join(str(one.get("name")) for one in known)
    found = [one for one in known if wanted in (None, one.get("name"))]
    if not found:
        raise SignInError(f"the gate knows no provider {wanted!r}; there are {names}")
    if len(found) > 1:
        raise SignInError(f"the gate knows several providers: choose one with --provider ({names})")
    return found[0]


def _text(answer: Answer, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise SignInError(f"the answer lacks {name}")
    return value


async def _get(url: str, ca: Path | None) -> Answer:
    return await _send("GET", url, ca, [])


async def _post(url: str, form: Mapping[str, str], ca: Path | None, *, errors: bool = False) -> Answer:
    return await _send("POST", url, ca, list(form.items()), errors=errors)


async def _send(
    method: str, url: str, ca: Path | None, form: Sequence[tuple[str, str]], *, errors: bool = False
) -> Answer:
    """A JSON object; an OAuth error is an answer if ``errors``. Raises SignInError."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise SignInError(f"{url} is asked over https only")
    where = f"{parts.scheme}://{parts.netloc}"
    try:
        tls = ssl.create_default_context(cafile=None if ca is None else str(ca))
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as client,
            client.request(method, url, data=form or None, ssl=tls, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(_MAX_BYTES)
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SignInError(f"{where} cannot be reached: {type(error).__name__}") from error
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or (status != 200 and not (errors and "error" in found)):
        raise SignInError(f"{where} answered {status}, and not as it should")
    return found
