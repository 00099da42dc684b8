"""A call that the gate itself turns down."""

from passgate.codecs.llm.refusal import Cause, Refusal
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
