"""Who may ask for access that nobody has standing."""

from datetime import timedelta
from typing import Annotated, Literal

import re2
from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import Count, Duration, Name, Text, not_empty
from passgate.config.section import Section

Verb = Literal["read", "write", "ddl", "admin", "code", "egress"]

_MOST_APPROVERS = 20


def _pattern(value: str) -> str:
    try:
        re2.compile(value)
    except re2.error as error:
        raise ValueError(f"ticket is no pattern (RE2): {error}") from None
    return value


class AccessApprovers(Section):
    """How many different people of which group must approve, and how long they are waited for."""

    group: Text = "approvers"
    count: Annotated[Count, Field(le=_MOST_APPROVERS)] = 1
    expires: Duration = timedelta(minutes=30)

    @model_validator(mode="after")
    def _some_time(self) -> "AccessApprovers":
        if self.expires < timedelta(seconds=1):
            raise ValueError("expires must leave people some time")
        return self


class AccessRule(Section):
    """What people of these groups, or by these names, may ask for, and who must agree."""

    name: Name
    resources: Annotated[tuple[Name, ...], AfterValidator(not_empty)]
    verbs: Annotated[tuple[Verb, ...], AfterValidator(not_empty)] = ("read",)
    groups: tuple[Text, ...] = ()
    subjects: tuple[Text, ...] = ()
    providers: tuple[Name, ...] = ()
    max_ttl: Duration = timedelta(hours=1)
    approvers: AccessApprovers = AccessApprovers()
    reason: bool = True
    ticket: Annotated[Text, AfterValidator(_pattern)] | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "AccessRule":
        if not self.groups and not self.subjects:
            raise ValueError("a rule says who may ask: groups, subjects or both")
        if self.max_ttl < timedelta(seconds=1):
            raise ValueError("max_ttl must be a second at least")
        return self
