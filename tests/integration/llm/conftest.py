"""The endpoint in this very loop, in front of the stand-in: the real masker and pack, ledger and passes in memory."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from passgate.approvals.desk import Desk
from passgate.approvals.record import Records
from passgate.approvals.sealing import Sealer
from passgate.codecs.llm.operation import Dialect
from passgate.core.passes import Pass
from passgate.core.principal import PrincipalKind
from passgate.core.resource import Resource
from passgate.endpoints.llm.endpoint import LlmEndpoint
from passgate.endpoints.llm.settings import Limits, LlmSettings, LlmTarget
from passgate.masking import LineagePlanner, SessionMaskerFactory, open_detector
from passgate.masking.detectors import Detector
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import Spending
from passgate.policy.source import BundleSource
from passgate.store.approval_store import ApprovalRequestStore
from passgate.testing.llm_provider import Provider, RunningProvider, Script
from tests.integration.fakes import CountingLogins, MemoryPasses, MemoryRecorder
from tests.integration.llm.scripted import Scripted, serving
from tests.unit.approvals.parts import fresh_database
from tests.unit.endpoints.llm.parts import MemoryTelemetry

if os.environ.get("PASSGATE_TEST_LOOP") == "uvloop":  # how the gate serves in earnest

    def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        return {"uvloop": uvloop.new_event_loop}


PASS = "pg_human00000000000"
KEY = f"{PASS}.s3cret"


@dataclass
class Key:
    """A provider's credential that can be rotated, or be gone."""

    value: str = field(repr=False)
    forgotten: int = 0
    error: Exception | None = None

    async def obtain(self) -> str:
        if self.error is not None:
            raise self.error
        return self.value

    def forget(self) -> None:
        self.forgotten += 1


@dataclass
class MemoryBudgets:
    """``why``: what a call is refused with. What was reserved and settled, in order."""

    why: str | None = None
    error: Exception | None = None
    reserved: list[Spending] = field(default_factory=list)
    settled: list[tuple[Spending, Spending]] = field(default_factory=list)

    def reserve(self, pass_: Pass, expected: Spending) -> str | None:
        if self.error is not None:
            raise self.error
        if self.why is None:
            self.reserved.append(expected)
        return self.why

    def settle(self, pass_: Pass, expected: Spending, actual: Spending) -> None:
        self.settled.append((expected, actual))


@dataclass
class Moment:
    """What time the gate believes it is; follows the clock unless it is set."""

    at: datetime | None = None

    def now(self) -> datetime:
        return self.at or datetime.now(UTC)


@dataclass
class Gate:
    """An endpoint, and everything around it."""

    endpoint: LlmEndpoint
    provider: Provider
    provider_url: str
    passes: MemoryPasses
    recorder: MemoryRecorder
    desk: Desk
    logins: CountingLogins
    live: LiveSessions
    budgets: MemoryBudgets
    telemetry: MemoryTelemetry
    credential: Key
    moment: Moment
    client: aiohttp.ClientSession
    policies: BundleSource

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.endpoint.port}"

    def request(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
        data: object = None,
    ) -> "aiohttp.client._RequestContextManager":
        """``body`` is sent as JSON, ``data`` as it is."""
        sent = {"Authorization": f"Bearer {key}"} if key is not None else {}
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        method = method or ("GET" if data is None else "POST")
        return self.client.request(
            method, self.url + path, data=data, headers={**sent, **(headers or {})}, allow_redirects=False
        )

    async def ask(self, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        async with self.request(path, body, **more) as response:
            return response.status, await response.json()

    def chat(self, text: str, **more: object) -> dict[str, object]:
        return {"model": "gpt-5", "messages": [{"role": "user", "content": text}], **more}

    def message(self, text: str, **more: object) -> dict[str, object]:
        return {"model": "claude-5", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}

    async def held(self) -> str:
        """Wait until something is held; its request's id."""
        async with asyncio.timeout(5):
            while not (requests := self.desk.list()):  # noqa: ASYNC110 - the desk tells nobody
                await asyncio.sleep(0.01)
        return requests[0].id

    async def settled(self, count: int = 1) -> None:
        """Wait until so many outcomes are recorded."""
        async with asyncio.timeout(5):
            while len(self.recorder.outcomes()) < count:  # noqa: ASYNC110 - a ledger in memory tells nobody
                await asyncio.sleep(0.01)


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    async with serving() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return open_detector(cache=tmp_path_factory.mktemp("rules"))


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


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def bundles() -> tuple[Path, ...]:
    """Rules beside the pack."""
    return ()


@pytest.fixture
def more_targets() -> tuple[LlmTarget, ...]:
    return ()


def target(name: str, dialect: Dialect, url: str, credential: Key | None, **more: Any) -> LlmTarget:
    return LlmTarget(
        resource=Resource(name=name, kind="llm"),
        provider=dialect.value,
        dialect=dialect,
        url=url,
        credential=credential,
        **more,
    )


@pytest.fixture
async def gate(
    running_provider: RunningProvider,
    provider: Provider,
    detector: Detector,
    limits: Limits,
    bundles: tuple[Path, ...],
    more_targets: tuple[LlmTarget, ...],
    tmp_path: Path,
) -> AsyncIterator[Gate]:
    recorder, passes, logins, live = MemoryRecorder(), MemoryPasses(), CountingLogins(), LiveSessions()
    budgets, telemetry, moment = MemoryBudgets(), MemoryTelemetry(), Moment()
    credential = Key(provider.key)
    database = fresh_database(tmp_path / "state.db")
    desk = Desk(
        recorder=recorder, store=ApprovalRequestStore(database), records=Records(Sealer(bytes(32))), look_seconds=0.02
    )
    policies = BundleSource(bundles, ("llm-safe",))
    steps = Steps(
        policy=policies,
        planner=LineagePlanner(),
        maskers=SessionMaskerFactory(detector=detector, master_key=bytes(range(32))),
        recorder=recorder,
        approvals=desk,
        now=moment.now,
    )
    url = running_provider.url
    targets = {
        "gpt": target("gpt", Dialect.OPENAI, url, credential),
        "claude": target("claude", Dialect.ANTHROPIC, url, credential),
        **{one.name: one for one in more_targets},
    }
    passes.add(PASS, kind=PrincipalKind.HUMAN, resources=frozenset(targets))
    endpoint = LlmEndpoint(
        settings=LlmSettings(limits=limits),
        steps=steps,
        passes=passes,
        logins=logins,
        targets=targets,
        live=live,
        tls=None,
        budgets=budgets,
        telemetry=telemetry,
    )
    await endpoint.start("127.0.0.1", 0)
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        yield Gate(
            endpoint=endpoint,
            provider=provider,
            provider_url=url,
            passes=passes,
            recorder=recorder,
            desk=desk,
            logins=logins,
            live=live,
            budgets=budgets,
            telemetry=telemetry,
            credential=credential,
            moment=moment,
            client=client,
            policies=policies,
        )
    await endpoint.close()
    await desk.close()
    database.close()
