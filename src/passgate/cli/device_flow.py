"""Signing in on another machine's browser: a page and a code (RFC 8628)."""

from asyncio import sleep
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from passgate.cli.oauth_requests import Answer, post, text
from passgate.cli.provider_client import ProviderClient, Tokens, denial
from passgate.core.errors import SignInError

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFlow:
    """``invite`` is told the page and the code. ``wait``: seconds for the person, however long the provider's code lives."""

    invite: Callable[[str, str], None]
    wait: float = 1800.0

    def is_offered(self, document: Answer) -> bool:
        return "device_authorization_endpoint" in document

    async def sign_in(self, client: ProviderClient) -> Tokens:
        """Raises SignInError."""
        if not self.is_offered(client.document):
            raise SignInError("the provider offers no device flow: have it enabled for this client")
        endpoint = text(client.document, "device_authorization_endpoint")
        begun = await post(endpoint, client.request().items(), client.ca, errors=True)
        if "error" in begun:
            raise denial(begun["error"], begun.get("error_description"))
        page = begun.get("verification_uri_complete") or text(begun, "verification_uri")
        self.invite(str(page), text(begun, "user_code"))
        form = {"grant_type": _GRANT, "client_id": client.client_id, "device_code": text(begun, "device_code")}
        return await self._poll(client, form, begun)

    async def _poll(self, client: ProviderClient, form: Mapping[str, str], begun: Answer) -> Tokens:
        interval = max(_seconds(begun, "interval", 5), 1.0)
        left = min(_seconds(begun, "expires_in", 600), self.wait)
        while left > 0:
            await sleep(min(interval, left))
            left -= interval
            answer = await post(text(client.document, "token_endpoint"), form.items(), client.ca, errors=True)
            match answer.get("error"):
                case None:
                    return Tokens.of(answer)
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += 5
                case other:
                    raise denial(other, answer.get("error_description"))
        raise SignInError("nobody signed in within the time that there was")


def _seconds(answer: Answer, name: str, default: float) -> float:
    value = answer.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SignInError(f"the provider's {name} is no number of seconds")
    return float(value)
