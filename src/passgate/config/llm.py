"""Settings of models: where their clients connect, and the providers behind them."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import Address, FilePath, Name, Port, Text, not_empty
from passgate.config.secret_sources import Credential
from passgate.config.section import ListenerTls, Section, ShownTls

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:.]{2,45}", re.ASCII)

RESIDENCY = "residency"
"""The label that a fallback never crosses."""


def _url(value: str) -> str:
    """An origin and perhaps a path: no credential, no query, nothing that a caller could add to."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL, as in https://api.openai.com") from None
    if parts.scheme not in ("https", "http") or _HOST.fullmatch(parts.hostname or "") is None or port == 0:
        raise ValueError("must be a URL of http or https, as in https://api.openai.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and no password: name a credential instead")
    if parts.query or parts.fragment or "?" in value or "#" in value or _PATH.fullmatch(parts.path) is None:
        raise ValueError("must end with its path, which holds letters, digits and -._~ only")
    return value


Url = Annotated[str, AfterValidator(_url)]
Glob = Annotated[str, Field(min_length=1, max_length=200)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000)]


class HttpListener(Section):
    """Where clients of models' APIs connect. Without ``require_tls`` plain HTTP is spoken."""

    kind: Literal["http"]
    address: Address = "127.0.0.1"
    port: Port = 8080
    tls: ShownTls = ListenerTls()
    require_tls: bool = True


class LlmTls(Section):
    """How the gate makes sure that it talks to the right server. No ``ca``: the system's."""

    ca: FilePath | None = None


class LlmUpstream(Section):
    """The provider behind a resource, as the gate reaches it."""

    url: Url
    credential: Credential | None = None
    tls: LlmTls = LlmTls()


class Price(Section):
    """US dollars for a million tokens. ``cached``: input that the provider had seen before; as ``input`` where it is not given."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None


class LlmResource(Section):
    """Models of one provider under the operator's own name."""

    kind: Literal["llm"]
    labels: Mapping[Name, Text] = Field(default_factory=dict)
    provider: Literal["openai", "anthropic", "compatible"]
    upstream: LlmUpstream
    models: Annotated[tuple[Glob, ...], AfterValidator(not_empty)] = ("*",)
    fallback: tuple[Name, ...] = ()
    prices: Mapping[Glob, Price] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _credential(self) -> "LlmResource":
        if self.upstream.credential is None and self.provider != "compatible":
            raise ValueError(f"upstream.credential is required for the provider {self.provider}")
        return self

    @property
    def dialect(self) -> str:
        """Whose API is spoken there."""
        return "anthropic" if self.provider == "anthropic" else "openai"
