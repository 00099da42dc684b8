"""What anybody may know: the metadata of the authorization server (RFC 8414), of what it protects (RFC 9728), its public keys."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from aiohttp import web

from passgate.core.action import VerbClass
from passgate.core.errors import StoreError
from passgate.endpoints.oauth import (
    KEYS_PATH,
    METADATA_PATH,
    RESOURCE_METADATA_PATH,
    REVOKE_PATH,
    TOKEN_PATH,
)
from passgate.endpoints.oauth.forms import RefusedError, answer, refusal
from passgate.pipeline.exchange import SignIn
from passgate.pipeline.issuing import API_PATH, TokenIssuer

_KEEP_SECONDS = 300
"""Less than a new key is published before it signs."""


class MetadataEndpoint:
    """``issuer`` None: the gate issues passes and no tokens. ``more``: further members that hold good of the server as it is
    wired; their paths are completed to URLs."""

    def __init__(
        self,
        *,
        sign_in: Sequence[SignIn],
        grant_types: Sequence[str],
        issuer: TokenIssuer | None,
        paths: Mapping[str, str],
        more: Mapping[str, object],
    ) -> None:
        self._sign_in = tuple(sign_in)
        self._grant_types = tuple(grant_types)
        self._issuer = issuer
        self._paths = paths
        self._more = more

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.rel_url.raw_path
        if path == METADATA_PATH:
            return answer(200, self._server(request))
        if self._issuer is None:
            return None
        if path == KEYS_PATH:
            return _keys(self._issuer)
        base, found, name = path.partition(RESOURCE_METADATA_PATH)
        return self._resource(self._issuer, name) if found and not base else None

    def _server(self, request: web.BaseRequest) -> Mapping[str, object]:
        """RFC 8414, with the providers that people sign in at besides."""
        issuer = self._issuer
        origin = issuer.url if issuer is not None else f"{request.url.scheme}://{request.url.authority}"
        said: dict[str, object] = {
            "issuer": origin,
            "token_endpoint": origin + TOKEN_PATH,
            "grant_types_supported": list(self._grant_types),
            "token_endpoint_auth_methods_supported": ["none"],
            "response_types_supported": [],
            "scopes_supported": sorted(verb.value for verb in VerbClass),
            "passgate_sign_in": [asdict(one) for one in self._sign_in],
        }
        if issuer is not None:
            said |= {
                "jwks_uri": origin + KEYS_PATH,
                "revocation_endpoint": origin + REVOKE_PATH,
                "revocation_endpoint_auth_methods_supported": ["none"],
                "protected_resources": [origin + path for path in ("", API_PATH, *_behind(issuer))],
            }
        return said | {name: origin + path for name, path in self._paths.items()} | dict(self._more)

    def _resource(self, issuer: TokenIssuer, path: str) -> web.Response | None:
        """RFC 9728, section 3.1: what is protected stands behind the well-known path."""
        if path not in ("", "/", API_PATH, *_behind(issuer)):
            return None
        said: dict[str, object] = {
            "resource": issuer.url + path.rstrip("/"),
            "authorization_servers": [issuer.url],
            "bearer_methods_supported": ["header"],
        }
        if path != API_PATH:
            said["scopes_supported"] = sorted(verb.value for verb in VerbClass)
        return answer(200, said, keep_seconds=_KEEP_SECONDS)


def _behind(issuer: TokenIssuer) -> Sequence[str]:
    return [f"/{name}" for name in issuer.resources]


def _keys(issuer: TokenIssuer) -> web.Response:
    try:
        return answer(200, issuer.key_set(), keep_seconds=_KEEP_SECONDS)
    except StoreError as error:
        return refusal(RefusedError(503, "temporarily_unavailable", type(error).__doc__ or ""))
