"""Every setting of ``passgate.yaml``, with its default. What each is for: docs/reference/config.md."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from passgate.config.kinds import (
    Address,
    AnyPath,
    Count,
    Duration,
    ExistingPath,
    FilePath,
    Host,
    Name,
    Port,
    Size,
    Text,
    Variable,
    not_empty,
)
from passgate.config.quantities import format_duration
from passgate.config.state_folder import StateFolder
from passgate.core.errors import ConfigError


class Section(BaseModel):
    """One mapping of the file: typed strictly, closed to unknown keys, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


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
    address: Address = "127.0.0.1"
    port: Port = 6432
    tls: Annotated[ListenerTls, BeforeValidator(_auto)] = ListenerTls()
    require_tls: bool = True


class UpstreamTls(Section):
    """How the gate makes sure that it talks to the right server. No ``ca``: the system's."""

    mode: Literal["verify-full", "verify-ca", "disable"] = "verify-full"
    ca: FilePath | None = None


class Credential(Section):
    """Where the upstream password comes from: exactly one of the three. The password itself never stands in this file."""

    env: Variable | None = None
    file: AnyPath | None = None
    command: Annotated[tuple[Text, ...], AfterValidator(not_empty)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Credential":
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command must be set")
        return self


class Upstream(Section):
    """The server behind a resource, as the gate reaches it."""

    host: Host
    port: Port = 5432
    database: Text
    user: Text
    tls: UpstreamTls = UpstreamTls()
    auth: Annotated[tuple[Literal["scram-sha-256", "md5", "password"], ...], AfterValidator(not_empty)] = (
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
    listeners: Annotated[tuple[Listener, ...], AfterValidator(not_empty)]
    resources: Annotated[Mapping[Name, Resource], AfterValidator(not_empty)]
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
