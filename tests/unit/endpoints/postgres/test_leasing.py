"""A login that a service leases takes the place of the gate's own."""

import pytest

from passgate.core.errors import SecretUnavailableError, TargetUnavailableError
from passgate.core.session import Session
from passgate.endpoints.postgres import AuthMethod, Leasing, Upstream
from passgate.endpoints.postgres.minting import Known
from passgate.pipeline.logins import Login
from tests.unit.pipeline.steps import make_session

UPSTREAM = Upstream(
    host="db",
    port=5432,
    database="shop",
    user="catalog",
    credential=Known(text="own"),
    auth=frozenset({AuthMethod.SCRAM, AuthMethod.MD5}),
)


class Service:
    def __init__(self) -> None:
        self.closed: list[str] = []
        self.broken = False

    async def open(self, session: Session) -> Login:
        return Login(user=f"v-{session.id}", password="p-secret")

    async def close(self, user: str) -> None:
        if self.broken:
            raise SecretUnavailableError("the vault is away")
        self.closed.append(user)


async def test_a_session_logs_in_as_what_was_leased_for_it() -> None:
    service = Service()
    leasing = Leasing(upstream=UPSTREAM, logins=service)
    login = await leasing.mint(make_session())
    assert (login.user, await login.credential.obtain()) == (f"v-{make_session().id}", "p-secret")
    assert (login.host, login.database, login.auth) == ("db", "shop", UPSTREAM.auth)
    assert "p-secret" not in repr(login) + repr(login.credential)
    await leasing.drop(login.user)
    assert service.closed == [login.user]
    service.broken = True
    with pytest.raises(TargetUnavailableError, match="the vault is away"):
        await leasing.drop(login.user)
