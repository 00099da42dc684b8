"""Secrets in the environment."""

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import Credential
from passgate.credentials.environment import EnvironmentCredential


async def test_it_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    credential: Credential = EnvironmentCredential(name="SHOP_PASSWORD")
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    assert await credential.obtain() == "hunter2"
    monkeypatch.setenv("SHOP_PASSWORD", "hunter3")
    assert await credential.obtain() == "hunter3"
    assert "hunter" not in repr(credential)


async def test_a_variable_that_is_not_set_or_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(SecretUnavailableError, match="SHOP_PASSWORD is not set"):
        await EnvironmentCredential(name="SHOP_PASSWORD").obtain()
    monkeypatch.setenv("SHOP_PASSWORD", "")
    with pytest.raises(SecretUnavailableError, match="SHOP_PASSWORD holds no secret"):
        await EnvironmentCredential(name="SHOP_PASSWORD").obtain()
