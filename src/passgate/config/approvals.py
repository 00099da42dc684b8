"""Who may decide on held actions."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import AnyPath, Text, not_empty
from passgate.config.section import Section


class Person(Section):
    """Known by the user that they are on this machine, as the kernel says, or by what a channel says of them."""

    os_user: Text | None = None
    groups: Annotated[tuple[Text, ...], AfterValidator(not_empty)] = ("approvers",)


class Approvals(Section):
    """Without people a hold is a refusal. ``sockets``: a folder that they can reach, for ``passgate approvals``."""

    people: Mapping[Text, Person] = Field(default_factory=dict)
    sockets: AnyPath | None = None

    @model_validator(mode="after")
    def _distinct(self) -> "Approvals":
        users: dict[str, str] = {}
        for subject, person in self.people.items():
            if person.os_user is None:
                continue
            other = users.setdefault(person.os_user, subject)
            if other != subject:
                raise ValueError(f"{other} and {subject} are both {person.os_user}: one of them could approve twice")
        return self
