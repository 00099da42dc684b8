"""The command line as a public client of one provider: what every way of signing in needs and brings back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from passgate.cli.oauth_requests import Answer
from passgate.cli.output import printable
from passgate.core.errors import SignInError


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """A stronger or a fresher sign-in (RFC 9470, section 4). Both empty: simply once more.

    ``acr_values``: contexts, any of which will do. ``max_age``: seconds since the person proved who they are, at most.
    """

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None

    def parameters(self) -> Mapping[str, str]:
        """As a provider is asked (OpenID Connect Core, section 3.1.2.1)."""
        asked = {"acr_values": " ".join(self.acr_values), "max_age": "" if self.max_age is None else str(self.max_age)}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClient:
    """``document``: what the provider publishes of itself; ``redirect_uri``: on this machine, without a port if any will do.

    ``prompt``: what the provider is to ask the person. ``ca``: the authority to trust instead of the system's.
    """

    issuer: str
    document: Answer
    client_id: str
    scope: str
    redirect_uri: str
    prompt: str | None = None
    ca: Path | None = None
    step_up: StepUp | None = None

    def request(self) -> dict[str, str]:
        """What every way of signing in asks for."""
        asked = {"client_id": self.client_id, "scope": self.scope}
        prompts = [self.prompt] if self.prompt else []
        if "offline_access" in self.scope.split() and not prompts:
            prompts.append("consent")  # OpenID Connect Core, section 11
        if self.step_up is not None:
            asked |= self.step_up.parameters()
            if not self.step_up.parameters() and "login" not in prompts:
                prompts.append("login")
        return asked | ({"prompt": " ".join(prompts)} if prompts else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a provider gave. ``nonce_verifier``: shows that the ID token was asked for here; its nonce is the hash of it."""

    id_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    nonce_verifier: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, answer: Answer, *, nonce_verifier: str | None = None) -> "Tokens":
        """From a token endpoint's answer. Raises SignInError: without an ID token nobody knows who signed in."""
        found = {name: answer.get(name) for name in ("id_token", "access_token", "refresh_token")}
        texts = {name: value for name, value in found.items() if isinstance(value, str) and value}
        if "id_token" not in texts:
            raise SignInError("the provider gave no ID token: the scopes of this sign-in need openid")
        return cls(
            id_token=texts["id_token"],
            access_token=texts.get("access_token"),
            refresh_token=texts.get("refresh_token"),
            nonce_verifier=nonce_verifier,
        )


class Flow(Protocol):
    """One way to sign in."""

    def is_offered(self, document: Answer) -> bool:
        """Whether the provider has it."""

    async def sign_in(self, client: ProviderClient) -> Tokens:
        """Raises SignInError."""


def denial(error: object, description: object) -> SignInError:
    """The provider's error in its own words, with nothing in them that could steer a terminal."""
    said = printable(str(description or error))[:300]
    if error == "access_denied":
        return SignInError(f"nobody was signed in: it was denied at the provider ({said})")
    if error == "expired_token":
        return SignInError("nobody signed in within the time that the provider gives: start again")
    return SignInError(f"the provider says: {said}")
