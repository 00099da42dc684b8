"""Asks the providers again, and ends what they do not vouch for any more."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.errors import IssuerUnavailableError, StoreError, TokenRefusedError
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.identity.admission import Admission
from passgate.identity.covering import is_covered
from passgate.identity.ending import Ending
from passgate.identity.grants import Grant
from passgate.identity.oidc.refreshing import Refreshed, Refreshing
from passgate.identity.oidc.token import Evidence, Identity, Verifier
from passgate.identity.recheck.sealing import Sealing
from passgate.identity.vouched import is_vouched_by
from passgate.pipeline.vouching import Recheck

_LOG = logging.getLogger(__name__)

PAST_GRACE = "identity provider unreachable past its grace"

_AT_ONCE = 20
"""Persons asked about at the same time; a provider has limits of its own."""

_CLAIM = timedelta(minutes=1)
"""Longer than an answer may take: after it another process may take over what a dead one had begun."""

_SHORTEST = timedelta(milliseconds=200)
_LONGEST = timedelta(seconds=5)


class Rechecks(Protocol):
    """Every method raises StoreError."""

    def provider(self, pass_id: str) -> str | None: ...

    def behind(self, recheck_id: str) -> frozenset[str]: ...

    def claim_due(self, *, provider: str, now: datetime, until: datetime, most: int) -> tuple[Recheck, ...]: ...

    def keep(self, recheck: Recheck) -> None: ...

    def forget(self, recheck_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A provider that is asked again. ``every``: how often; ``grace``: how long it may give no answer."""

    name: str
    issuer: str
    every: timedelta
    grace: timedelta
    verifier: Verifier
    refreshing: Refreshing
    sealing: Sealing


class RecheckWatch:
    """Of one provider. Whatever it does not say by itself within the grace counts as a no."""

    def __init__(
        self,
        asked: Asked,
        *,
        rechecks: Rechecks,
        admission: Admission,
        grants: Sequence[Grant],
        ending: Ending,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._asked = asked
        self._rechecks = rechecks
        self._admission = admission
        self._grants = grants
        self._ending = ending
        self._now = now
        self._again = max(min(asked.every / 10, _LONGEST), _SHORTEST)
        self._answered = now()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                _LOG.warning("%s cannot be asked again about anybody: %s", self._asked.name, error)
            await asyncio.sleep(self._again.total_seconds())

    async def look(self) -> None:
        """Ask about everybody who is due. Raises StoreError."""
        asked, now = self._asked, self._now()
        due = self._rechecks.claim_due(provider=asked.name, now=now, until=now + _CLAIM, most=_AT_ONCE)
        for result in await asyncio.gather(*(self._recheck(one) for one in due), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        if now - self._answered >= asked.every:
            await self._reach()
        if self._now() - self._answered > asked.grace:
            self._end(lambda pass_: is_vouched_by(pass_.principal, asked.issuer), PAST_GRACE)
            self._ending.sign_out(lambda who: who.claims.get("iss") == asked.issuer)

    async def _reach(self) -> None:
        """There may be nobody to ask about, and still it must be there: not all tokens come with one to ask with."""
        try:
            await self._asked.refreshing.reach()
        except IssuerUnavailableError as error:
            _LOG.warning("the identity provider %s gives no answer: %s", self._asked.name, error)
        else:
            self._answered = self._now()

    async def _recheck(self, recheck: Recheck) -> None:
        asked = self._asked
        try:
            refreshed = await asked.refreshing.refresh(asked.sealing.opened(recheck))
            self._answered = self._now()
            if refreshed.refresh_token:
                recheck = asked.sealing.sealed(recheck, refreshed.refresh_token)
                self._rechecks.keep(recheck)  # the old one is used up, whatever comes
            identity = self._admission.admit(await self._told(refreshed))
        except TokenRefusedError as error:
            self._refused(recheck, f"asked again, {asked.name} vouches no more: {error}")
        except IssuerUnavailableError as error:
            self._unanswered(recheck, error)
        else:
            self._answer(recheck, identity)

    async def _told(self, refreshed: Refreshed) -> Identity:
        """Who the provider says it is. Raises TokenRefusedError, IssuerUnavailableError."""
        if not refreshed.id_token:
            raise IssuerUnavailableError("it did not say who the person is: ask it for the scope openid")
        return await self._asked.verifier.verify(
            refreshed.id_token, Evidence(access_token=refreshed.access_token or None)
        )

    def _answer(self, recheck: Recheck, identity: Identity) -> None:
        if identity.principal.claims.get("sub") != recheck.sub:
            self._refused(recheck, f"asked again, {self._asked.name} spoke of somebody else")
            return
        behind = self._rechecks.behind(recheck.id)
        self._end(
            lambda pass_: pass_.id in behind and not self._fits(pass_, identity.principal),
            f"asked again, {self._asked.name} says that {identity.principal} is in no group any more that may have it",
        )
        now = self._now()
        self._rechecks.keep(replace(recheck, confirmed=now, due=now + self._asked.every))

    def _fits(self, pass_: Pass, who: Principal) -> bool:
        provider = self._rechecks.provider(pass_.id)
        return provider is None or is_covered(pass_, who, provider=provider, grants=self._grants)

    def _refused(self, recheck: Recheck, reason: str) -> None:
        behind = self._rechecks.behind(recheck.id)
        self._end(lambda pass_: pass_.id in behind, reason)
        said = (self._asked.issuer, recheck.sub)
        self._ending.sign_out(lambda who: (who.claims.get("iss"), who.claims.get("sub")) == said)
        self._rechecks.forget(recheck.id)

    def _unanswered(self, recheck: Recheck, error: IssuerUnavailableError) -> None:
        now = self._now()
        if now - recheck.confirmed > self._asked.grace:
            self._refused(recheck, PAST_GRACE)
            return
        _LOG.warning("the identity provider %s gives no answer: %s", self._asked.name, error)
        self._rechecks.keep(replace(recheck, due=now + self._again))

    def _end(self, which: Callable[[Pass], bool], reason: str) -> None:
        self._ending.end(lambda pass_: reason if which(pass_) else None, actor=f"recheck:{self._asked.name}")
