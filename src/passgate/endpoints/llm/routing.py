"""Which resource a call goes to, and which others may stand in for it."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from passgate.codecs.llm.operation import Dialect
from passgate.codecs.llm.refusal import Cause
from passgate.core.passes import Pass
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import LlmTarget, LlmTargets, Price

RESIDENCY = "residency"
"""The label that a fallback never crosses."""


def named(path: str, targets: LlmTargets) -> tuple[str, str]:
    """A resource's name in front of the path, empty where there is none, and the path that is left."""
    first, slash, rest = path[1:].partition("/")
    return (first, slash + rest) if first in targets and rest else ("", path)


def serves(target: LlmTarget, models: Iterable[str]) -> bool:
    """All of them. A call without a model (a list, a file) is anybody's: its name is empty."""
    return all(not model or any(_pattern(glob).fullmatch(model) for glob in target.models) for model in models)


def chosen(targets: LlmTargets, pass_: Pass, dialect: Dialect, name: str, models: Sequence[str]) -> LlmTarget:
    """The resource of the pass that the call is for. ``name``: the one named in the path, or empty; ``models``: those it asks for.

    Raises RefusedError.
    """
    covered = [target for target in targets.values() if pass_.covers(target.name)]
    if name:
        covered = [target for target in covered if target.name == name]
        if not covered:
            raise RefusedError(Cause.SCOPE, f"The pass does not cover a resource {name!r}.")
    speaking = [target for target in covered if target.dialect is dialect]
    if not speaking:
        raise RefusedError(Cause.SCOPE, f"The pass covers no resource that speaks {dialect.value}'s API.")
    serving = [target for target in speaking if serves(target, models)]
    if not serving:
        raise RefusedError(
            Cause.MODEL,
            f"No resource of the pass serves {', '.join(models)[:200]}.",
            param="/model",
            why="no resource of the pass serves the model",  # whose name may be anything, and nobody has looked at it yet
        )
    if len(serving) > 1:
        names = ", ".join(sorted(target.name for target in serving))
        raise RefusedError(
            Cause.BAD_REQUEST,
            f"Several resources of the pass could take this call: {names}. Say which one in front of the path, as in"
            f" /{serving[0].name}/v1/...",
        )
    return serving[0]


def fallbacks(targets: LlmTargets, pass_: Pass, target: LlmTarget, models: Sequence[str]) -> tuple[LlmTarget, ...]:
    """Who may stand in for it, in order: covered by the pass, of the same dialect and residency, serving the models."""
    home = target.resource.labels.get(RESIDENCY)
    return tuple(
        other
        for name in target.fallback
        if (other := targets.get(name)) is not None
        and pass_.covers(name)
        and other.dialect is target.dialect
        and other.resource.labels.get(RESIDENCY) == home
        and serves(other, models)
    )


def price(target: LlmTarget, model: str) -> Price | None:
    return next((price for glob, price in target.prices if _pattern(glob).fullmatch(model)), None)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))
