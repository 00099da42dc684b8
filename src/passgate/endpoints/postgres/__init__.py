"""PostgreSQL's endpoint.

``PostgresEndpoint(settings=..., steps=..., passes=..., logins=..., resources=..., live=..., tls=...)`` serves one listener:
``await start(host, port, reuse_port=...)``, ``await close()``. ``CatalogQuery(upstream)`` reads a target's catalog for its
language; ``Minter(upstream, grants)`` makes a role for each session, ``Leasing(upstream=..., logins=...)`` lets a service make it.
"""

from passgate.endpoints.postgres.endpoint import PostgresEndpoint
from passgate.endpoints.postgres.leasing import Leasing
from passgate.endpoints.postgres.minting import Minter
from passgate.endpoints.postgres.query import CatalogQuery
from passgate.endpoints.postgres.settings import (
    AuthMethod,
    Credential,
    Limits,
    Minting,
    PostgresSettings,
    Target,
    TlsMode,
    Upstream,
)

__all__ = [
    "AuthMethod",
    "CatalogQuery",
    "Credential",
    "Leasing",
    "Limits",
    "Minter",
    "Minting",
    "PostgresEndpoint",
    "PostgresSettings",
    "Target",
    "TlsMode",
    "Upstream",
]
