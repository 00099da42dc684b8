"""Clients whose id is the address of a document about them (draft-ietf-oauth-client-id-metadata-document)."""

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from passgate.core.errors import OAuthError
from passgate.identity.issuer.clients import Client
from passgate.identity.issuer.redirects import may_be_registered

_FRESH_SECONDS = 600.0
_KEPT = 256
_MAX_NAME = 100
_MAX_REDIRECTS = 20

_PLAIN = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)+", re.ASCII)
"""No user, no query, no fragment, nothing escaped; at least one part of a path."""


class ClientDocuments:
    """``hosts``: where such documents may be. Implements ``Clients``."""

    def __init__(
        self,
        *,
        hosts: frozenset[str],
        fetch: Callable[[str], Awaitable[Mapping[str, object]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Client]] = OrderedDict()

    async def find(self, client_id: str) -> Client:
        """Raises OAuthError."""
        if len(client_id) > 500 or _PLAIN.fullmatch(client_id) is None or {".", ".."} & set(client_id.split("/")):
            raise OAuthError("invalid_client", "a client_id that is a URL is a plain https URL with a path")
        if urlsplit(client_id).hostname not in self._hosts:
            raise OAuthError(
                "invalid_client",
                "this host's clients are not known here: identity.issuer.client_documents names the hosts",
            )
        read, known = self._known.get(client_id, (float("-inf"), None))
        now = self._clock()
        if known is not None and now - read <= _FRESH_SECONDS:
            return known
        client = _client(client_id, await self._fetch(client_id))
        self._known[client_id] = (now, client)
        self._known.move_to_end(client_id)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return client


def _client(client_id: str, document: Mapping[str, object]) -> Client:
    """Raises OAuthError."""
    if document.get("client_id") != client_id:
        raise OAuthError("invalid_client", "the document that client_id names is about another client")
    if document.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in document:
        raise OAuthError("invalid_client", "such a client is a public one: its token_endpoint_auth_method is none")
    uris = document.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= _MAX_REDIRECTS:
        raise OAuthError("invalid_client", f"the document that client_id names has 1 to {_MAX_REDIRECTS} redirect_uris")
    if not all(isinstance(uri, str) and may_be_registered(uri) for uri in uris):
        raise OAuthError(
            "invalid_client", "the document that client_id names has a redirect_uri that nobody can register"
        )
    name = document.get("client_name", "")
    if not isinstance(name, str) or len(name) > _MAX_NAME or not name.isprintable():
        raise OAuthError("invalid_client", "the client_name is too long, or cannot be printed")
    return Client(id=client_id, name=name or client_id, redirect_uris=tuple(uris))
