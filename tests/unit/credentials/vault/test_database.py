"""Logins that a Vault makes."""

from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.vault.database import DatabaseEngine, LeaseEndedError
from passgate.credentials.vault.errors import VaultRefusedError
from passgate.credentials.vault.login import Authenticated, TokenLogin
from tests.unit.credentials.vault.conftest import Played, refused, said
from tests.unit.credentials.vault.test_login import Secret


@pytest.fixture
def engine(played: Played) -> DatabaseEngine:
    return DatabaseEngine(vault=Authenticated(played.vault(), TokenLogin(source=Secret("t"))))


async def test_a_login_is_made_with_its_lease(played: Played, engine: DatabaseEngine) -> None:
    played.will(
        said(
            lease_id="database/creds/ro/1",
            lease_duration=60,
            renewable=True,
            data={"username": "v-ro-1", "password": "p-1"},
        )
    )
    made = await engine.make("database", "ro")
    assert (made.lease, made.user, made.password, made.seconds, made.renewable) == (
        "database/creds/ro/1",
        "v-ro-1",
        "p-1",
        60,
        True,
    )
    assert "p-1" not in repr(made)
    assert played.asked[0].path == "/v1/database/creds/ro"


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"username": "u", "password": "p"}},
        {"lease_id": "", "lease_duration": 1, "renewable": True, "data": {"username": "u", "password": "p"}},
        {"lease_id": "l", "lease_duration": 1, "renewable": True, "data": {"username": "u"}},
        {"lease_id": "l", "lease_duration": 1, "renewable": True, "data": {"username": "u", "password": ""}},
    ],
)
async def test_an_answer_without_a_login(played: Played, engine: DatabaseEngine, document: dict[str, object]) -> None:
    played.will(said(**document), said())
    with pytest.raises(SecretUnavailableError, match="made"):
        await engine.make("database", "ro")


async def test_a_lease_is_renewed_or_is_over(played: Played, engine: DatabaseEngine) -> None:
    played.will(said(lease_id="l", lease_duration=30, renewable=True), said(), refused(400, "lease not found"))
    assert await engine.renew("l") == 30
    assert await engine.renew("l") == 0
    with pytest.raises(LeaseEndedError):
        await engine.renew("l")
    played.will(refused(403))
    with pytest.raises(VaultRefusedError) as raised:
        await engine.renew("l")
    assert not isinstance(
        raised.value, LeaseEndedError
    )  # the policy forbids renewing: the login lives as long as it would
    assert played.asked[0].path == "/v1/sys/leases/renew"
    assert played.asked[0].body == {"lease_id": "l"}


async def test_taking_away_waits_until_it_is_done(played: Played, engine: DatabaseEngine) -> None:
    played.will(said(), refused(404), refused(500))
    await engine.revoke("l")
    assert played.asked[0].body == {"lease_id": "l", "sync": True}
    await engine.revoke("l")
    with pytest.raises(VaultRefusedError):
        await engine.revoke("l")


@pytest.mark.parametrize("after", [said(), refused(500, "no")])
async def test_a_login_that_cannot_be_used_is_taken_away(played: Played, engine: DatabaseEngine, after: object) -> None:
    unusable = {"username": "u", "password": "x" * 5000}
    played.will(said(lease_id="l", lease_duration=1, renewable=True, data=unusable), *[after] * 3)  # type: ignore[list-item]
    with pytest.raises(SecretUnavailableError, match="longer than"):
        await engine.make("database", "ro")
    assert [asked.path for asked in played.asked][:2] == ["/v1/database/creds/ro", "/v1/sys/leases/revoke"]


async def test_a_time_past_all_dates_is_cut(played: Played, engine: DatabaseEngine) -> None:
    data = {"username": "u", "password": "p"}
    played.will(
        said(lease_id="l", lease_duration=2**63, renewable=True, data=data), said(lease_id="l", lease_duration=2**63)
    )
    made = await engine.make("database", "ro")
    assert datetime.now(UTC) + timedelta(seconds=made.seconds)
    assert await engine.renew("l") == made.seconds
