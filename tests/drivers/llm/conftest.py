"""The stand-in, once, and one gate in front of it; every test starts with nothing received and nothing scripted."""

from collections.abc import Iterator

import pytest

from passgate.testing import GateSetup, IssuedPass, RunningGate
from passgate.testing.gate import LlmUpstream
from passgate.testing.llm_provider import Provider, RunningProvider
from tests.drivers.llm.ways import Way
from tests.integration.llm.conftest import provider, running_provider

__all__ = ["provider", "running_provider"]


@pytest.fixture(scope="session")
def model_gate(running_provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    """In front of the stand-in twice: once for each dialect. Its rules are those of the pack."""
    key = running_provider.provider.key
    models = tuple(
        LlmUpstream(name=f"{dialect}-models", provider=dialect, url=running_provider.url, credential=key)
        for dialect in ("openai", "anthropic")
    )
    setup = GateSetup(packs=("llm-safe",), models=models)
    with RunningGate.start(tmp_path_factory.mktemp("model-gate"), None, setup) as gate:
        yield gate


@pytest.fixture(scope="session")
def model_pass(model_gate: RunningGate) -> IssuedPass:
    return model_gate.issue(resources=("openai-models", "anthropic-models"), ttl="2h")


@pytest.fixture(params=["direct", "gate"])
def way(request: pytest.FixtureRequest, running_provider: RunningProvider, provider: Provider) -> Way:
    if request.param == "direct":
        return Way(name="direct", url=running_provider.url, key=provider.key, provider=provider)
    gate: RunningGate = request.getfixturevalue("model_gate")
    issued: IssuedPass = request.getfixturevalue("model_pass")
    return Way(name="gate", url=gate.url, key=issued.key, provider=provider)
