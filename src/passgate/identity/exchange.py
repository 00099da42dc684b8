"""A token of a trusted issuer, or a pass, in; a pass out (RFC 8693 in spirit: the subject stays, the rights become fewer)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.errors import AccessPendingError, PassRequestError, TokenRefusedError
from passgate.core.passes import PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.access_desk import AccessDesk, waits
from passgate.identity.delegation import Delegation, DelegationRequest
from passgate.identity.grants import Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import Identity, Verifier, peek
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.access_requests import AccessAsked, AccessState
from passgate.pipeline.exchange import Exchanged, ExchangeRequest


class SpentTokens(Protocol):
    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        """Take note that this token was used; False if it was used before. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """One provider as the exchange takes it. ``single_use``: a token of it buys one pass."""

    verifier: Verifier
    single_use: bool = True


class TokenExchange:
    """``trusted``: by issuer. ``agents``: by name."""

    def __init__(
        self,
        *,
        trusted: Mapping[str, Trusted],
        grants: Sequence[Grant],
        agents: Mapping[str, Agent],
        registry: PassRegistry,
        rules: IssuingRules,
        spent: SpentTokens,
        delegation: Delegation | None = None,
        access: AccessDesk | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trusted = trusted
        self._grants = grants
        self._agents = agents
        self._registry = registry
        self._rules = rules
        self._spent = spent
        self._delegation = delegation
        self._access = access
        self._now = now

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """Raises TokenRefusedError, IssuerUnavailableError, StoreError, LedgerUnavailableError, and PassRequestError, of which
        AccessPendingError says that people are asked."""
        if request.is_pass:
            return self._delegated(request)
        issuer = peek(request.token)[1].get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise TokenRefusedError("the token's issuer is not one that this gate trusts")
        identity = await trusted.verifier.verify(request.token)
        if not request.resources or not request.verbs:
            raise PassRequestError("a pass needs a resource and a verb")
        principal, most = identity.principal, self._rules.max_ttl
        if request.agent is not None:
            agent = self._agent(request.agent, identity)
            most = min(most, narrowed(agent, request.resources, request.verbs, self._now()))
            principal = _acting(agent, identity.principal)
        try:
            allowed = allowance(self._grants, identity, request.resources, request.verbs, ttl=request.ttl)
        except PassRequestError:
            asked_for = self._access_asked(request, principal, identity, most)
            if self._access is None or not self._access.is_eligible(asked_for):
                raise
            return await self._by_request(self._access, asked_for, request, trusted, identity)
        if allowed.ticket and not request.ticket:
            raise PassRequestError("this needs a ticket")
        most = min(most, allowed.max_ttl)
        asked = PassRequest(
            principal=principal,
            resources=request.resources,
            verbs=request.verbs,
            purpose=request.purpose,
            ticket=request.ticket,
            ttl=request.ttl,
        )
        rules = replace(self._rules, max_ttl=min(self._rules.max_ttl, most))
        rules.ttl(asked)  # before the token is used up
        self._use_up(request, trusted, identity)
        actor = f"oidc:{identity.provider}:{identity.principal.subject}"
        issued = self._registry.issue(asked, rules=rules, actor=actor)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    async def _by_request(
        self, access: AccessDesk, asked: AccessAsked, request: ExchangeRequest, trusted: Trusted, identity: Identity
    ) -> Exchanged:
        """What nobody has standing: asked for, and given once it was approved. While it waits the token is not used up.

        Raises AccessPendingError, and as ``exchange`` does.
        """
        found = await access.ask(asked)
        if found.state is not AccessState.APPROVED:
            raise AccessPendingError(found.id, waits(found))
        self._use_up(request, trusted, identity)
        issued = await access.take(found.id, asked.principal, source=asked.source)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    def _access_asked(
        self, request: ExchangeRequest, principal: Principal, identity: Identity, most: timedelta
    ) -> AccessAsked:
        return AccessAsked(
            principal=principal,
            resources=request.resources,
            verbs=request.verbs,
            ttl=min(self._rules.default_ttl if request.ttl is None else request.ttl, most),
            reason=request.purpose,
            ticket=request.ticket,
            source=identity.provider,
        )

    def _use_up(self, request: ExchangeRequest, trusted: Trusted, identity: Identity) -> None:
        """Raises TokenRefusedError, StoreError."""
        if trusted.single_use and not self._spent.spend(
            _digest(request.token), expires=identity.expires, now=self._now()
        ):
            raise TokenRefusedError("the token was used before: sign in again")

    def _delegated(self, request: ExchangeRequest) -> Exchanged:
        """A pass for a sub-agent, for whoever proves to hold the one it is made from. Raises as ``exchange`` does."""
        pass_id, dot, secret = request.token.strip().partition(".")  # a key file ends with a line end
        if not dot or not secret or not self._registry.proves(pass_id, secret):
            raise TokenRefusedError("this is not the key of a pass: send its id, a dot and its secret")
        parent = self._registry.find(pass_id)
        state = None if parent is None else parent.state(self._now())
        if state is not PassState.LIVE:
            raise TokenRefusedError(f"the pass is {state or 'unknown'}: take a new one")
        if self._delegation is None or request.agent is None:
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

    def _agent(self, name: str, identity: Identity) -> Agent:
        """Raises PassRequestError."""
        if identity.principal.kind is not PrincipalKind.HUMAN:
            raise PassRequestError("an agent acts for a human, and this token is nobody's")
        agent = self._agents.get(name)
        if agent is None:
            raise PassRequestError(f"there is no agent registered as {name[:80]!r}")
        return agent


def _digest(token: str) -> str:
    """Of what was signed, without the signature: of an ECDSA signature (r, s) anybody can make (r, n - s), which is as good, and a
    used token would be a new one."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _acting(agent: Agent, human: Principal) -> Principal:
    return Principal(kind=PrincipalKind.AGENT, subject=agent.name, on_behalf_of=human)
