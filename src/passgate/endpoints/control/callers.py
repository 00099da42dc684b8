"""Who calls, and what they may: a person's own access token, and roles by configuration. Never a pass."""

from collections.abc import Mapping
from dataclasses import dataclass

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind, spelt_alike
from passgate.endpoints.control.problem import Code, ProblemError
from passgate.pipeline.access import AccessToken, AccessTokens
from passgate.pipeline.control import Caller, LockDesk, Role

_MAX_TOKEN = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who has a role: people by subject (capitals do not matter) or by group."""

    subjects: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def hold(self, principal: Principal) -> bool:
        return bool(self.groups & principal.groups) or any(
            spelt_alike(principal.subject, subject) for subject in self.subjects
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """``services``: those that may call at all, each with its roles; nobody else who is no human may.

    ``issuers``: the providers whose word counts for who people are. Another one names its subjects and groups as it likes.
    """

    people: Mapping[Role, Holders]
    services: Mapping[str, frozenset[Role]]
    issuers: frozenset[str]

    def vouches(self, principal: Principal) -> bool:
        return principal.kind is not PrincipalKind.HUMAN or principal.claims.get("iss") in self.issuers

    def roles(self, principal: Principal) -> frozenset[Role]:
        if principal.kind is PrincipalKind.SERVICE:
            return self.services.get(principal.subject, frozenset())
        return frozenset(role for role, holders in self.people.items() if holders.hold(principal))


class Callers:
    """``audience``: what a token must be for (RFC 8707): the API's own, so that one for anything else opens nothing here."""

    def __init__(self, *, tokens: AccessTokens, roster: Roster, locks: LockDesk, audience: str) -> None:
        self._tokens = tokens
        self._roster = roster
        self._locks = locks
        self._audience = audience

    async def identify(self, authorization: list[str], *, peer: str) -> Caller:
        """``authorization``: every header of that name. Raises ProblemError (401, 403), StoreError."""
        if not authorization:
            raise _unauthenticated("Send Authorization: Bearer and an access token for the control API.")
        scheme, _, token = authorization[0].partition(" ")
        token = token.strip(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer" or not _is_jwt(token):
            raise _unauthenticated(
                "Authorization must hold one bearer token, a JWT for the control API. A pass's key opens nothing here.",
                error="invalid_token",
            )
        try:
            known = await self._tokens.verify(token, audience=self._audience)
        except TokenRefusedError as error:
            raise _unauthenticated(f"The access token is refused: {error}.", error="invalid_token") from None
        return self._admitted(known, peer)

    def _admitted(self, token: AccessToken, peer: str) -> Caller:
        principal = token.principal
        if token.audience != self._audience:
            raise _unauthenticated("The access token is for something else.", error="invalid_token")
        if token.pass_id is not None:
            raise ProblemError(Code.FORBIDDEN, "A token that stands for a pass opens resources, never the control API.")
        if principal.on_behalf_of is not None or principal.kind is PrincipalKind.AGENT:
            raise ProblemError(
                Code.FORBIDDEN, "Agents, and whoever acts for somebody else, have no business with the control API."
            )
        if principal.kind is PrincipalKind.SERVICE and principal.subject not in self._roster.services:
            raise ProblemError(Code.FORBIDDEN, f"{principal} is no service of control.services.")
        if not self._roster.vouches(principal):
            raise ProblemError(
                Code.FORBIDDEN,
                f"The provider where {principal} signed in is none of control.providers: it has no say here.",
            )
        lock = self._locks.against(principal)
        if lock is not None:
            raise ProblemError(Code.FORBIDDEN, f"{principal} is locked: {lock.reason}")
        roles = self._roster.roles(principal)
        if not roles:
            raise ProblemError(
                Code.FORBIDDEN, f"{principal} has no role at the control API: an operator gives one by control.roles."
            )
        return Caller(principal=principal, roles=roles, peer=peer)


def _is_jwt(token: str) -> bool:
    """By its shape, so that nothing else is ever looked at: RFC 7515, section 7.1."""
    return token.isascii() and token.isprintable() and token.count(".") == 2 and len(token) <= _MAX_TOKEN


def _unauthenticated(detail: str, *, error: str = "") -> ProblemError:
    """RFC 6750, section 3: without a token no error code is named."""
    challenge = 'Bearer realm="passgate"' + (f', error="{error}"' if error else "")
    return ProblemError(Code.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
