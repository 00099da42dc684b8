"""Who may ask for tokens: public clients, which the operator names, or whose id is the address of a document about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from passgate.core.errors import OAuthError


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """``name``: what people are shown. ``agent``: the registered agent that it is; None: what it does is done by the person."""

    id: str
    name: str
    redirect_uris: Sequence[str]
    agent: str | None = None


class Clients(Protocol):
    async def find(self, client_id: str) -> Client:
        """Raises OAuthError for one that is not known."""


class RegisteredClients:
    """``documents``: asked for clients whose id is a URL; None: there are no such clients here."""

    def __init__(self, clients: Mapping[str, Client], *, documents: Clients | None = None) -> None:
        self._clients = clients
        self._documents = documents

    async def find(self, client_id: str) -> Client:
        known = self._clients.get(client_id)
        if known is not None:
            return known
        if self._documents is not None and client_id.startswith("https://"):
            return await self._documents.find(client_id)
        raise OAuthError(
            "invalid_client", "this client is not known here: its operator names it in identity.issuer.clients"
        )
