"""Plans for running text, from what policy says of findings.

A finding is an atom: ``disclose`` where it would reach the target, ``reveal`` where it comes back to the caller, ``restore``
where a token of it would turn into its value again. Its object is of kind ``finding``, named by its type, in the namespace of
its class; its column is the field. So one language of rules speaks of both directions, and what nothing grants does not happen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from passgate.core.action import Action, VerbClass, finding_atom
from passgate.core.decision import Decision, Mask, Outcome, Strategy
from passgate.core.finding import Field, Finding, FindingClass
from passgate.core.session import Session
from passgate.core.text_plan import REDACT, LanePlan, TextPlan
from passgate.pipeline.protocols import Policy

ANSWERED = (Field.ASSISTANT, Field.REASONING, Field.TOOL_ARGUMENTS, Field.TOOL_RESULT, Field.FILE, Field.METADATA)
"""What an answer consists of."""

_CIRCUMSTANCES = ("llm.model", "llm.provider")

Circumstances = tuple[tuple[str, bool | int | str], ...]
Types = Iterable[tuple[FindingClass, str]]


def circumstances(action: Action) -> Circumstances:
    """What a rule about an answer may depend on, of the action that asks for it."""
    return tuple((name, action.facts[name]) for name in _CIRCUMSTANCES if name in action.facts)


def request_plan(action: Action, decision: Decision) -> TextPlan:
    """Masks by field and type; what was found and judged besides goes as it is. A field in which nothing was found has no lane:
    whatever would be met there is redacted."""
    strategies: dict[Field, dict[str, Strategy]] = {}
    passed: dict[Field, set[str]] = {}
    for obligation in decision.obligations:
        if isinstance(obligation, Mask) and obligation.column.column in _FIELDS:
            masked = strategies.setdefault(Field(obligation.column.column), {})
            masked[obligation.column.object] = obligation.strategy
    for finding in action.findings or ():
        if finding.type not in strategies.get(finding.field, _NONE):
            passed.setdefault(finding.field, set()).add(finding.type)
    return TextPlan(
        lanes={
            field: LanePlan(strategies=strategies.get(field, _NONE), passed=frozenset(passed.get(field, ())))
            for field in strategies.keys() | passed.keys()
        }
    )


def answer_plan(policy: Policy, action: Action, session: Session, types: Types) -> TextPlan:
    """Policy is asked of a type in a field when it is first met there: of the hundreds that there are an answer has a few.

    What is not allowed to be revealed is redacted.
    """
    classes = {type_: class_ for class_, type_ in types}
    probe = Action(
        kind="llm.answer",
        verb="reveal",
        verb_class=VerbClass.READ,
        text="",
        atoms=(),
        facts=dict(circumstances(action)),
    )
    return TextPlan(lanes={field: _Asking(policy, probe, session, classes, field).lane() for field in ANSWERED})


class _Asking:
    """What policy says of each type in one field, remembered."""

    def __init__(
        self, policy: Policy, probe: Action, session: Session, classes: Mapping[str, FindingClass], field: Field
    ) -> None:
        self.classes = classes
        self._policy = policy
        self._probe = probe
        self._session = session
        self._field = field
        self._revealed: dict[str, Strategy | None] = {}
        self._restored: dict[str, bool] = {}

    def lane(self) -> LanePlan:
        return LanePlan(
            strategies=_Masked(self), passed=_Types(self, self._passes), restored=_Types(self, self._restores)
        )

    def revealed(self, type_: str) -> Strategy | None:
        """None: it is shown as it is. Raises KeyError for a type that nobody finds."""
        if type_ not in self._revealed:
            decision = self._decision("reveal", self.classes[type_], type_)
            masks = [o.strategy for o in decision.obligations if isinstance(o, Mask)]
            shown = decision.outcome is Outcome.ALLOW and not masks
            self._revealed[type_] = None if shown else masks[0] if decision.outcome is Outcome.ALLOW else REDACT
        return self._revealed[type_]

    def _passes(self, type_: str) -> bool:
        return self.revealed(type_) is None

    def _restores(self, type_: str) -> bool:
        if type_ not in self._restored:
            class_ = self.classes[type_]
            self._restored[type_] = class_ is not FindingClass.SECRET and self._may_restore(class_, type_)
        return self._restored[type_]

    def _may_restore(self, class_: FindingClass, type_: str) -> bool:
        decision = self._decision("restore", class_, type_)
        return decision.outcome is Outcome.ALLOW and not any(isinstance(o, Mask) for o in decision.obligations)

    def _decision(self, verb: str, class_: FindingClass, type_: str) -> Decision:
        finding = Finding(class_=class_, type=type_, field=self._field, count=1)
        atoms = (finding_atom(verb, class_, type_, self._field),)
        return self._policy.decide(replace(self._probe, verb=verb, atoms=atoms, findings=(finding,)), self._session)


class _Masked(Mapping[str, Strategy]):
    """How each type that may not be shown as it is is masked."""

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking

    def __getitem__(self, type_: str) -> Strategy:
        strategy = self._asking.revealed(type_)
        if strategy is None:
            raise KeyError(type_)
        return strategy

    def __iter__(self) -> Iterator[str]:
        return (type_ for type_ in self._asking.classes if self._asking.revealed(type_) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Types(AbstractSet[str]):
    """The types of which something is so."""

    def __init__(self, asking: _Asking, is_so: Callable[[str], bool]) -> None:
        self._asking = asking
        self._is_so = is_so

    def __contains__(self, type_: object) -> bool:
        return isinstance(type_, str) and type_ in self._asking.classes and self._is_so(type_)

    def __iter__(self) -> Iterator[str]:
        return (type_ for type_ in self._asking.classes if self._is_so(type_))

    def __len__(self) -> int:
        return sum(1 for _ in self)


_FIELDS = frozenset(Field)
_NONE: Mapping[str, Strategy] = {}
