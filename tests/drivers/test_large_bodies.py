"""While a body that was made to be expensive is judged, everybody else is served, and a revocation is heard."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, LlmUpstream, PostgresCluster, RunningGate
from passgate.testing.llm_provider import Provider, RunningProvider, Script, Text
from tests.drivers.conftest import BUNDLE

MEGABYTE = 2**20
WORST = "10.0.0.1 ::1 fe80::1 "
"""Two and a half seconds of work per megabyte: three findings in twenty bytes."""

ESCAPES = "\\u0061\\u0040x "
"""A fifth of a second per megabyte, most of it in calls that let nobody else have the interpreter."""

SELECT = "SELECT status FROM orders WHERE id = 7"


@dataclass(frozen=True)
class Place:
    gate: RunningGate
    provider: Provider

    def post(self, issued: IssuedPass, content: str) -> tuple[int, str, float]:
        """Status, text and seconds."""
        body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": content}]})
        headers = {"Authorization": f"Bearer {issued.key}", "Content-Type": "application/json"}
        begun = time.monotonic()
        with closing(HTTPConnection("127.0.0.1", self.gate.http_port, timeout=300)) as client:
            client.request("POST", "/v1/chat/completions", body, headers)
            answer = client.getresponse()
            return answer.status, answer.read().decode(), time.monotonic() - begun

    def slowest(self, issued: IssuedPass, until: "Future[tuple[int, str, float]]") -> tuple[float, int]:
        """Of statements sent while something else is under way: seconds of the slowest, and how many there were."""
        worst, count = 0.0, 0
        with psycopg.connect(self.gate.dsn(issued), autocommit=True) as connection:
            while not until.done():
                begun = time.monotonic()
                connection.execute(SELECT)
                worst, count = max(worst, time.monotonic() - begun), count + 1
        return worst, count


@pytest.fixture(scope="module")
def place(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with RunningProvider.start() as running:
        model = LlmUpstream(name="gpt", provider="openai", url=running.url, credential=running.provider.key)
        setup = GateSetup(
            database="shop",
            user="app",
            password="app-password",
            packs=("postgres-safe", "llm-safe"),
            bundle=BUNDLE,
            models=(model,),
        )
        with RunningGate.start(tmp_path_factory.mktemp("large"), cluster, setup) as gate:
            yield Place(gate=gate, provider=running.provider)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def filled(unit: str, megabytes: float) -> str:
    size = int(megabytes * MEGABYTE)
    return (unit * (size // len(unit) + 1))[:size]


def test_statements_are_answered_while_sixteen_megabytes_are_judged(place: Place, pool: ThreadPoolExecutor) -> None:
    talks, reads = place.gate.issue(resources=("gpt",)), place.gate.issue()
    big = pool.submit(place.post, talks, filled(ESCAPES, 14) + filled(WORST, 1))
    worst, count = place.slowest(reads, big)
    status, text, took = big.result()
    assert status == 200, text[:500]
    assert count > 20
    assert worst < took / 4


def test_statements_are_answered_while_a_whole_answer_is_masked(place: Place, pool: ThreadPoolExecutor) -> None:
    talks, reads = place.gate.issue(resources=("gpt",)), place.gate.issue()
    place.provider.default = Script(parts=(Text(text=filled(WORST, 2)),))
    try:
        big = pool.submit(place.post, talks, "hello")
        worst, count = place.slowest(reads, big)
        status, text, took = big.result()
    finally:
        place.provider.default = Script()
    assert status == 200, text[:500]
    assert count > 20
    assert worst < took / 4


def test_a_revocation_ends_a_call_whose_body_is_being_judged(place: Place, pool: ThreadPoolExecutor) -> None:
    talks, reads = place.gate.issue(resources=("gpt",)), place.gate.issue()
    received = len(place.provider.received)
    big = pool.submit(place.post, talks, filled(ESCAPES, 12) + filled(WORST, 4))
    with psycopg.connect(place.gate.dsn(reads), autocommit=True) as connection:
        connection.execute(SELECT)
    assert not big.done()
    place.gate.cli("pass", "revoke", talks.id)
    told = time.monotonic()
    status, text, _ = big.result(timeout=60)
    assert time.monotonic() - told < 2
    assert (status, "pass_ended" in text) == (401, True)
    assert len(place.provider.received) == received
