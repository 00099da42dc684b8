"""One task, two kinds of resource, two workers: what psycopg has read decides what the openai SDK may still send."""

import json
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import openai
import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, LlmUpstream, PostgresCluster, RunningGate
from passgate.testing.llm_provider import Provider, RunningProvider
from tests.drivers.conftest import BUNDLE

PLAIN = "SELECT id, status FROM orders ORDER BY id LIMIT 3"
MASKED = "SELECT email FROM customers WHERE id = 3"
ROUNDS = 12
"""Connections made to have talked to both workers: that one is never chosen in so many happens once in 2,048 times."""


@dataclass(frozen=True)
class Both:
    """A gate of two workers in front of a database, a model outside and a model inside."""

    gate: RunningGate
    provider: Provider

    def prompt(self, issued: IssuedPass, resource: str = "outside") -> int:
        """The HTTP status; each prompt by a connection of its own, so that either worker may get it."""
        with openai.OpenAI(base_url=f"{self.gate.url}/{resource}/v1", api_key=issued.key, max_retries=0) as client:
            try:
                client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Sum it up."}])
            except openai.APIStatusError as error:
                return error.status_code
        return 200

    def prompts(self, issued: IssuedPass, resource: str = "outside") -> set[int]:
        return {self.prompt(issued, resource) for _ in range(ROUNDS)}

    def read(self, issued: IssuedPass, text: str) -> object:
        with psycopg.connect(self.gate.dsn(issued), autocommit=True) as connection:
            return connection.execute(text).fetchall()

    def issue(self, *resources: str, task: str = "", to: str = "agent:reporter") -> IssuedPass:
        return self.gate.issue(resources=resources, task=task, to=to)


def setup(provider: Provider, url: str) -> GateSetup:
    return GateSetup(
        database="shop",
        user="app",
        password="app-password",
        packs=("postgres-safe", "llm-safe", "session-facts"),
        bundle=BUNDLE,
        workers=2,
        models=(
            LlmUpstream(
                name="outside",
                provider="openai",
                url=url,
                credential=provider.key,
                settings="labels: {reach: external}",
            ),
            LlmUpstream(
                name="inside", provider="openai", url=url, credential=provider.key, settings="labels: {reach: internal}"
            ),
        ),
    )


@pytest.fixture(scope="module")
def both(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with RunningProvider.start() as running:
        made = setup(running.provider, running.url)
        with RunningGate.start(tmp_path_factory.mktemp("facts"), cluster, made) as gate:
            yield Both(gate=gate, provider=running.provider)


def test_after_a_masked_read_no_worker_lets_the_tasks_prompts_out(both: Both) -> None:
    reads = both.issue("shop", task="weekly")
    talks = both.issue("outside", "inside", task="weekly", to="agent:writer")
    other = both.issue("outside", task="another")
    assert both.prompts(talks) == {200}
    both.read(reads, PLAIN)
    assert both.prompts(talks) == {200}, "what is not masked is no fact"
    received = len(both.provider.received)
    ((email,),) = both.read(reads, MASKED)
    assert "customer3@" not in email
    assert both.prompts(talks) == {403}
    assert len(both.provider.received) == received
    assert both.prompts(talks, "inside") == {200}
    assert both.prompts(other) == {200}


def test_the_very_next_prompt_knows_whichever_worker_has_it(both: Both) -> None:
    """The row is in the reader's hands when the prompt leaves: no timer has had time to tell anybody."""
    for _ in range(ROUNDS):
        issued = both.issue("shop", "outside")
        both.read(issued, MASKED)
        assert both.prompt(issued) == 403


def test_sessions_that_are_open_since_long_learn_it_too(both: Both) -> None:
    issued = both.issue("shop", "outside")
    clients = [
        openai.OpenAI(base_url=f"{both.gate.url}/outside/v1", api_key=issued.key, max_retries=0) for _ in range(ROUNDS)
    ]
    messages = [{"role": "user", "content": "Sum it up."}]
    for client in clients:
        client.chat.completions.create(model="gpt-5", messages=messages)
    both.read(issued, MASKED)
    for client in clients:
        with pytest.raises(openai.PermissionDeniedError, match="needs approval"):
            client.chat.completions.create(model="gpt-5", messages=messages)
        client.close()


def test_the_ledger_says_under_which_facts_it_was_decided(both: Both) -> None:
    issued = both.issue("shop", "outside", task="noted")
    assert both.prompt(issued) == 200
    both.read(issued, MASKED)
    assert both.prompt(issued) == 403
    events = [json.loads(line) for line in both.gate.cli("ledger", "export").splitlines()]
    mine = [one for one in events if one.get("pass", {}).get("id") == issued.id]
    assert {one["pass"]["task"] for one in mine} == {"noted"}
    (tagged,) = (one for one in mine if one["type"] == "task.tagged")
    assert tagged["detail"] == {"by": "gate", "tag": "sensitive-read"}
    asked = sorted((one["time"], one) for one in mine if one.get("action", {}).get("verb") == "generate")
    decided = [(one["decision"]["outcome"], one.get("tags", [])) for _, one in asked if "decision" in one]
    assert decided == [("allow", []), ("hold", ["sensitive-read"]), ("deny", ["sensitive-read"])]
    reads = [one for one in mine if one.get("action", {}).get("verb") == "select" and "decision" in one]
    assert [one.get("tags", []) for one in reads] == [[]], "what it sets was not in force yet"


def again(gate: RunningGate) -> "subprocess.Popen[bytes]":
    """The same gate in a new process, when it takes connections."""
    gate.process.terminate()
    gate.process.wait(30)
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(gate.process.args, **quiet)
    until(lambda: listens(gate.port) and listens(gate.http_port))
    return process


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_facts_outlive_the_gate(cluster: PostgresCluster, tmp_path: Path) -> None:
    """The same state folder, another process: what the pass has read is still known."""
    with RunningProvider.start() as running:
        made = setup(running.provider, running.url)
        with RunningGate.start(tmp_path / "gate", cluster, made) as gate:
            both = Both(gate=gate, provider=running.provider)
            issued, other = both.issue("shop", "outside"), both.issue("shop", "outside")
            both.read(issued, MASKED)
            assert both.prompt(issued) == 403
            process = again(gate)
            try:
                assert both.prompts(issued) == {403}
                assert both.prompts(other) == {200}
            finally:
                process.terminate()
                process.wait(30)


def test_a_gate_that_cannot_store_the_fact_shows_no_row(cluster: PostgresCluster, tmp_path: Path) -> None:
    with RunningProvider.start() as running:
        made = replace(setup(running.provider, running.url), workers=1)
        with RunningGate.start(tmp_path / "gate", cluster, made) as gate:
            both = Both(gate=gate, provider=running.provider)
            issued = both.issue("shop", "outside")
            with psycopg.connect(gate.dsn(issued), autocommit=True) as connection:
                connection.execute(PLAIN)
                with closing(sqlite3.connect(gate.state / "state.db", isolation_level=None)) as store:
                    store.execute("ALTER TABLE task_tags RENAME TO elsewhere")
                with pytest.raises(psycopg.Error, match=r"the state store cannot record|cannot be known"):
                    connection.execute(MASKED)
            until(lambda: both.prompt(issued) != 200)  # within half a second nobody is told anything any more
            with closing(sqlite3.connect(gate.state / "state.db", isolation_level=None)) as store:
                store.execute("ALTER TABLE elsewhere RENAME TO task_tags")
            until(lambda: both.prompt(both.issue("outside")) == 200)
