"""A token of a trusted issuer in, a pass out (RFC 8693 in spirit: the subject stays the same, the rights become fewer)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.admission import Admission, TokenAlone
from passgate.identity.grants import AGENTS, Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import NOTHING, Evidence, Identity, Verifier, peek
from passgate.identity.registry import IssuedPass, PassRegistry
from passgate.identity.request import IssuingRules, PassRequest, own_task
from passgate.identity.spent_tokens import SpentTokens
from passgate.pipeline.exchange import Exchanged, ExchangeRequest


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
    """``trusted``: by issuer. ``agents``: by name. ``admission``: who else has a say."""

    def __init__(
        self,
        *,
        trusted: Mapping[str, Trusted],
        grants: Sequence[Grant],
        agents: Mapping[str, Agent],
        registry: PassRegistry,
        rules: IssuingRules,
        spent: SpentTokens,
        admission: Admission | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trusted = trusted
        self._grants = grants
        self._agents = agents
        self._registry = registry
        self._rules = rules
        self._spent = spent
        self._admission = TokenAlone() if admission is None else admission
        self._now = now

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        """Raises TokenRefusedError, IssuerUnavailableError, PassRequestError, StoreError."""
        presented = await self.identify(request.token, evidence_of(request))
        return self.issue(presented.identity, request, using=presented)

    async def identify(self, token: str, evidence: Evidence = NOTHING) -> Presented:
        """Whose token it is; it is not used up yet. Raises TokenRefusedError, IssuerUnavailableError."""
        issuer = peek(token)[1].get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise TokenRefusedError("the token's issuer is not one that this gate trusts")
        identity = self._admission.admit(await trusted.verifier.verify(token, evidence))
        return Presented(identity=identity, digest=_digest(token) if trusted.single_use else None)

    def admit(self, identity: Identity) -> Identity:
        """Somebody who was known before, as all who have a say see them now. Raises TokenRefusedError, StoreError."""
        return self._admission.admit(identity)

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
        identity = self._admission.admit(identity)  # a refresh comes long after the sign-in
        asked, rules = self._asked(identity, request)  # before the token is used up
        if using is not None:
            self.use_up(using)
        actor = f"oidc:{identity.provider}:{identity.principal.subject}"
        issued = self._registry.issue(asked, rules=rules, actor=actor)
        self.bought(issued, identity, request)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    def bought(
        self, issued: IssuedPass, identity: Identity, request: ExchangeRequest, *, by_grant: bool = True
    ) -> None:
        """Remember what stands behind a pass. Raises TokenRefusedError where it had to be taken back, StoreError."""
        self._admission.bought(issued.pass_, identity, request.refresh_token, by_grant=by_grant)

    def _asked(self, identity: Identity, request: ExchangeRequest) -> tuple[PassRequest, IssuingRules]:
        """Raises PassRequestError."""
        if not request.resources or not request.verbs:
            raise PassRequestError("a pass needs a resource and a verb")
        allowed = allowance(self._grants, identity, request.resources, request.verbs, ttl=request.ttl)
        if allowed.ticket and not request.ticket:
            raise PassRequestError("this needs a ticket")
        principal, most = self.acting(identity, request)
        most = min(most, allowed.max_ttl)
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
        rules.ttl(asked)
        return asked, rules

    def acting(self, identity: Identity, request: ExchangeRequest) -> tuple[Principal, timedelta]:
        """Whose the pass will be, and how long it may live for that alone. Raises PassRequestError."""
        principal, most = identity.principal, self._rules.max_ttl
        if request.agent is not None:
            agent = self._agent(request.agent, identity)
            most = min(most, narrowed(agent, request.resources, request.verbs, self._now()))
            principal = _acting(agent, identity.principal)
        if identity.provider == AGENTS:
            most = min(most, self._own_registration(identity, request))
        return principal, most

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


def evidence_of(request: ExchangeRequest) -> Evidence:
    return Evidence(nonce_verifier=request.nonce_verifier, access_token=request.access_token)


def _digest(token: str) -> str:
    """Of what was signed, without the signature: of an ECDSA signature (r, s) anybody can make (r, n - s), which is as good, and a
    used token would be a new one."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _acting(agent: Agent, human: Principal) -> Principal:
    return Principal(kind=PrincipalKind.AGENT, subject=agent.name, on_behalf_of=human)
