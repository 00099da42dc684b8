"""A field of a secret."""

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.vault.kv import KvCredential
from passgate.credentials.vault.login import Authenticated, TokenLogin
from tests.unit.credentials.vault.conftest import Played, refused, said
from tests.unit.credentials.vault.test_login import Secret


def field(played: Played, version: int = 2, name: str = "password") -> KvCredential:
    vault = Authenticated(played.vault(), TokenLogin(source=Secret("t")))
    return KvCredential(vault=vault, mount="secret", path="shop/db", field=name, version=2 if version == 2 else 1)


async def test_each_version_has_its_own_path_and_shape(played: Played) -> None:
    played.will(said(data={"data": {"password": "two"}, "metadata": {"version": 3}}))
    assert await field(played).obtain() == "two"
    played.will(said(data={"password": "one"}))
    assert await field(played, 1).obtain() == "one"
    assert [one.path for one in played.asked] == ["/v1/secret/data/shop/db", "/v1/secret/shop/db"]


@pytest.mark.parametrize(
    ("version", "data", "why"),
    [
        (2, {"password": "p-secret"}, "no secret of a KV engine of version 2"),
        (2, {"data": None, "metadata": {}}, "no secret of a KV engine of version 2"),
        (1, None, "no secret of a KV engine of version 1"),
        (2, {"data": {"passwort": "p-secret"}}, "has no field password"),
        (2, {"data": {"password": 7}}, "is not a text"),
        (2, {"data": {"password": ""}}, "holds no secret"),
        (2, {"data": {"password": "p-secret" * 1000}}, "is longer than"),
    ],
)
async def test_what_is_not_there_is_told_without_what_is(played: Played, version: int, data: object, why: str) -> None:
    played.will(said(data=data))
    with pytest.raises(SecretUnavailableError, match=why) as raised:
        await field(played, version).obtain()
    assert "p-secret" not in str(raised.value)
    assert "secret/shop/db of vault main" in str(raised.value)


async def test_a_deleted_secret_is_not_there(played: Played) -> None:
    played.will(refused(404))
    with pytest.raises(SecretUnavailableError, match="that it is not deleted"):
        await field(played).obtain()
