"""People and groups as a company's directory tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    value: str
    type: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person there (RFC 7643, section 4.1), with what is needed to know them again and nothing besides.

    ``user_name`` is the same in capitals. ``external_id``: the directory's own id of the person; empty if it names none.
    """

    user_name: str
    active: bool = True
    external_id: str = ""
    display_name: str = ""
    formatted: str = ""
    given_name: str = ""
    family_name: str = ""
    emails: tuple[Email, ...] = ()

    @property
    def email(self) -> str:
        """The primary address, the first where none is; empty without any."""
        primary = [email.value for email in self.emails if email.primary]
        return (primary or [email.value for email in self.emails] or [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``members``: ids of users (RFC 7643, section 4.2). Groups within groups are not kept."""

    display_name: str
    external_id: str = ""
    members: frozenset[str] = frozenset()


Content = TypeVar("Content", bound=User | Group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Content]):
    """One of them as it is kept. ``version`` begins at 1 and grows with every change. Times are aware and in UTC."""

    id: str
    content: Content
    created: datetime
    modified: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the directory says of a token's subject now. ``groups``: names."""

    active: bool
    groups: frozenset[str]
