"""The passes: issued, found, listed, revoked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from passgate.core.passes import Pass
from passgate.identity.pass_id import is_pass_id, new_pass_id
from passgate.identity.request import IssuingRules, PassRequest
from passgate.identity.secret import PassSecret, decoy_verifier, make_verifier
from passgate.pipeline.protocols import ScramVerifier
from passgate.pipeline.secret_proof import proves

_DECOY_KEY = "login-decoy"


class PassStore(Protocol):
    """Where passes are kept. Every method raises StoreError when it cannot answer."""

    def add(self, pass_: Pass, verifier: ScramVerifier, *, actor: str) -> None:
        """Raises PassRequestError for a delegated pass that is not narrower than a live one that it comes from."""

    def find(self, pass_id: str) -> Pass | None: ...

    def verifier(self, pass_id: str) -> ScramVerifier | None: ...

    def all(self, *, live_at: datetime | None = None) -> tuple[Pass, ...]: ...

    def revoke(self, pass_id: str, *, at: datetime, actor: str) -> Pass | None:
        """With all that was delegated from it."""

    def shared_key(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """The only moment at which a pass and its secret are together."""

    pass_: Pass
    secret: PassSecret

    @property
    def key(self) -> str:
        """Both in one word, for clients that know no user name: what they send as an API key. As secret as the secret."""
        return f"{self.pass_.id}.{self.secret.reveal()}"


class PassRegistry:
    """Implements ``pipeline.protocols.Passes`` for log-ins, and what an operator does with passes. Raises StoreError throughout."""

    def __init__(self, store: PassStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now
        self._decoy_key = store.shared_key(_DECOY_KEY)

    def find(self, pass_id: str) -> Pass | None:
        """Also one that has ended: the caller asks ``Pass.state``. None for what is not a pass id at all."""
        return self._store.find(pass_id) if is_pass_id(pass_id) else None

    def verifier(self, pass_id: str) -> ScramVerifier:
        # The decoy is always made, so that a known id does not answer sooner.
        decoy = decoy_verifier(self._decoy_key, pass_id)
        known = self._store.verifier(pass_id) if is_pass_id(pass_id) else None
        return decoy if known is None else known

    def proves(self, pass_id: str, secret: str) -> bool:
        """Whether it is the pass's secret; of an unknown pass no secret is. Takes as long either way."""
        return proves(secret, self.verifier(pass_id))

    def issue(self, request: PassRequest, *, rules: IssuingRules, actor: str) -> IssuedPass:
        """Raises PassRequestError when the request is not one that may be granted."""
        ttl = rules.ttl(request)
        now, parent = self._now(), request.parent
        bounds = [end for end in (request.until, None if parent is None else parent.expires) if end is not None]
        secret = PassSecret.random()
        pass_ = Pass(
            id=new_pass_id(now),
            principal=request.principal,
            resources=request.resources,
            verbs=request.verbs,
            purpose=request.purpose.strip(),
            ticket=request.ticket or None,
            issued=now,
            expires=min([now + ttl, *bounds]),
            budget=request.budget,
            ancestors=() if parent is None else parent.lineage,
        )
        self._store.add(pass_, make_verifier(secret), actor=actor)
        return IssuedPass(pass_=pass_, secret=secret)

    def list(self, *, live_only: bool) -> tuple[Pass, ...]:
        """Newest first."""
        return self._store.all(live_at=self._now() if live_only else None)

    def revoke(self, pass_id: str, *, actor: str) -> Pass | None:
        """From now on, with all that was delegated from it; a second time changes nothing. None if there is no such pass."""
        return self._store.revoke(pass_id, at=self._now(), actor=actor) if is_pass_id(pass_id) else None
