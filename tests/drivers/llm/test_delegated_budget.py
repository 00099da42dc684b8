"""What a sub-agent spends on models is spent by the agent that delegated to it."""

import json
from collections.abc import Iterator

import openai
import pytest

from passgate.testing import GateSetup, IssuedPass, RunningGate
from passgate.testing.gate import LlmUpstream
from passgate.testing.llm_provider import Provider, RunningProvider

AGENTS = """\
identity:
  agents:
    summariser: {purpose: summaries, resources: [models], verbs: [read, egress], until: '2999-12-31'}
"""


@pytest.fixture(scope="module")
def gate(running_provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    key = running_provider.provider.key
    models = (LlmUpstream(name="models", provider="openai", url=running_provider.url, credential=key),)
    setup = GateSetup(packs=("llm-safe",), models=models, sections=AGENTS)
    with RunningGate.start(tmp_path_factory.mktemp("budgets"), None, setup) as gate:
        yield gate


def taken(gate: RunningGate, *words: str) -> IssuedPass:
    made = json.loads(gate.cli("pass", *words, "--resource", "models", "--purpose", "sums", "--json"))
    return IssuedPass(id=made["id"], secret=made["secret"])


def spent(gate: RunningGate, pass_: IssuedPass) -> int:
    return int(json.loads(gate.cli("pass", "show", pass_.id, "--json"))["spent"]["requests"])


def call(gate: RunningGate, pass_: IssuedPass) -> None:
    with openai.OpenAI(base_url=f"{gate.url}/v1", api_key=pass_.key, max_retries=0) as client:
        client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Hello"}])


def test_both_spend_from_one_budget_and_what_is_used_up_is_used_up_for_both(
    gate: RunningGate, provider: Provider
) -> None:
    first = taken(gate, "issue", "--for", "agent:reporter", "--on-behalf-of", "ada@example.com", "--max-requests", "3")
    call(gate, first)
    below = taken(gate, "delegate", first.id, "--to", "summariser")
    assert json.loads(gate.cli("pass", "show", below.id, "--json"))["budget"]["requests"] == 2
    call(gate, below)
    assert (spent(gate, first), spent(gate, below)) == (2, 1)
    call(gate, first)
    with pytest.raises(openai.APIStatusError, match="a pass that this one was delegated from"):
        call(gate, below)
    with pytest.raises(openai.APIStatusError, match="all of its 3 requests are used"):
        call(gate, first)
    assert (spent(gate, first), spent(gate, below)) == (3, 1)
