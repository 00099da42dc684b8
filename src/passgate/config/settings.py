"""Every setting of ``passgate.yaml``, with its default. What each is for: docs/reference/config.md."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from passgate.config.quantities import format_duration, parse_duration, parse_size
from passgate.config.state_folder import StateFolder
from passgate.core.errors import ConfigError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?", re.ASCII)
Filled = TypeVar("Filled", bound=Collection[Any])

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


class Section(BaseModel):
    """One mapping of the file: typed strictly, closed to unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("a duration needs a unit, as in 30s")  # noqa: TRY004 - pydantic reports ValueError
    return parse_duration(value) if isinstance(value, str) else value


def _size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("a size needs a unit, as in 64MiB")  # noqa: TRY004 - pydantic reports ValueError
    return parse_size(value) if isinstance(value, str) else value


def _from_file(value: object, info: ValidationInfo) -> object:
    """Relative paths start at the folder of the file they are written in."""
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise ValueError("must be a path")
    base = (info.context or {}).get("base", Path())
    return Path(base, Path(value).expanduser())


def _is_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _exists(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"there is no file or folder {path}")
    return path


def _not_empty(value: Filled) -> Filled:
    # Not Field(min_length=1): that also fires when there were entries, but none of them was right.
    if not value:
        raise ValueError("must not be empty")
    return value


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise ValueError("a name is 1 to 63 of a-z, 0-9, '.', '_' and '-', and starts and ends with a letter or digit")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("must be an IP address, as in 127.0.0.1, 0.0.0.0 or ::1") from None


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if _HOST.fullmatch(value) is None:
            raise ValueError("must be a host name or an IP address") from None
        return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
AnyPath = Annotated[Path, BeforeValidator(_from_file)]
FilePath = Annotated[Path, BeforeValidator(_from_file), AfterValidator(_is_file)]
ExistingPath = Annotated[Path, BeforeValidator(_from_file), AfterValidator(_exists)]
Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1, le=10**12)]


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


class Listener(Section):
    """Where clients of one protocol connect. Port 0 is not allowed: clients must know it."""

    kind: Literal["postgres"]
    address: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    port: Port = 6432
    tls: Annotated[ListenerTls, BeforeValidator(_auto)] = ListenerTls()
    require_tls: bool = True


class UpstreamTls(Section):
    """How the gate makes sure that it talks to the right server. No ``ca``: the system's."""

    mode: Literal["verify-full", "verify-ca", "disable"] = "verify-full"
    ca: FilePath | None = None


class Credential(Section):
    """Where the upstream password comes from: exactly one of the three. The password itself never stands in this file."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: AnyPath | None = None
    command: Annotated[tuple[Text, ...], AfterValidator(_not_empty)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Credential":
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command must be set")
        return self


class Upstream(Section):
    """The server behind a resource, as the gate reaches it."""

    host: Annotated[str, AfterValidator(_host)]
    port: Port = 5432
    database: Text
    user: Text
    tls: UpstreamTls = UpstreamTls()
    auth: Annotated[tuple[Literal["scram-sha-256", "md5", "password"], ...], AfterValidator(_not_empty)] = (
        "scram-sha-256",
    )
    credential: Credential


class Catalog(Section):
    refresh: Duration = timedelta(seconds=60)


class Resource(Section):
    """One governed target under the operator's own name."""

    kind: Literal["postgres"]
    labels: Mapping[Name, Text] = Field(default_factory=dict)
    upstream: Upstream
    catalog: Catalog = Catalog()


