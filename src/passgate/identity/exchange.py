"""A token of a trusted issuer in, a pass out (RFC 8693 in spirit: the subject stays the same, the rights become fewer)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.grants import Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import Identity, Verifier, peek
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules, PassRequest, own_task
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
        issuer = peek(request.token)[1].get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise TokenRefusedError("the token's issuer is not one that this gate trusts")
        identity = await trusted.verifier.verify(request.token)
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
        asked = PassRequest(
            principal=principal,
            resources=request.resources,
            verbs=request.verbs,
            purpose=request.purpose,
            ticket=request.ticket,
            ttl=request.ttl,
            task=None if request.task is None else own_task(principal, request.task),
        )
        rules = replace(self._rules, max_ttl=min(self._rules.max_ttl, most))
        rules.ttl(asked)  # before the token is used up
        if trusted.single_use and not self._spent.spend(
            _digest(request.token), expires=identity.expires, now=self._now()
        ):
            raise TokenRefusedError("the token was used before: sign in again")
        actor = f"oidc:{identity.provider}:{identity.principal.subject}"
        issued = self._registry.issue(asked, rules=rules, actor=actor)
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
