"""What endpoints ask of whoever keeps people and groups, and of whoever hears that they have left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

from passgate.core.directory import Content, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``attribute``: ``id``, ``name`` (a user's name, a group's display name), ``external_id`` or ``display_name``."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Content]):
    """``total``: how many there are in all."""

    entries: Sequence[Entry[Content]]
    total: int


class Shelf(Protocol[Content]):
    """Users, or groups. Every method raises StoreError."""

    def find(self, entry_id: str) -> Entry[Content] | None: ...

    def page(self, matches: Sequence[Match], *, start: int, count: int) -> Page[Content]:
        """All that match all of it, oldest first. ``start`` counts from 0."""

    async def add(self, content: Content) -> Entry[Content]:
        """Raises NameTakenError, UnknownMemberError, LedgerUnavailableError."""

    async def replace(self, old: Entry[Content], content: Content) -> Entry[Content] | None:
        """None where it is not ``old`` any more. Raises as ``add`` does."""

    async def remove(self, old: Entry[Content]) -> bool:
        """False where it is not ``old`` any more."""


class Logout(Protocol):
    """OpenID Connect Back-Channel Logout 1.0."""

    async def logged_out(self, token: str) -> int:
        """How many passes it ended. Raises TokenRefusedError, IssuerUnavailableError, StoreError."""
