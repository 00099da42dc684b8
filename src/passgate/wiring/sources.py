"""Sources of upstream secrets, wired: the gate's own machine, Vaults, AWS Secrets Manager."""

import ssl
from collections.abc import Mapping

from passgate.config import secret_sources as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.event import EventType, Json
from passgate.core.lease import Lease
from passgate.credentials.credential import Credential
from passgate.credentials.file import FileCredential
from passgate.credentials.leases import DatabaseLogins, LeasedRole, LeaseKeeper
from passgate.credentials.remembered import RememberedCredential
from passgate.credentials.vault.database import DatabaseEngine
from passgate.credentials.vault.http import VaultServer
from passgate.credentials.vault.kv import KvCredential
from passgate.credentials.vault.login import AppRoleLogin, Authenticated, JwtLogin, Login, TokenLogin
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.store.lease_store import LeaseStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.local_secrets import local_secret
from passgate.wiring.own_acts import Record

_REMOTE_SECONDS = 30.0
"""A secret that another service keeps is asked for at most this often: a new one is in use after as long."""


class Sources:
    """Finds secrets as the settings say, with one log-in for each Vault."""

    def __init__(self, vaults: Mapping[str, configured.Vault]) -> None:
        """Raises ConfigError."""
        self.vaults = {name: _vault(name, one) for name, one in vaults.items()}

    def credential(self, source: configured.Credential) -> Credential:
        """Raises ConfigError."""
        if source.vault is not None:
            secret = source.vault
            if secret.server not in self.vaults:
                raise ConfigError(f"A credential names the vault {secret.server!r}, which is not among vaults")
            return RememberedCredential(
                KvCredential(
                    vault=self.vaults[secret.server],
                    mount=secret.mount,
                    path=secret.path,
                    field=secret.field,
                    version=secret.kv,
                ),
                seconds=_REMOTE_SECONDS,
            )
        if source.aws is not None:
            from passgate.credentials.aws import AwsCredential  # botocore takes 13 MiB of those who need it

            aws = source.aws
            return RememberedCredential(
                AwsCredential(
                    secret=aws.secret, field=aws.field or "", region=aws.region or "", endpoint=aws.endpoint or ""
                ),
                seconds=_REMOTE_SECONDS,
            )
        return local_secret(source)


def lease_keeper(
    settings: Settings, sources: Sources, *, database: SqliteDatabase, live: LiveSessions, worker: int, record: Record
) -> LeaseKeeper | None:
    """None without a Vault."""
    if not sources.vaults:
        return None

    async def swept(lease: Lease) -> None:
        detail: dict[str, Json] = {"resource": lease.resource, "role": lease.user, "swept": True}
        await record(EventType.CREDENTIAL_DROPPED, detail)

    return LeaseKeeper(
        {name: DatabaseEngine(vault=vault) for name, vault in sources.vaults.items()},
        LeaseStore(database),
        holder=f"{settings.node}-{worker}",
        lost=lambda session: live.kill(session, EndReason.LOGIN_ENDED),
        swept=swept,
    )


def database_logins(lease: configured.Lease, keeper: LeaseKeeper) -> DatabaseLogins:
    return DatabaseLogins(
        keeper=keeper,
        server=lease.server,
        mount=lease.mount,
        roles=tuple(LeasedRole(role=one.role, verbs=one.classes) for one in lease.roles),
    )


def _vault(name: str, vault: configured.Vault) -> Authenticated:
    try:
        tls = ssl.create_default_context(cafile=None if vault.ca is None else str(vault.ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The authorities {vault.ca} of the vault {name} are not usable: {error}") from error
    server = VaultServer(
        name=name,
        address=vault.address,
        namespace=vault.namespace or "",
        tls=tls if vault.address.startswith("https:") else None,
        seconds=vault.timeout.total_seconds(),
    )
    return Authenticated(server, _login(vault.auth))


def _login(auth: configured.VaultAuth) -> Login:
    if auth.token is not None:
        return TokenLogin(source=local_secret(auth.token))
    if auth.approle is not None:
        return AppRoleLogin(
            mount=auth.approle.mount, role_id=auth.approle.role_id, secret_id=local_secret(auth.approle.secret_id)
        )
    if auth.kubernetes is not None:
        pod = auth.kubernetes
        return JwtLogin(mount=pod.mount, role=pod.role, jwt=FileCredential(path=pod.token, mounted=True))
    if auth.jwt is not None:
        return JwtLogin(mount=auth.jwt.mount, role=auth.jwt.role, jwt=local_secret(auth.jwt.token))
    raise ConfigError("A vault names no way to log in")
