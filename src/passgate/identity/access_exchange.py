"""A token of somebody who asks for more than the grants give: it becomes a request for access, and a pass once that is approved."""

from datetime import timedelta

from passgate.core.errors import AccessPendingError, BeyondGrantsError
from passgate.core.principal import Principal
from passgate.identity.access_desk import AccessDesk, waits
from passgate.identity.exchange import TokenExchange, evidence_of
from passgate.pipeline.access_requests import AccessAsked, AccessState
from passgate.pipeline.exchange import Exchanged, ExchangeRequest


class AccessExchange:
    """Implements the pipeline's ``Exchange``. ``default_ttl``: what is asked for where nothing is said."""

    def __init__(self, tokens: TokenExchange, *, desk: AccessDesk, default_ttl: timedelta) -> None:
        self._tokens = tokens
        self._desk = desk
        self._default_ttl = default_ttl

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """A token is used up by the pass, not by waiting for it. Raises what ``Exchange.exchange`` does."""
        presented = await self._tokens.identify(request.token, evidence_of(request))
        identity = presented.identity
        try:
            return self._tokens.issue(identity, request, using=presented)
        except BeyondGrantsError:
            principal, most = self._tokens.acting(identity, request)
            asked = self._asked(request, principal, most, source=identity.provider)
            if not self._desk.is_eligible(asked):
                raise
        found = await self._desk.ask(asked)
        if found.state is not AccessState.APPROVED:
            raise AccessPendingError(found.id, waits(found))
        self._tokens.use_up(presented)
        issued = await self._desk.take(found.id, principal, source=asked.source)
        self._tokens.bought(issued, identity, request, by_grant=False)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    def _asked(self, request: ExchangeRequest, principal: Principal, most: timedelta, *, source: str) -> AccessAsked:
        return AccessAsked(
            principal=principal,
            resources=request.resources,
            verbs=request.verbs,
            ttl=min(self._default_ttl if request.ttl is None else request.ttl, most),
            reason=request.purpose,
            ticket=request.ticket,
            source=source,
        )
