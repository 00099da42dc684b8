"""A pass in the place of a token: whoever holds one has a narrower one made for a sub-agent (RFC 8693, section 1.1, delegation)."""

from collections.abc import Callable
from datetime import UTC, datetime

from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.passes import PassState
from passgate.identity.delegation import Delegation, DelegationRequest
from passgate.identity.registry import PassRegistry
from passgate.pipeline.exchange import Exchange, Exchanged, ExchangeRequest


class PassExchange:
    """Implements the pipeline's ``Exchange``. ``tokens`` takes what is not the key of a pass."""

    def __init__(
        self,
        tokens: Exchange,
        *,
        registry: PassRegistry,
        delegation: Delegation,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._tokens = tokens
        self._registry = registry
        self._delegation = delegation
        self._now = now

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """Raises what ``Exchange.exchange`` does."""
        if not request.is_pass:
            return await self._tokens.exchange(request)
        pass_id = self._proven(request.token)
        if request.agent is None:
            raise PassRequestError("a pass is delegated to a registered agent: name one (agent)")
        asked = DelegationRequest(
            parent=pass_id,
            agent=request.agent,
            resources=request.resources,
            verbs=request.verbs,
            purpose=request.purpose,
            ticket=request.ticket,
            ttl=request.ttl,
        )
        issued = self._delegation.delegate(asked, actor=f"pass:{pass_id}")
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    def _proven(self, key: str) -> str:
        """The id of the live pass that the key is of. Raises TokenRefusedError, StoreError."""
        pass_id, dot, secret = key.strip().partition(".")  # a key file ends with a line end
        if not dot or not secret or not self._registry.proves(pass_id, secret):
            raise TokenRefusedError("this is not the key of a pass: send its id, a dot and its secret")
        found = self._registry.find(pass_id)
        state = None if found is None else found.state(self._now())
        if state is not PassState.LIVE:
            raise TokenRefusedError(f"the pass is {state or 'unknown'}: take a new one")
        return pass_id
