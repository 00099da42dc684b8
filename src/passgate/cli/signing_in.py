"""The command line's side of signing in: at the provider that a gate names, then the exchange at the gate (RFC 8693)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from passgate.cli.oauth_requests import Answer, get, post, text
from passgate.cli.output import note, printable
from passgate.cli.provider_client import Flow, ProviderClient, StepUp, Tokens
from passgate.core.errors import SignInError

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_STEP_UP = "insufficient_user_authentication"
_REDIRECT = "http://127.0.0.1/callback"


class StepUpNeededError(SignInError):
    """The gate asks for a stronger sign-in."""

    def __init__(self, message: str, step_up: StepUp) -> None:
        super().__init__(message)
        self.step_up = step_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """``ca`` and ``provider_ca``: authorities to trust instead of the system's."""

    url: str
    ca: Path | None = None
    provider_ca: Path | None = None

    async def sign_in(self, provider: str | None, flows: Sequence[Flow], step_up: StepUp | None = None) -> Tokens:
        """The tokens of whoever signed in, by the first of ``flows`` that the provider has. Raises SignInError."""
        about = await get(f"{self.url}/.well-known/oauth-authorization-server", self.ca)
        told = about.get("passgate_sign_in")
        one = _chosen(told if isinstance(told, list) else [], provider)
        issuer = text(one, "issuer")
        document = await get(issuer.removesuffix("/") + "/.well-known/openid-configuration", self.provider_ca)
        if document.get("issuer") != issuer:
            raise SignInError("the provider's discovery document is another issuer's")
        keeps = about.get("passgate_recheck") is True
        client = ProviderClient(
            issuer=issuer,
            document=document,
            client_id=text(one, "client_id"),
            scope=_scope(one.get("scopes"), offline=keeps),
            redirect_uri=str(one.get("redirect_uri") or _REDIRECT),
            prompt=prompt if isinstance(prompt := one.get("prompt"), str) else None,
            ca=self.provider_ca,
            step_up=step_up,
        )
        flow = next((flow for flow in flows if flow.is_offered(document)), flows[0])
        if not flow.is_offered(document):
            raise SignInError("the provider offers no such way to sign in: have it enabled for this client")
        found = await flow.sign_in(client)
        return Tokens(
            id_token=found.id_token,
            access_token=found.access_token if one.get("access_token") is True else None,
            refresh_token=found.refresh_token if keeps else None,
            nonce_verifier=found.nonce_verifier,
        )

    async def sign_in_and_exchange(
        self, provider: str | None, flows: Sequence[Flow], asked: Mapping[str, Sequence[str]]
    ) -> Answer:
        """Where the gate asks for a stronger sign-in, the provider is asked for it, once. Raises SignInError."""
        try:
            return await self.exchange(await self.sign_in(provider, flows), asked)
        except StepUpNeededError as needed:
            note(f"{printable(str(needed))}. Sign in once more.")
            step_up = needed.step_up
        return await self.exchange(await self.sign_in(provider, flows, step_up), asked)

    async def exchange(self, tokens: Tokens, asked: Mapping[str, Sequence[str]]) -> Answer:
        """The gate's answer. Raises SignInError with its reason, StepUpNeededError where it asks for a stronger sign-in."""
        form = [("grant_type", _EXCHANGE), ("subject_token", tokens.id_token), ("subject_token_type", _ID_TOKEN)]
        besides = {
            "nonce_verifier": tokens.nonce_verifier,
            "subject_access_token": tokens.access_token,
            "subject_refresh_token": tokens.refresh_token,
        }
        form += [(name, value) for name, value in besides.items() if value]
        form += [(name, value) for name, values in asked.items() for value in values]
        answer = await post(f"{self.url}/oauth/token", form, self.ca, errors=True)
        if "error" not in answer:
            return answer
        said = f"the gate says: {answer.get('error_description') or answer['error']}"
        if answer["error"] == _STEP_UP:
            raise StepUpNeededError(said, _step_up(answer))
        raise SignInError(said)


def _step_up(answer: Answer) -> StepUp:
    """RFC 9470, section 3."""
    values, age = answer.get("acr_values"), answer.get("max_age")
    return StepUp(
        acr_values=tuple(values.split()) if isinstance(values, str) else (),
        max_age=age if isinstance(age, int) and not isinstance(age, bool) and age >= 0 else None,
    )


def _scope(scopes: object, *, offline: bool) -> str:
    asked = [str(scope) for scope in scopes] if isinstance(scopes, list) else ["openid"]
    if offline and "offline_access" not in asked:
        asked.append("offline_access")
    return " ".join(asked)


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
