"""What every kind of listener and resource has: the closed mapping, TLS, and where a secret is found."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from passgate.config.kinds import AnyPath, FilePath, Text, Variable, not_empty


class Section(BaseModel):
    """One mapping of the file: typed strictly, closed to unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


AnySection = TypeVar("AnySection", bound=Section)


class ListenerTls(Section):
    """The certificate shown to clients. Neither set (``tls: auto``): the one that ``passgate init`` made."""

    certificate: FilePath | None = None
    key: FilePath | None = None

    @model_validator(mode="after")
    def _both(self) -> "ListenerTls":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


def _auto(value: object) -> object:
    return {} if value == "auto" else value


ShownTls = Annotated[ListenerTls, BeforeValidator(_auto)]


class Credential(Section):
    """Where the upstream secret comes from: exactly one of the three. The secret itself never stands in this file."""

    env: Variable | None = None
    file: AnyPath | None = None
    command: Annotated[tuple[Text, ...], AfterValidator(not_empty)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Credential":
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command must be set")
        return self
