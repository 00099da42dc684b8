"""A token of a trusted issuer in, a pass out (RFC 8693 in spirit: the subject stays the same, the rights become fewer)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.grants import AGENTS, Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import Identity, Verifier, peek
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.exchange import Exchanged, ExchangeRequest


class SpentTokens(Protocol):
    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        """Take note that this token was used; False if it was used before. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """One provider as the exchange takes it. ``single_use``: a token of it buys one pass."""

    verifier: Verifier
    single_use: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A token that held good. ``digest`` None: it may be used again."""

    identity: Identity
    digest: str | None


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
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trusted = trusted
        self._grants = grants
        self._agents = agents
        self._registry = registry
        self._rules = rules
        self._spent = spent
        self._now = now

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """Raises TokenRefusedError, IssuerUnavailableError, PassRequestError, StoreError."""
        presented = await self.identify(request.token)
        return self.issue(presented.identity, request, using=presented)

    async def identify(self, token: str) -> Presented:
        """Whose token it is; it is not used up yet. Raises TokenRefusedError, IssuerUnavailableError."""
        issuer = peek(token)[1].get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise TokenRefusedError("the token's issuer is not one that this gate trusts")
        identity = await trusted.verifier.verify(token)
        return Presented(identity=identity, digest=_digest(token) if trusted.single_use else None)

    def use_up(self, presented: Presented) -> None:
        """Raises TokenRefusedError, StoreError."""
        digest = presented.digest
        if digest is not None and not self._spent.spend(digest, expires=presented.identity.expires, now=self._now()):
            raise TokenRefusedError("the token was used before: sign in again")

    def check(self, identity: Identity, request: ExchangeRequest) -> None:
        """Whether it would be issued. Raises PassRequestError."""
        self._asked(identity, request)

    def issue(self, identity: Identity, request: ExchangeRequest, *, using: Presented | None = None) -> Exchanged:
        """A pass for somebody who is known; the request's own token is not looked at. ``using``: used up for it.

        Raises TokenRefusedError, PassRequestError, StoreError.
        """
        asked, rules = self._asked(identity, request)  # before the token is used up
        if using is not None:
            self.use_up(using)
        actor = f"oidc:{identity.provider}:{identity.principal.subject}"
        issued = self._registry.issue(asked, rules=rules, actor=actor)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    def _asked(self, identity: Identity, request: ExchangeRequest) -> tuple[PassRequest, IssuingRules]:
        """Raises PassRequestError."""
        if not request.resources or not request.verbs:
            raise PassRequestError("a pass needs a resource and a verb")
        allowed = allowance(self._grants, identity, request.resources, request.verbs)
        if allowed.ticket and not request.ticket:
            raise PassRequestError("this needs a ticket")
        principal, most = identity.principal, allowed.max_ttl
        if request.agent is not None:
            agent = self._agent(request.agent, identity)
            most = min(most, narrowed(agent, request.resources, request.verbs, self._now()))
            principal = _acting(agent, identity.principal)
        if identity.provider == AGENTS:
            most = min(most, self._own_registration(identity, request))
        asked = PassRequest(
            principal=principal,
            resources=request.resources,
            verbs=request.verbs,
            purpose=request.purpose,
            ticket=request.ticket,
            ttl=request.ttl,
        )
        rules = replace(self._rules, max_ttl=min(self._rules.max_ttl, most))
        rules.ttl(asked)
        return asked, rules

    def _own_registration(self, identity: Identity, request: ExchangeRequest) -> timedelta:
        """Of an agent that signed in with its own key. Raises PassRequestError."""
        agent = self._agents.get(identity.principal.subject)
        if agent is None:
            raise PassRequestError("the agent is no longer registered")
        return narrowed(agent, request.resources, request.verbs, self._now())

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
