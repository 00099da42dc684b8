"""The stand-in, once; every test starts with nothing received and nothing scripted."""

from collections.abc import Iterator

import pytest

from passgate.testing.llm_provider import Provider, RunningProvider, Script
from tests.drivers.llm.ways import Way


@pytest.fixture(scope="session")
def running_provider() -> Iterator[RunningProvider]:
    with RunningProvider.start() as running:
        yield running


@pytest.fixture
def provider(running_provider: RunningProvider) -> Provider:
    provider = running_provider.provider
    provider.forget()
    provider.default = Script()
    return provider


@pytest.fixture(params=["direct"])
def way(request: pytest.FixtureRequest, running_provider: RunningProvider, provider: Provider) -> Way:
    return Way(name="direct", url=running_provider.url, key=provider.key, provider=provider)
