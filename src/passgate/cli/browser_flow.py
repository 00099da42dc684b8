"""Signing in with this machine's browser: authorization code with PKCE and a redirect to this machine (RFC 8252, RFC 7636)."""

import asyncio
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from passgate.cli.loopback import Loopback, Redirected
from passgate.cli.oauth_requests import Answer, check_safe, post, text
from passgate.cli.output import how_long
from passgate.cli.provider_client import ProviderClient, Tokens, denial
from passgate.core.errors import SignInError, TokenRefusedError

_LEEWAY = 300
"""Seconds by which this machine's clock may be off: the gate, whose clock counts, looks more closely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserFlow:
    """``show`` is told the page, to open it or to print it. ``wait``: seconds for the person."""

    show: Callable[[str], Awaitable[None]]
    wait: float = 300.0

    def is_offered(self, document: Answer) -> bool:
        methods = document.get("code_challenge_methods_supported")
        # Entra ID supports PKCE and does not say so: only one that says what it supports can leave S256 out.
        return "authorization_endpoint" in document and (not isinstance(methods, list) or "S256" in methods)

    async def sign_in(self, client: ProviderClient) -> Tokens:
        """Raises SignInError."""
        state, code_verifier, nonce_verifier = (secrets.token_urlsafe(48) for _ in range(3))
        async with Loopback.listening(client.redirect_uri, state=state) as loopback:
            asked = {
                **client.request(),
                "response_type": "code",
                "redirect_uri": loopback.uri,
                "state": state,
                "nonce": hashed(nonce_verifier),
                "code_challenge": hashed(code_verifier),
                "code_challenge_method": "S256",
            }
            await self.show(_page(text(client.document, "authorization_endpoint"), asked))
            try:
                came = await loopback.receive(self.wait)
            except TimeoutError:
                raise SignInError(
                    f"nobody signed in within {how_long(timedelta(seconds=self.wait))}: start again"
                ) from None
            redirect_uri = loopback.uri
        code = _code(client, came)
        form = {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        answer = await post(text(client.document, "token_endpoint"), form.items(), client.ca, errors=True)
        if "error" in answer:
            raise denial(answer["error"], answer.get("error_description"))
        tokens = Tokens.of(answer, nonce_verifier=nonce_verifier)
        await asyncio.to_thread(_check, tokens.id_token, client, hashed(nonce_verifier))
        return tokens


def hashed(verifier: str) -> str:
    """S256 of RFC 7636, section 4.2. The nonce is made in the same way, so that only its maker can show where it comes from."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def _page(endpoint: str, asked: Mapping[str, str]) -> str:
    """An endpoint may have a query of its own, which stays (RFC 6749, section 3.1)."""
    check_safe(endpoint)
    parts = urlsplit(endpoint)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in asked]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode([*kept, *asked.items()]), ""))


def _code(client: ProviderClient, came: Redirected) -> str:
    """An answer of another issuer is an attack by mix-up, whatever it says (RFC 9207, section 2.4). Raises SignInError."""
    tells = client.document.get("authorization_response_iss_parameter_supported") is True
    if came.issuer is None and tells:
        raise SignInError("the answer does not say which provider it is from, as this one's do: nobody was signed in")
    if came.issuer is not None and came.issuer != client.issuer:
        raise SignInError("the answer came from another provider than the one that was asked: nobody was signed in")
    if came.error is not None:
        raise denial(came.error, came.error_description)
    if not came.code:
        raise SignInError("the provider's answer brings no code")
    return came.code


def _check(token: str, client: ProviderClient, nonce: str) -> None:
    """What a client owes to itself (OpenID Connect Core, section 3.1.3.7); the signature is the gate's to check, and the token came
    from the token endpoint itself. Raises SignInError."""
    from passgate.identity.oidc.token import peek  # its library is slow to import

    try:
        _, claims = peek(token)
    except TokenRefusedError as error:
        raise SignInError(f"the provider's ID token is not one: {error}") from error
    if claims.get("iss") != client.issuer:
        raise SignInError("the ID token is another issuer's than the one that was asked")
    audience = claims.get("aud")
    if client.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise SignInError("the ID token was made for another client")
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode("utf-8", "surrogatepass"), nonce.encode()):
        raise SignInError("the ID token belongs to another sign-in: its nonce is not the one that was sent")
    ends = claims.get("exp")
    if isinstance(ends, bool) or not isinstance(ends, (int, float)) or ends + _LEEWAY < time.time():
        raise SignInError("the ID token has expired: compare this machine's clock")
