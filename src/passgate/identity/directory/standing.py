"""How somebody stands with the company's directory: are they known, are they active, what do they belong to?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from passgate.core.directory import Person
from passgate.core.errors import TokenRefusedError
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.covering import is_covered
from passgate.identity.grants import Grant
from passgate.identity.oidc.token import Identity

_NOBODY: frozenset[str] = frozenset()


class People(Protocol):
    def person(self, subject: str) -> Person | None:
        """Capitals do not matter. Raises StoreError."""


class Origins(Protocol):
    def provider(self, pass_id: str) -> str | None:
        """Whose token bought the pass by a grant; None where none did. Raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``provider`` and ``issuer``: whose people the directory holds. ``required``: whom it does not know is nobody.

    ``groups``: its groups count, not the token's.
    """

    provider: str
    issuer: str
    required: bool
    groups: bool


class Standing:
    """A human counts as the directory's where its provider vouched for them, and where nobody did (an operator named them)."""

    def __init__(self, *, rules: Rules, people: People, origins: Origins, grants: Sequence[Grant]) -> None:
        self._rules = rules
        self._people = people
        self._origins = origins
        self._grants = grants

    def admit(self, identity: Identity) -> Identity:
        """As the directory has it. Raises TokenRefusedError, StoreError."""
        for human in self._humans(identity.principal):
            person = self._people.person(human.subject)
            if person is None and self._rules.required:
                raise TokenRefusedError("the company's directory does not know this person")
            if person is not None and not person.active:
                raise TokenRefusedError("this person is not active in the company's directory")
            if self._rules.groups and human is identity.principal:
                groups = _NOBODY if person is None else person.groups
                identity = replace(identity, principal=replace(human, groups=groups))
        return identity

    def why_not(
        self, *, affected: frozenset[str] | None = None, gone: frozenset[str] = _NOBODY
    ) -> Callable[[Pass], str | None]:
        """For each pass the reason why it must end, None if it may stay.

        ``affected``: look at these subjects only (casefolded); ``gone``: of these the directory just let go.
        """

        def why(pass_: Pass) -> str | None:
            for human in self._humans(pass_.principal):
                subject = human.subject.casefold()
                if affected is None or subject in affected:
                    reason = self._why_not(pass_, human, gone=subject in gone)
                    if reason is not None:
                        return reason
            return None

        return why

    def is_out(
        self, *, affected: frozenset[str] | None = None, gone: frozenset[str] = _NOBODY
    ) -> Callable[[Principal], bool]:
        """Whether what somebody signed in for at the gate itself must end: they are not there any more.

        ``affected`` and ``gone`` as in ``why_not``. Who only left a group keeps it: which groups are theirs is asked at each use.
        """

        def out(who: Principal) -> bool:
            subject = who.subject.casefold()
            if not self._is_here(who) or (affected is not None and subject not in affected):
                return False
            person = self._people.person(who.subject)
            if person is not None:
                return not person.active
            return subject in gone or (self._rules.required and who.claims.get("iss") == self._rules.issuer)

        return out

    def _why_not(self, pass_: Pass, human: Principal, *, gone: bool) -> str | None:
        person = self._people.person(human.subject)
        vouched = human.claims.get("iss") == self._rules.issuer
        if person is None:
            must_be_known = self._rules.required and vouched
            return f"{human} is not in the company's directory" if gone or must_be_known else None
        if not person.active:
            return f"{human} is not active in the company's directory"
        if vouched and self._rules.groups and self._origins.provider(pass_.id) == self._rules.provider:
            now = replace(human, groups=person.groups)
            if not is_covered(pass_, now, provider=self._rules.provider, grants=self._grants):
                return f"{human} is in no group any more that may have it"
        return None

    def _humans(self, principal: Principal) -> Iterator[Principal]:
        yield from filter(self._is_here, principal.links())

    def _is_here(self, who: Principal) -> bool:
        """Whether it is one whom the directory may know."""
        return who.kind is PrincipalKind.HUMAN and who.claims.get("iss") in (None, self._rules.issuer)
