"""Secrets kept for a little while."""

import asyncio

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import Credential
from passgate.credentials.remembered import RememberedCredential


class Source:
    def __init__(self) -> None:
        self.asked = 0
        self.broken = False

    async def obtain(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.broken:
            raise SecretUnavailableError
        return f"hunter{self.asked}"


class Clock:
    time = 100.0

    def __call__(self) -> float:
        return self.time


async def test_it_asks_once_per_while() -> None:
    source, clock = Source(), Clock()
    credential = RememberedCredential(source, seconds=60, clock=clock)
    as_protocol: Credential = credential
    assert await as_protocol.obtain() == "hunter1"
    clock.time += 59
    assert await credential.obtain() == "hunter1"
    clock.time += 1
    assert await credential.obtain() == "hunter2"
    assert "hunter" not in repr(credential)


async def test_many_at_once_ask_once() -> None:
    source = Source()
    credential = RememberedCredential(source, seconds=60)
    assert set(await asyncio.gather(*(credential.obtain() for _ in range(100)))) == {"hunter1"}
    assert source.asked == 1


async def test_a_refused_secret_is_forgotten() -> None:
    credential = RememberedCredential(Source(), seconds=60)
    await credential.obtain()
    credential.forget()
    assert await credential.obtain() == "hunter2"


async def test_a_failure_is_not_remembered() -> None:
    source = Source()
    source.broken = True
    credential = RememberedCredential(source, seconds=60)
    with pytest.raises(SecretUnavailableError):
        await credential.obtain()
    source.broken = False
    assert await credential.obtain() == "hunter2"


async def test_forgetting_reaches_what_another_remembers() -> None:
    credential = RememberedCredential(RememberedCredential(Source(), seconds=60), seconds=60)
    await credential.obtain()
    credential.forget()
    assert await credential.obtain() == "hunter2"
