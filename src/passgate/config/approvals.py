"""Who may decide on held actions, and how they are told."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import AnyPath, FilePath, Name, Text, not_empty
from passgate.config.secret_sources import LocalSecret
from passgate.config.section import Section

_LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _address(value: str) -> str:
    """Whoever listens on the way would know what is asked for, and could answer in its place."""
    rest = next((value[len(start) :] for start in _LOOPBACK if value.startswith(start)), None)
    if not value.startswith("https://") and (rest is None or rest[:1] not in ("", ":", "/")):
        raise ValueError("must be an https URL; http only to this very machine")
    if "@" in value or "#" in value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be a plain URL, without a user and without a fragment")
    return value.rstrip("/")


Address = Annotated[Text, AfterValidator(_address)]


class Person(Section):
    """Known by the user that they are on this machine, as the kernel says, or by what a channel says of them."""

    os_user: Text | None = None
    slack: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,30}$")] | None = None
    groups: Annotated[tuple[Text, ...], AfterValidator(not_empty)] = ("approvers",)


class Webhook(Section):
    """Told of requests, signed. ``votes``: it may also answer for people, and so is believed who they are."""

    url: Address
    secret: LocalSecret
    ca: FilePath | None = None
    votes: bool = False


class Slack(Section):
    """One message for each request in one conversation. ``api`` and ``hooks`` are other places for tests only."""

    channel: Annotated[str, Field(pattern=r"^[CDG][A-Z0-9]{1,30}$")]
    token: LocalSecret
    signing_secret: LocalSecret
    api: Address = "https://slack.com/api"
    hooks: Address = "https://hooks.slack.com"


class Approvals(Section):
    """Without people a hold is a refusal. ``sockets``: a folder that they can reach, for ``passgate approvals``."""

    people: Mapping[Text, Person] = Field(default_factory=dict)
    sockets: AnyPath | None = None
    webhooks: Mapping[Name, Webhook] = Field(default_factory=dict)
    slack: Slack | None = None

    @model_validator(mode="after")
    def _distinct(self) -> "Approvals":
        _once(self.people, lambda person: person.os_user)
        _once(self.people, lambda person: person.slack)
        return self

    @property
    def answered_over_http(self) -> bool:
        """Whether votes come back over the gate's own HTTP listener."""
        return self.slack is not None or any(webhook.votes for webhook in self.webhooks.values())


def _once(people: Mapping[str, Person], known_as: Callable[[Person], str | None]) -> None:
    taken: dict[str, str] = {}
    for subject, person in people.items():
        name = known_as(person)
        if name is None:
            continue
        other = taken.setdefault(name, subject)
        if other != subject:
            raise ValueError(f"{other} and {subject} are both {name}: one of them could approve twice")
