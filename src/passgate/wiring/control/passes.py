"""Passes, as the control API asks for them."""

from collections.abc import Sequence

from passgate.config.settings import Settings
from passgate.core.passes import Pass
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.control import PassAsked
from passgate.pipeline.exchange import Exchanged
from passgate.wiring.control.gate import RunningGate


class Passes:
    """Implements ``pipeline.control.PassDesk``. What changes is written to the ledger by the gate's own journal of passes."""

    def __init__(self, settings: Settings, gate: RunningGate) -> None:
        self._gate = gate
        self._rules = IssuingRules(
            resources=frozenset(settings.resources),
            models=frozenset(settings.llm_resources),
            default_ttl=settings.passes.default_ttl,
            max_ttl=settings.passes.max_ttl,
        )

    def list(self) -> Sequence[Pass]:
        return self._gate.passes.list(live_only=False)

    def find(self, pass_id: str) -> Pass | None:
        return self._gate.passes.find(pass_id)

    def issue(self, asked: PassAsked, *, actor: str) -> Exchanged:
        request = PassRequest(
            principal=asked.principal,
            resources=asked.resources,
            verbs=asked.verbs,
            purpose=asked.purpose,
            ticket=asked.ticket,
            ttl=asked.ttl,
            budget=asked.budget,
        )
        issued = self._gate.passes.issue(request, rules=self._rules, actor=actor)
        return Exchanged(pass_=issued.pass_, secret=issued.secret.reveal())

    async def revoke(self, pass_id: str, *, actor: str) -> Pass | None:
        """Other workers see it within half a second."""
        revoked = self._gate.passes.revoke(pass_id, actor=actor)
        if revoked is not None:
            await self._gate.revoked(frozenset({pass_id}))
        return revoked