class Policy(Section):
    """Which rules are in force: packs shipped with Passgate, then bundles of one's own."""

    packs: tuple[Name, ...] = ("postgres-safe",)
    bundles: tuple[ExistingPath, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> "Policy":
        if not self.packs and not self.bundles:
            raise ValueError("without a pack or a bundle everything is denied: name at least one")
        return self


class Passes(Section):
    """How long a pass lives."""

    default_ttl: Duration = timedelta(minutes=30)
    max_ttl: Duration = timedelta(hours=8)

    @model_validator(mode="after")
    def _ordered(self) -> "Passes":
        if self.default_ttl > self.max_ttl:
            raise ValueError(
                f"default_ttl ({format_duration(self.default_ttl)}) is longer than max_ttl ({format_duration(self.max_ttl)})"
            )
        return self


class Recording(Section):
    """How much of what a client saw is kept. Past a bound only the hash goes on."""

    per_session: Size = 256 * 2**20
    per_result: Size = 16 * 2**20


class Ledger(Section):
    """``durability: os`` leaves flushing to the operating system, for benchmarks only: a power cut may lose acknowledged events."""

    durability: Literal["fsync", "os"] = "fsync"
    reserve: Size = 64 * 2**20
    recording: Recording = Recording()


class Limits(Section):
    """A bound for everything; one that is hit is an event in the ledger."""

    connect_timeout: Duration = timedelta(seconds=10)
    login_timeout: Duration = timedelta(seconds=10)
    idle_timeout: Duration = timedelta(minutes=30)
    statement_timeout: Duration = timedelta(minutes=5)
    max_message: Size = 16 * 2**20
    max_statement_bytes: Size = 256 * 2**10
    max_result_rows: Count = 10_000_000
    max_result_bytes: Size = 4 * 2**30
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 2000

    @model_validator(mode="after")
    def _fits(self) -> "Limits":
        if self.max_statement_bytes > self.max_message:
            raise ValueError("max_statement_bytes is larger than max_message, so it could never be reached")
        return self


class Settings(Section):
    """The whole file."""

    state: AnyPath
    node: Name = "gate"
    org: Name = "local"
    listeners: Annotated[tuple[Listener, ...], AfterValidator(_not_empty)]
    resources: Annotated[Mapping[Name, Resource], AfterValidator(_not_empty)]
    policy: Policy = Policy()
    passes: Passes = Passes()
    ledger: Ledger = Ledger()
    limits: Limits = Limits()

    @field_validator("listeners", mode="after")
    @classmethod
    def _distinct(cls, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
        taken = [(listener.address, listener.port) for listener in listeners]
        for index, one in enumerate(taken):
            if one in taken[:index]:
                raise ValueError(f"two listeners on {one[0]} port {one[1]}")
        return listeners

    @property
    def state_folder(self) -> StateFolder:
        return StateFolder(path=self.state)

    def certificate_of(self, listener: Listener) -> tuple[Path, Path]:
        """Certificate and key that it shows to clients. Raises ConfigError where ``passgate init`` has not made them."""
        if listener.tls.certificate is not None and listener.tls.key is not None:
            return listener.tls.certificate, listener.tls.key
        folder = self.state_folder
        for path in (folder.server_certificate, folder.server_key):
            if not path.is_file():
                raise ConfigError(
                    f"The listener on port {listener.port} has `tls: auto`, but {path} is not there: run `passgate init`"
                )
        return folder.server_certificate, folder.server_key

    def with_state(self, path: Path) -> "Settings":
        """The same, with another state folder (``--state``)."""
        return self.model_copy(update={"state": path})


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> tuple[str, ...]:
    """Every setting as documentation writes it: ``listeners[].tls.certificate``, ``resources.<name>.kind``."""
    names: list[str] = []
    for key, field in model.model_fields.items():
        here = f"{prefix}{key}"
        inner, marker = inner_model(field.annotation)
        names.append(here)
        if inner is not None:
            names.extend(setting_names(inner, f"{here}{marker}."))
    return tuple(names)


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, str]:  # noqa: ANN401 - an annotation is of any kind
    """The section below a setting and how one steps into it (``[]`` a list, ``.<name>`` a mapping); None below a plain value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return inner_model(arguments[0])
    if isinstance(annotation, type) and origin is None:
        return (annotation, "") if issubclass(annotation, BaseModel) else (None, "")
    if origin is tuple:
        inner, below = inner_model(arguments[0])
        return inner, f"[]{below}"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        inner, below = inner_model(arguments[1])
        return inner, f".<name>{below}"
    for argument in arguments:
        inner, below = inner_model(argument)
        if inner is not None:
            return inner, below
    return None, ""
