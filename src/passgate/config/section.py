"""What every kind of listener and resource has: the closed mapping, and TLS."""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from passgate.config.kinds import FilePath


class Section(BaseModel):
    """One mapping of the file: typed strictly, closed to unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


AnySection = TypeVar("AnySection", bound=Section)


def values_in(value: object, setting: str = "") -> Iterator[tuple[str, object]]:
    """``value`` and all that stands below it, sections themselves too, each with its name: ``listeners[0].tls.key``."""
    yield setting, value
    match value:
        case Section():
            for name in type(value).model_fields:
                yield from values_in(getattr(value, name), f"{setting}.{name}".lstrip("."))
        case Mapping():
            for name, one in value.items():
                yield from values_in(one, f"{setting}.{name}")
        case tuple():
            for number, one in enumerate(value):
                yield from values_in(one, f"{setting}[{number}]")


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
