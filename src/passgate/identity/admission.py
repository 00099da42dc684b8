"""Who has a say, beside the token, when it is to buy a pass; and what is remembered of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from passgate.core.errors import TokenRefusedError
from passgate.core.passes import Pass
from passgate.identity.directory.standing import Standing
from passgate.identity.oidc.token import Identity
from passgate.identity.recheck.sealing import Sealing
from passgate.pipeline.vouching import Recheck

MAX_REFRESH_TOKEN = 8192


class Admission(Protocol):
    def admit(self, identity: Identity) -> Identity:
        """Who it is, as all who have a say see it. Raises TokenRefusedError, StoreError."""

    def bought(self, pass_: Pass, identity: Identity, refresh_token: str | None, *, by_grant: bool = True) -> None:
        """Remember it. ``by_grant`` False: no grant stands behind it, people allowed it. If meanwhile somebody says no, the pass is
        taken back. Raises TokenRefusedError, StoreError."""


class TokenAlone:
    """Nobody else is asked."""

    def admit(self, identity: Identity) -> Identity:
        return identity

    def bought(self, pass_: Pass, identity: Identity, refresh_token: str | None, *, by_grant: bool = True) -> None:
        """There is nothing to remember."""


class Origins(Protocol):
    def bought(self, pass_id: str, *, provider: str | None, recheck: Recheck | None) -> None:
        """Raises StoreError."""


class Revoking(Protocol):
    def revoke(self, pass_id: str, *, actor: str) -> Pass | None:
        """Raises StoreError."""


class RememberedAdmission:
    """``standing`` None: there is no directory. ``sealing``: by the names of the providers that are asked again."""

    def __init__(
        self,
        *,
        standing: Standing | None,
        sealing: Mapping[str, Sealing],
        origins: Origins,
        passes: Revoking,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._standing = standing
        self._sealing = sealing
        self._origins = origins
        self._passes = passes
        self._now = now

    def admit(self, identity: Identity) -> Identity:
        return identity if self._standing is None else self._standing.admit(identity)

    def bought(self, pass_: Pass, identity: Identity, refresh_token: str | None, *, by_grant: bool = True) -> None:
        self._origins.bought(
            pass_.id, provider=identity.provider if by_grant else None, recheck=self._recheck(identity, refresh_token)
        )
        # Another process may have taken a change of the directory after ``admit``, when this pass was not there to be revoked.
        reason = None if self._standing is None else self._standing.why_not()(pass_)
        if reason is not None:
            self._passes.revoke(pass_.id, actor="directory")
            raise TokenRefusedError(reason)

    def _recheck(self, identity: Identity, refresh_token: str | None) -> Recheck | None:
        sealing, sub = self._sealing.get(identity.provider), identity.principal.claims.get("sub", "")
        if sealing is None or not refresh_token or not sub:
            return None
        if len(refresh_token) > MAX_REFRESH_TOKEN:
            raise TokenRefusedError(f"a refresh token has at most {MAX_REFRESH_TOKEN} characters")
        return sealing.first(refresh_token, sub=sub, now=self._now())
