"""Where a client gives a token back (RFC 7009)."""

from aiohttp import web

from passgate.core.errors import LedgerUnavailableError, OAuthError, StoreError
from passgate.endpoints.oauth import REVOKE_PATH
from passgate.endpoints.oauth.forms import RefusedError, answer, check_method, check_safe, read_form, refusal
from passgate.pipeline.issuing import TokenIssuer


class RevocationEndpoint:
    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here. A token that does not count is as good as revoked (section 2.2)."""
        if request.rel_url.raw_path != REVOKE_PATH:
            return None
        try:
            check_method(request, "POST")
            check_safe(request)
            form = await read_form(request)
            await self._issuer.revoke(form.one("token"), client_id=form.perhaps("client_id"))
        except RefusedError as error:
            return refusal(error)
        except OAuthError as error:
            return refusal(RefusedError(400, error.code, str(error)))
        except (StoreError, LedgerUnavailableError) as error:
            return refusal(RefusedError(503, "temporarily_unavailable", type(error).__doc__ or ""))
        return answer(200, {})
