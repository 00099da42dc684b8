"""Idempotency keys: a call that is repeated has one effect (draft-ietf-httpapi-idempotency-key-header)."""

import re
from collections.abc import Sequence

from passgate.endpoints.control.document import IDEMPOTENCY_KEY
from passgate.endpoints.control.problem import Code, ProblemError
from passgate.endpoints.control.route import AnyRoute
from passgate.pipeline.control import Caller, IdempotencyKeys, KeptAnswer, KeyState, UsedKey

_KEY = re.compile(IDEMPOTENCY_KEY, re.ASCII)


def used_key(headers: Sequence[str], caller: Caller, route: AnyRoute, digest: str) -> UsedKey | None:
    """``headers``: every one of that name; None without one. Raises ProblemError."""
    if not headers:
        return None
    if len(headers) > 1 or _KEY.fullmatch(headers[0]) is None:
        raise ProblemError(
            Code.MALFORMED, "Idempotency-Key has 1 to 200 visible ASCII characters, and stands there once."
        )
    return UsedKey(caller=caller.name, route=route.name, key=headers[0], digest=digest)


def begin(keys: IdempotencyKeys, used: UsedKey) -> KeptAnswer | None:
    """The answer to give again; None where the call is the first of its key. Raises ProblemError, StoreError."""
    known = keys.begin(used)
    match known:
        case KeyState.NEW:
            return None
        case KeyState.UNDER_WAY:
            raise ProblemError(
                Code.CONFLICT,
                "A call with this key is under way, or nobody knows how it ended: look whether it took effect.",
            )
        case KeyState.OTHER:
            raise ProblemError(
                Code.NOT_ACCEPTED, "This key was used for a call with another body or path: take a new key."
            )
        case KeptAnswer():
            return known
