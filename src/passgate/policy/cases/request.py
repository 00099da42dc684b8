"""What a case comes to at the gate: texts to judge, or a refusal that no policy is asked about."""

from dataclasses import dataclass

from passgate.pipeline.protocols import Input


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One text that the target would run. ``inputs`` None: the simple protocol, without parameters."""

    text: str
    inputs: tuple[Input, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The endpoint itself refuses, or the client's own machine would act where no gate stands."""

    reason: str


Request = tuple[Statement | Refusal, ...]
