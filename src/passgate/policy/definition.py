"""A rule as it was written, before it is compiled: what a bundle's version is the hash of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from passgate.core.decision import DEFAULT_APPROVERS, Approvers, Obligation, Outcome, Strategy
from passgate.policy.cel import Value
from passgate.policy.problems import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What a rule does where its condition holds.

    ``outcome`` None: it only obliges, and grants nothing. ``mask`` becomes an obligation once a column is known.
    """

    outcome: Outcome | None = None
    mask: Strategy | None = None
    obligations: tuple[Obligation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One inline test: attribute values, and whether the condition must hold for them."""

    values: Mapping[str, Value]
    holds: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """``incomplete``: what its grant is worth for an action that was not fully understood; DENY, the default, is nothing.

    ``place_in`` answers where a character of ``when`` stands in its file. ``source`` names the pack or file, for people.
    """

    id: str
    when: str
    then: Then
    place: Place
    source: str
    place_in: Callable[[int], Place] = field(repr=False, compare=False)
    approvers: Approvers = DEFAULT_APPROVERS
    incomplete: Outcome = Outcome.DENY
    message: str = ""
    hint: str = ""
    samples: tuple[Sample, ...] = ()
