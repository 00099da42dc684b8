"""Where upstream secrets may come from besides the gate's own machine: Vaults and AWS Secrets Manager."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import AnyPath, Duration, FilePath, Name, Text, Variable, not_empty
from passgate.config.section import Section
from passgate.core.action import VerbClass

_PATH = re.compile(r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._@ -]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._@ -]+)*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:.]{2,45}", re.ASCII)

KUBERNETES_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def _origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL, as in https://vault.example:8200") from None
    if parts.scheme not in ("https", "http") or _HOST.fullmatch(parts.hostname or "") is None or port == 0:
        raise ValueError("must be a URL of http or https, as in https://vault.example:8200")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must be https: over http everybody on the way could read the secrets (this machine excepted)")
    if parts.username is not None or parts.path not in ("", "/") or "?" in value or "#" in value:
        raise ValueError("must be an origin only, as in https://vault.example:8200")
    return value.rstrip("/")


def _path(value: str) -> str:
    if _PATH.fullmatch(value) is None:
        raise ValueError("must be names of letters, digits and ._@- with a slash between them, none before or after")
    return value


Origin = Annotated[str, AfterValidator(_origin)]
VaultPath = Annotated[str, Field(max_length=500), AfterValidator(_path)]
Verb = Literal["read", "write", "ddl", "admin", "code", "egress"]


class LocalSecret(Section):
    """Where a secret is on the gate's own machine: exactly one of the three. The secret itself never stands in this file."""

    env: Variable | None = None
    file: AnyPath | None = None
    command: Annotated[tuple[Text, ...], AfterValidator(not_empty)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "LocalSecret":
        if sum(source is not None for source in (self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of env, file and command must be set")
        return self


class AppRole(Section):
    mount: VaultPath = "approle"
    role_id: Text
    secret_id: LocalSecret


class Kubernetes(Section):
    """The pod's own service account."""

    mount: VaultPath = "kubernetes"
    role: Text
    token: AnyPath = Field(default=KUBERNETES_TOKEN, validate_default=True)


class Jwt(Section):
    mount: VaultPath = "jwt"
    role: Text
    token: LocalSecret


class VaultAuth(Section):
    """How the gate logs in: exactly one of the four."""

    token: LocalSecret | None = None
    approle: AppRole | None = None
    kubernetes: Kubernetes | None = None
    jwt: Jwt | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "VaultAuth":
        if sum(way is not None for way in (self.token, self.approle, self.kubernetes, self.jwt)) != 1:
            raise ValueError("exactly one of token, approle, kubernetes and jwt must be set")
        return self


class Vault(Section):
    """A HashiCorp Vault or an OpenBao. No ``ca``: the system's."""

    address: Origin
    namespace: Text | None = None
    ca: FilePath | None = None
    timeout: Duration = timedelta(seconds=10)
    auth: VaultAuth


class VaultSecret(Section):
    """One field of a secret in a KV engine."""

    server: Name
    mount: VaultPath = "secret"
    path: VaultPath
    field: Text
    kv: Literal[1, 2] = 2


class AwsSecret(Section):
    """A secret of AWS Secrets Manager; with ``field``, of the JSON object that it is."""

    secret: Text
    field: Text | None = None
    region: Text | None = None
    endpoint: Origin | None = None


class Credential(Section):
    """Where the upstream secret comes from: exactly one. The secret itself never stands in this file."""

    env: Variable | None = None
    file: AnyPath | None = None
    command: Annotated[tuple[Text, ...], AfterValidator(not_empty)] | None = None
    vault: VaultSecret | None = None
    aws: AwsSecret | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Credential":
        if sum(one is not None for one in (self.env, self.file, self.command, self.vault, self.aws)) != 1:
            raise ValueError("exactly one of env, file, command, vault and aws must be set")
        return self


class LeaseRole(Section):
    """A role of the database engine, for sessions whose pass covers no other verbs."""

    role: VaultPath
    verbs: Annotated[tuple[Verb, ...], AfterValidator(not_empty)]

    @property
    def classes(self) -> frozenset[VerbClass]:
        return frozenset(VerbClass(verb) for verb in self.verbs)


class Lease(Section):
    """A login of its own for each session, made by the database engine of a Vault."""

    server: Name
    mount: VaultPath = "database"
    roles: Annotated[tuple[LeaseRole, ...], AfterValidator(not_empty)]


Vaults = Mapping[Name, Vault]
