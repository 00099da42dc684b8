"""Who is really asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PrincipalKind(StrEnum):
    HUMAN = "human"
    AGENT = "agent"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A human, an agent or a service.

    An agent always names the human or the owner it acts for in ``on_behalf_of``.
    ``claims`` holds verified claims only; what a client says of itself is not a claim.
    """

    kind: PrincipalKind
    subject: str
    groups: frozenset[str] = frozenset()
    on_behalf_of: "Principal | None" = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"
