"""A call that the gate itself turns down."""

from passgate.codecs.llm.refusal import Cause, Refusal
from passgate.core.decision import Decision, Outcome
from passgate.core.errors import PassgateError


class RefusedError(PassgateError):
    """The call is refused."""

    def __init__(
        self,
        cause: Cause,
        message: str,
        *,
        why: str = "",
        param: str | None = None,
        retry_after: int | None = None,
        allow: tuple[str, ...] = (),
    ) -> None:
        """``message`` is for the client, ``why`` for the ledger, where it may say more. The rest: as of ``Refusal``."""
        super().__init__(message)
        self.refusal = Refusal(cause=cause, message=message, param=param, retry_after=retry_after, allow=allow)
        self.why = why or message


_OF_THE_GATE = {"ledger-unavailable": Cause.UNAVAILABLE, "pass-ended": Cause.PASS_ENDED, "pass-scope": Cause.SCOPE}
"""Rules that are nobody's: the pipeline's own."""


def denied(decision: Decision) -> RefusedError:
    """A decision that does not allow, in words for the caller."""
    otherwise = Cause.HELD if decision.outcome is Outcome.HOLD else Cause.POLICY
    return RefusedError(
        _OF_THE_GATE.get(decision.rule, otherwise),
        f"{decision.reason} {decision.hint}".strip(),
        why=f"rule {decision.rule}",
    )
