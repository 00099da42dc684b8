"""Who is really asking."""

import unicodedata
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

    An agent always names whom it acts for in ``on_behalf_of``: a human, an owner, or the agent that delegated to it.
    ``claims`` holds verified claims only; what a client says of itself is not a claim.
    """

    kind: PrincipalKind
    subject: str
    groups: frozenset[str] = frozenset()
    on_behalf_of: "Principal | None" = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"

    def links(self) -> "tuple[Principal, ...]":
        """The delegation chain: the one who asks, whom it acts for, and so on to the last."""
        found: list[Principal] = []
        who: Principal | None = self
        while who is not None:
            found.append(who)
            who = who.on_behalf_of
        return tuple(found)

    def is_same(self, other: "Principal") -> bool:
        """Whether both names mean one principal: capitals and Unicode's other spellings make nobody somebody else.

        For what is refused or ended; what is given asks ``is_spelt_as``.
        """
        return self.kind is other.kind and folded(self.subject) == folded(other.subject)

    def is_spelt_as(self, other: "Principal") -> bool:
        """Whether they are one but for capitals."""
        return self.kind is other.kind and spelt_alike(self.subject, other.subject)


def folded(subject: str) -> str:
    """A subject without its capitals and without Unicode's other spellings of the same letters (NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", subject).casefold())


def spelt_alike(one: str, other: str) -> bool:
    """Whether two spellings differ by capitals only, letter by letter, and no letter beyond ASCII stands for one of it.

    For what is given to whom is named: a provider that tells "ﬁona" from "fiona", or a Kelvin sign from a k, has two people,
    whom ``folded`` takes for one. Where something is refused to whoever may be the same, that is right, and here it is not.
    """
    if len(one) != len(other):
        return False
    for place in range(len(one)):
        mine, theirs = one[place], other[place]
        if mine != theirs and (mine.isascii() != theirs.isascii() or mine.lower() != theirs.lower()):
            return False
    return True
