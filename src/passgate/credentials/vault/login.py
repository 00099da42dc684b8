"""How the gate proves to a Vault who it is. Each way ends in a token."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from passgate.credentials.credential import Credential
from passgate.credentials.vault.errors import VaultRefusedError, VaultUnreachableError
from passgate.credentials.vault.http import Document, VaultServer

_RENEWED_AFTER = 0.5
"""Of its time, which is when a token is renewed."""


class Login(Protocol):
    async def log_in(self, server: VaultServer) -> "Token":
        """Raises SecretUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """``seconds``: how long it is good; 0 for nobody knows. ``kept``: it may be used again without asking its source."""

    text: str = field(repr=False)
    seconds: float = 0
    renewable: bool = False
    kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogin:
    """A token that somebody else keeps good, as Vault Agent does; its source is read each time, so that a new one is followed."""

    source: Credential

    async def log_in(self, server: VaultServer) -> Token:  # noqa: ARG002 - nobody has to be asked
        """Raises SecretUnavailableError."""
        return Token(text=await self.source.obtain(), kept=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRoleLogin:
    """Vault's documentation, "AppRole auth method (API)", "Login with AppRole"."""

    mount: str
    role_id: str
    secret_id: Credential

    async def log_in(self, server: VaultServer) -> Token:
        """Raises SecretUnavailableError."""
        secret = await self.secret_id.obtain()
        return await _log_in(server, self.mount, {"role_id": self.role_id, "secret_id": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtLogin:
    """A signed token of somebody whom the Vault trusts: a Kubernetes service account's, or any OpenID provider's.

    Vault's documentation, "Kubernetes auth method (API)" and "JWT/OIDC auth method (API)": both log in alike.
    """

    mount: str
    role: str
    jwt: Credential

    async def log_in(self, server: VaultServer) -> Token:
        """Raises SecretUnavailableError."""
        return await _log_in(server, self.mount, {"role": self.role, "jwt": await self.jwt.obtain()})


async def _log_in(server: VaultServer, mount: str, proof: Document) -> Token:
    return _token(server, await server.ask("POST", f"auth/{mount}/login", body=proof))


def _token(server: VaultServer, answer: Document) -> Token:
    match answer.get("auth"):
        case {"client_token": str(text), "lease_duration": int(seconds), "renewable": bool(renewable)} if text:
            return Token(text=text, seconds=seconds, renewable=renewable)
    raise VaultUnreachableError(f"vault {server.name} gave no token")


class Authenticated:
    """The same server, asked with the gate's token: logged in when first needed, renewed while it can be, anew when it is over.

    Renewing matters: what a Vault leases ends with the token that asked for it.
    """

    def __init__(self, server: VaultServer, login: Login, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = server
        self._login = login
        self._clock = clock
        self._turn = asyncio.Lock()
        self._token: Token | None = None
        self._since = 0.0

    def __repr__(self) -> str:
        return f"Authenticated({self.server.name})"

    async def ask(self, method: str, path: str, *, body: Document | None = None, repeatable: bool = True) -> Document:
        """Raises SecretUnavailableError. A token that is refused is tried no second time: it may have been revoked."""
        token = await self._current()
        try:
            return await self.server.ask(method, path, token=token.text, body=body, repeatable=repeatable)
        except VaultRefusedError as error:
            if error.status != 403 or not token.kept:
                raise
        self._forget(token)
        token = await self._current()
        return await self.server.ask(method, path, token=token.text, body=body, repeatable=repeatable)

    async def keep(self) -> None:
        """Renew the token if it is time to. Raises SecretUnavailableError. To be called often while something depends on it."""
        if self._token is not None:
            await self._current()

    async def _current(self) -> Token:
        async with self._turn:
            if self._token is not None:
                self._token = await self._renewed(self._token)
            if self._token is None:
                self._since = self._clock()
                token = await self._login.log_in(self.server)
                if not token.kept:
                    return token
                self._token = token
            return self._token

    async def _renewed(self, token: Token) -> Token | None:
        """None where it is over, or will be soon and nothing can be done about it."""
        age = self._clock() - self._since
        if token.seconds == 0 or age < token.seconds * _RENEWED_AFTER:
            return token
        if not token.renewable or age >= token.seconds:
            return None
        began = self._clock()
        try:
            renewed = _token(
                self.server, await self.server.ask("POST", "auth/token/renew-self", token=token.text, body={})
            )
        except VaultRefusedError as error:
            return token if error.status >= 429 else None  # busy, or not up to it: it is good for a while yet
        if renewed.seconds <= token.seconds - age:  # its longest time is near
            return None
        self._since = began
        return renewed

    def _forget(self, token: Token) -> None:
        if self._token is token:
            self._token = None
