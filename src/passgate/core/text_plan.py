"""What to do to running text: one lane for each kind of text, as data, made once per request and once per answer."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from passgate.core.decision import Strategy, StrategyKind
from passgate.core.finding import Field

REDACT = Strategy(kind=StrategyKind.REDACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlan:
    """``strategies``: how findings of a type are masked; ``passed``: types shown as they are; every other type is redacted.

    ``restored``: types whose tokens turn back into their values. Each may be something that knows its answer once it is asked.
    """

    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    passed: AbstractSet[str] = frozenset()
    restored: AbstractSet[str] = frozenset()

    def strategy(self, type_: str) -> Strategy | None:
        """None: the finding is shown as it is."""
        return None if type_ in self.passed else self.strategies.get(type_, REDACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPlan:
    lanes: Mapping[Field, LanePlan] = field(default_factory=dict)

    def lane(self, name: Field) -> LanePlan:
        """A lane that nobody planned redacts whatever is found in it."""
        return self.lanes.get(name, _STRICT)


_STRICT = LanePlan()
