"""The approver of a gate that has no way to ask anybody."""

from collections.abc import Callable
from dataclasses import replace

from passgate.core.decision import Decision, Outcome
from passgate.pipeline.protocols import Held, Waiting


class Nobody:
    """Every hold becomes a refusal that says what was missing: a person."""

    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:  # noqa: ARG002 - nobody is waited for
        decision = held.decision
        reason = decision.reason.rstrip(". ")
        wanted = "a person"
        if decision.approvers is not None:
            wanted = f"{decision.approvers.count} of group {decision.approvers.group}"
        return replace(
            decision,
            outcome=Outcome.DENY,
            reason=f"{reason}. It needs the approval of {wanted}, and this gate has no way to ask.",
            hint="Have someone with the right to do so run it, or ask the operator for a rule that covers it.",
            obligations=(),
        )
