"""What the rules in force do with everything that can be found, on its way to a model and back: asked of them, not guessed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from passgate.cli.policy_context import build_context
from passgate.config.llm import LlmResource
from passgate.core.action import Action, VerbClass, finding_atom
from passgate.core.decision import Decision, Mask, Outcome
from passgate.core.finding import Field, Finding, FindingClass
from passgate.core.session import Session
from passgate.masking import open_detector
from passgate.pipeline.protocols import Policy
from passgate.pipeline.texts import ANSWERED

_EVERY = "every field"
_WAYS = (("out", "disclose"), ("back", "reveal"), ("restored", "restore"))
"""To the model; from it; a token that the gate sent out, back from the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """``what``: the outcome, the mask and the rule. ``fields`` and ``types``: where and for what. ``all_types``: of its class."""

    way: str
    class_: str
    what: str
    fields: tuple[str, ...]
    types: tuple[str, ...]
    all_types: bool

    @property
    def said_types(self) -> str:
        return f"all {len(self.types)}" if self.all_types else ", ".join(self.types)


def treatments(
    name: str, resource: LlmResource, *, config: Path, who: str, on_behalf_of: str | None
) -> tuple[Treatment, ...]:
    """By way, class and what happens. Raises ConfigError, BundleError."""
    context = build_context(
        policies=(),
        packs=(),
        reference=False,
        schema=None,
        resource=name,
        config=config,
        who=who,
        on_behalf_of=on_behalf_of,
        groups=(),
        labels=(),
        prompt=True,
    )
    types = open_detector(engine="literals").types
    found: list[Treatment] = []
    for way, verb in _WAYS:
        for class_ in FindingClass:
            names = sorted(type_ for of, type_ in types if of is class_)
            if (way, class_) == ("restored", FindingClass.SECRET):
                found.append(_never(way, class_, names))
            else:
                found += _grouped(way, verb, class_, names, resource, context.policy, context.session)
    return tuple(found)


def _never(way: str, class_: FindingClass, types: Sequence[str]) -> Treatment:
    """No rule is asked: what a secret's token stands for is kept nowhere."""
    what = "never, whatever a rule says"
    return Treatment(way=way, class_=class_.value, what=what, fields=(_EVERY,), types=tuple(types), all_types=True)


def _grouped(
    way: str, verb: str, class_: FindingClass, types: list[str], resource: LlmResource, policy: Policy, session: Session
) -> Iterator[Treatment]:
    """Fields in which the same happens to the same types are one line."""
    fields = tuple(Field) if verb == "disclose" else ANSWERED
    happens: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for field in fields:
        by_what: dict[str, list[str]] = {}
        for type_ in types:
            what = _what(policy.decide(_probe(verb, class_, type_, field, resource.provider), session))
            by_what.setdefault(what, []).append(type_)
        for what, of in by_what.items():
            happens.setdefault((what, tuple(of)), []).append(field.value)
    for (what, names), where in happens.items():
        yield Treatment(
            way=way,
            class_=class_.value,
            what=what,
            fields=tuple(where) if len(where) < len(fields) else (_EVERY,),
            types=names,
            all_types=len(names) == len(types),
        )


def _probe(verb: str, class_: FindingClass, type_: str, field: Field, provider: str) -> Action:
    return Action(
        kind="llm.generate",
        verb=verb,
        verb_class=VerbClass.READ,
        text="",
        atoms=(finding_atom(verb, class_, type_, field),),
        facts={"llm.model": "model", "llm.provider": provider},
        findings=(Finding(class_=class_, type=type_, field=field, count=1),),
    )


def _what(decision: Decision) -> str:
    masks = [o for o in decision.obligations if isinstance(o, Mask)]
    if decision.outcome is Outcome.ALLOW and masks:
        return f"{masks[0].strategy.kind.value} by {masks[0].rule}"
    return f"{decision.outcome.value} by {decision.rule}"
