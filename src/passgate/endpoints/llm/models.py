"""Which models a client is told of: those that its pass could ask for something."""

from collections.abc import Callable
from functools import lru_cache

import orjson

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.operation import Dialect, Operation
from passgate.codecs.llm.operations import OPERATIONS
from passgate.codecs.llm.refusal import Cause
from passgate.core.decision import Outcome
from passgate.endpoints.llm import routing
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import LlmTarget
from passgate.pipeline.gate import GatedSession
from passgate.pipeline.protocols import Understood

LISTING = "list_models"
"""The verb of what is filtered here."""

_USES = ("generate", "embed", "moderate")


def usable(gated: GatedSession, target: LlmTarget) -> Callable[[str], bool]:
    """Whether a model may be asked for anything, as things stand. Nothing is recorded: nothing is asked yet."""

    def may(model: str) -> bool:
        if not routing.serves(target, (model,)):
            return False
        calls = (Call(operation=one, body=b"", leaves=(), model=model) for one in _operations(target.dialect))
        actions = (action_of(call, (), provider=target.provider) for call in calls)
        decisions = (gated.foresee(Understood(actions=(action,), cacheable=False)) for action in actions)
        return any(decision.outcome is not Outcome.DENY for decision in decisions)

    return may


def told(body: bytes, may: Callable[[str], bool]) -> bytes:
    """The answer without the models that may not be used; the same bytes where all may. Raises RefusedError for a single one.

    What is not of the form of either dialect is left as it is: it names no model.
    """
    answer = orjson.loads(body) if body else None
    if not isinstance(answer, dict):
        return body
    listed = answer.get("data")
    if not isinstance(listed, list):
        name = answer.get("id")
        if isinstance(name, str) and not may(name):
            raise RefusedError(Cause.MODEL, f"No resource of the pass serves {name[:200]}.")
        return body
    kept = [one for one in listed if not isinstance(one, dict) or may(str(one.get("id", "")))]
    if len(kept) == len(listed):
        return body
    answer["data"] = kept
    if "first_id" in answer:  # Anthropic's lists name their ends
        ids = [one.get("id") for one in kept if isinstance(one, dict)]
        answer["first_id"], answer["last_id"] = (ids[0], ids[-1]) if ids else (None, None)
    return orjson.dumps(answer)


@lru_cache(maxsize=len(Dialect))
def _operations(dialect: Dialect) -> tuple[Operation, ...]:
    """One for each way of using a model."""
    return tuple(
        next(one for one in OPERATIONS if one.dialect is dialect and one.verb == verb)
        for verb in _USES
        if any(one.dialect is dialect and one.verb == verb for one in OPERATIONS)
    )
