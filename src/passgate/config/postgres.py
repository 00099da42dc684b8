"""Settings of PostgreSQL: where its clients connect, and the servers behind them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import Address, Duration, FilePath, Host, Name, Port, Text, not_empty
from passgate.config.secret_sources import Credential, Lease
from passgate.config.section import ListenerTls, Section, ShownTls
from passgate.core.action import VerbClass


class PostgresListener(Section):
    """Where clients connect. Port 0 is not allowed: clients must know it."""

    kind: Literal["postgres"]
    address: Address = "127.0.0.1"
    port: Port = 6432
    tls: ShownTls = ListenerTls()
    require_tls: bool = True


class PostgresTls(Section):
    """How the gate makes sure that it talks to the right server. No ``ca``: the system's."""

    mode: Literal["verify-full", "verify-ca", "disable"] = "verify-full"
    ca: FilePath | None = None


class Mint(Section):
    """A role of its own for each session, a member of these roles as far as its pass covers the class of verbs."""

    read: tuple[Text, ...] = ()
    write: tuple[Text, ...] = ()
    ddl: tuple[Text, ...] = ()
    admin: tuple[Text, ...] = ()
    code: tuple[Text, ...] = ()
    egress: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> "Mint":
        if not any(self.grants().values()):
            raise ValueError("without a role that it is a member of, a session's own role may do nothing: name some")
        return self

    def grants(self) -> Mapping[VerbClass, tuple[str, ...]]:
        return {verb: getattr(self, verb.value) for verb in VerbClass if verb is not VerbClass.SESSION}


class PostgresUpstream(Section):
    """The server behind a resource, as the gate reaches it."""

    host: Host
    port: Port = 5432
    database: Text
    user: Text
    tls: PostgresTls = PostgresTls()
    auth: Annotated[tuple[Literal["scram-sha-256", "md5", "password"], ...], AfterValidator(not_empty)] = (
        "scram-sha-256",
    )
    credential: Credential
    mint: Mint | None = None
    lease: Lease | None = None

    @model_validator(mode="after")
    def _one_maker(self) -> "PostgresUpstream":
        if self.mint is not None and self.lease is not None:
            raise ValueError("either the gate makes the sessions' logins (mint) or a vault does (lease)")
        return self


class Catalog(Section):
    refresh: Duration = timedelta(seconds=60)


class PostgresResource(Section):
    """One database server under the operator's own name."""

    kind: Literal["postgres"]
    labels: Mapping[Name, Text] = Field(default_factory=dict)
    upstream: PostgresUpstream
    catalog: Catalog = Catalog()
