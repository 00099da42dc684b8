"""How the gate learns that somebody has left: from the company's directory, or by asking the provider again."""

from datetime import timedelta
from typing import Literal

from pydantic import model_validator

from passgate.config.kinds import Duration, Name
from passgate.config.section import Credential, Section


class Directory(Section):
    """SCIM 2.0: who works there, told by the directory of one provider. ``credential``: the bearer token that it shows."""

    provider: Name
    credential: Credential
    required: bool = False
    groups_from: Literal["token", "directory"] = "token"
    subject: Literal["user_name", "external_id", "email"] = "user_name"


class Recheck(Section):
    """The provider is asked again about people who signed in, by their refresh tokens."""

    every: Duration = timedelta(minutes=5)
    grace: Duration = timedelta(minutes=15)

    @model_validator(mode="after")
    def _ordered(self) -> "Recheck":
        if self.grace <= self.every:
            raise ValueError("grace must be longer than every, or one missed answer would end everybody's access")
        return self
