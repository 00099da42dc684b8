"""Agents that prove who they are with a key of their own: signed assertions (RFC 7523), short and good once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from passgate.core.errors import OAuthError, TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.exchange import TokenExchange
from passgate.identity.grants import AGENTS
from passgate.identity.issuer.issuer import Issuer
from passgate.identity.oidc.provider import ASYMMETRIC
from passgate.identity.oidc.token import Identity, peek, read_time
from passgate.identity.spent_tokens import SpentTokens
from passgate.pipeline.exchange import Exchanged, ExchangeRequest
from passgate.pipeline.issuing import Tokens

LONGEST = timedelta(minutes=5)
"""From an assertion's issue to its end."""

_LEEWAY = timedelta(seconds=30)
_MAX_ID = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedAgent:
    """``keys``: public ones. ``owner``: the human whom it acts for."""

    name: str
    owner: str
    keys: KeySet


class AgentSignIns:
    """Implements ``pipeline.issuing.AgentSignIns``. ``audiences``: an assertion is meant for one of them, alone."""

    def __init__(
        self,
        *,
        agents: Mapping[str, KeyedAgent],
        audiences: frozenset[str],
        exchange: TokenExchange,
        issuer: Issuer,
        spent: SpentTokens,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._agents = agents
        self._audiences = audiences
        self._exchange = exchange
        self._issuer = issuer
        self._spent = spent
        self._now = now

    async def give_pass(self, request: ExchangeRequest, *, client_id: str | None) -> Exchanged:
        identity = self._proven(request, client_id)
        return self._exchange.issue(identity, request)

    async def give_tokens(self, request: ExchangeRequest, *, client_id: str | None) -> Tokens:
        identity = self._proven(request, client_id)
        return await self._issuer.issue(identity, request, client_id=identity.principal.subject)

    def _proven(self, request: ExchangeRequest, client_id: str | None) -> Identity:
        """Who asks; the assertion is used up if it may have what it asks for. Raises OAuthError, PassRequestError, StoreError."""
        try:
            agent, claims = self._signed(request.token)
            expires = self._check(agent, claims)
        except TokenRefusedError as error:
            raise OAuthError("invalid_client", str(error)) from error
        if client_id is not None and client_id != agent.name:
            raise OAuthError("invalid_client", "the assertion is another agent's than client_id says")
        owner = Principal(kind=PrincipalKind.HUMAN, subject=agent.owner)
        principal = Principal(
            kind=PrincipalKind.AGENT, subject=agent.name, on_behalf_of=owner, claims={"agent": agent.name}
        )
        identity = Identity(principal=principal, provider=AGENTS, expires=expires)
        self._exchange.check(identity, request)
        used = hashlib.sha256(f"assertion {agent.name} {claims['jti']}".encode()).hexdigest()
        if not self._spent.spend(used, expires=expires + _LEEWAY, now=self._now()):
            raise OAuthError("invalid_client", "the assertion was used before: sign another one, with a jti of its own")
        return identity

    def _signed(self, assertion: str) -> tuple[KeyedAgent, Mapping[str, object]]:
        header, said = peek(assertion)
        agent = self._agents.get(str(said.get("iss")))
        algorithm = header.get("alg")
        if agent is None or algorithm not in ASYMMETRIC:
            raise TokenRefusedError("no agent is registered with a key that this assertion could be signed with")
        try:
            claims = jwt.decode(assertion, agent.keys, algorithms=[str(algorithm)]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefusedError(
                "no agent is registered with a key that this assertion could be signed with"
            ) from error
        return agent, claims

    def _check(self, agent: KeyedAgent, claims: Mapping[str, object]) -> datetime:
        """RFC 7523, section 3. When it expires."""
        if claims.get("sub") != agent.name:
            raise TokenRefusedError("iss and sub of the assertion are both the agent's name")
        named = claims.get("aud")
        if isinstance(named, list) and len(named) == 1:
            named = named[0]
        if (
            not isinstance(named, str) or named not in self._audiences
        ):  # more than one would let another server use it here
            raise TokenRefusedError(
                f"the assertion is meant for something else: its aud is {min(self._audiences)}, alone"
            )
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= _MAX_ID or not identifier.isprintable():
            raise TokenRefusedError("the assertion has no jti, or none that is a short text")
        now, issued, expires = self._now(), _time(claims, "iat"), _time(claims, "exp")
        if now >= expires + _LEEWAY:
            raise TokenRefusedError("the assertion has expired")
        begins = _time(claims, "nbf") if "nbf" in claims else issued
        if max(issued, begins) > now + _LEEWAY:
            raise TokenRefusedError("the assertion is from the future: compare the clocks")
        if expires - issued > LONGEST:
            raise TokenRefusedError("the assertion lives for more than 5 minutes: sign one for each use")
        return expires


def _time(claims: Mapping[str, object], name: str) -> datetime:
    time = read_time(claims.get(name))
    if time is None:
        raise TokenRefusedError(f"the assertion has no time {name}")
    return time
