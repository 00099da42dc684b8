"""Every setting of ``passgate.yaml``, with its default. What each is for: docs/reference/config.md."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from passgate.config.approvals import Approvals
from passgate.config.control import Control
from passgate.config.identity import Identity
from passgate.config.kinds import AnyPath, Count, Duration, FilePath, Name, Size, not_empty
from passgate.config.llm import RESIDENCY, HttpListener, LlmResource
from passgate.config.postgres import PostgresListener, PostgresResource
from passgate.config.quantities import format_duration
from passgate.config.secret_sources import LocalSecret, Vaults
from passgate.config.section import Section
from passgate.config.state_folder import StateFolder
from passgate.config.telemetry import Telemetry
from passgate.core.errors import ConfigError

Listener = Annotated[PostgresListener | HttpListener, Field(discriminator="kind")]
"""Where clients of one protocol connect."""

Resource = Annotated[PostgresResource | LlmResource, Field(discriminator="kind")]
"""One governed target under the operator's own name."""


class Policy(Section):
    """Which rules are in force: packs shipped with Passgate, then bundles of one's own."""

    packs: tuple[Name, ...] = ("postgres-safe", "llm-safe")
    bundles: tuple[FilePath, ...] = ()

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


class LlmLimits(Section):
    """Bounds of calls to models."""

    max_body: Size = 32 * 2**20
    max_batch: Size = 256 * 2**20
    max_file: Size = 500 * 2**20
    max_answer: Size = 64 * 2**20
    read_timeout: Duration = timedelta(minutes=10)
    session_idle: Duration = timedelta(minutes=15)
    heartbeat: Duration = timedelta(seconds=15)

    @model_validator(mode="after")
    def _beats(self) -> "LlmLimits":
        if self.heartbeat >= timedelta(minutes=1):
            raise ValueError("heartbeat must be shorter than 1m: load balancers take a stream for dead by then")
        return self


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
    login_share: Annotated[int, Field(ge=1, le=100)] = 50
    llm: LlmLimits = LlmLimits()

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
    master_key: LocalSecret | None = None
    listeners: Annotated[tuple[Listener, ...], AfterValidator(not_empty)]
    resources: Annotated[Mapping[Name, Resource], AfterValidator(not_empty)]
    vaults: Vaults = Field(default_factory=dict)
    policy: Policy = Policy()
    passes: Passes = Passes()
    identity: Identity = Identity()
    approvals: Approvals = Approvals()
    control: Control | None = None
    ledger: Ledger = Ledger()
    limits: Limits = Limits()
    telemetry: Telemetry = Telemetry()

    @field_validator("listeners", mode="after")
    @classmethod
    def _distinct(cls, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
        taken = [(listener.address, listener.port) for listener in listeners]
        for index, one in enumerate(taken):
            if one in taken[:index]:
                raise ValueError(f"two listeners on {one[0]} port {one[1]}")
        return listeners

    @field_validator("resources", mode="after")
    @classmethod
    def _fallbacks(cls, resources: Mapping[str, Resource]) -> Mapping[str, Resource]:
        wrong = [
            f"{name} cannot fall back to {other!r}: {why}"
            for name, resource in resources.items()
            if isinstance(resource, LlmResource)
            for other in resource.fallback
            if (why := _why_no_fallback(name, resource, other, resources.get(other)))
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return resources

    @model_validator(mode="after")
    def _identity(self) -> "Settings":
        named = [name for grant in self.identity.grants for name in grant.resources]
        named += [name for agent in self.identity.agents.values() for name in agent.resources]
        named += [name for rule in self.identity.access_rules for name in rule.resources]
        unknown = sorted(set(named) - set(self.resources))
        if unknown:
            raise ValueError(f"identity names the resource {unknown[0]!r}, which is not among resources")
        served = any(isinstance(one, HttpListener) for one in self.listeners)
        if self.identity.providers and not served:
            raise ValueError("identity.providers needs a listener of kind http: tokens become passes there")
        if self.approvals.answered_over_http and not served:
            raise ValueError("approvals by Slack or a webhook need a listener of kind http: votes come back there")
        if self.identity.issuer is not None and not served:
            raise ValueError("identity.issuer needs a listener of kind http: its tokens are given there")
        if self.identity.issuer is not None and "api" in self.resources:
            raise ValueError("with identity.issuer no resource can be called 'api': that is the control API's name")
        return self

    @model_validator(mode="after")
    def _vaults(self) -> "Settings":
        for name, one in self.resources.items():
            credential = one.upstream.credential
            wanted = [credential.vault.server] if credential is not None and credential.vault is not None else []
            if isinstance(one, PostgresResource) and one.upstream.lease is not None:
                wanted.append(one.upstream.lease.server)
            unknown = sorted(set(wanted) - set(self.vaults))
            if unknown:
                raise ValueError(f"the resource {name} names the vault {unknown[0]!r}, which is not among vaults")
        return self

    @model_validator(mode="after")
    def _control(self) -> "Settings":
        if self.control is None:
            return self
        if not any(isinstance(one, HttpListener) for one in self.listeners):
            raise ValueError("control needs a listener of kind http: it is served there")
        issuer = self.identity.issuer
        if issuer is not None and issuer.url != self.control.public_url:
            raise ValueError(
                "control.public_url and identity.issuer.url are the same address: tokens are issued for it"
            )
        people = [name for name, one in self.identity.providers.items() if one.kind == "human"]
        unknown = sorted(set(self.control.providers) - set(people))
        if unknown:
            raise ValueError(
                f"control.providers names {unknown[0]!r}, which is not among identity.providers, or not one of people"
            )
        if len(people) > 1 and not self.control.providers:
            raise ValueError(
                "control.providers must say whose people have roles: each of several providers names its subjects and groups as it "
                f"likes (there are {', '.join(sorted(people))})"
            )
        if self.control.policy_upload and len(self.policy.bundles) != 1:
            raise ValueError("control.policy_upload needs exactly one file in policy.bundles: the one that is replaced")
        return self

    @property
    def postgres_resources(self) -> Mapping[str, PostgresResource]:
        return {name: one for name, one in self.resources.items() if isinstance(one, PostgresResource)}

    @property
    def llm_resources(self) -> Mapping[str, LlmResource]:
        return {name: one for name, one in self.resources.items() if isinstance(one, LlmResource)}

    @property
    def providers_of_roles(self) -> tuple[str, ...]:
        """Whose people may have a role at the control API."""
        named = () if self.control is None else self.control.providers
        return named or tuple(name for name, one in self.identity.providers.items() if one.kind == "human")

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


def _why_no_fallback(name: str, resource: LlmResource, other: str, target: Resource | None) -> str:
    """Nothing, where it can."""
    if other == name:
        return "it is the same"
    if not isinstance(target, LlmResource):
        return "there is no resource of kind llm with that name"
    if target.dialect != resource.dialect:
        return f"it speaks {target.dialect}, not {resource.dialect}"
    if target.labels.get(RESIDENCY) != resource.labels.get(RESIDENCY):
        return f"it has another label {RESIDENCY}"
    return ""
