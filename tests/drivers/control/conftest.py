"""A real gate with the control API, in a thread of this process, so that a signer of the test's own can stand for its issuer.

Real are the listener, the store, the ledger, the policy and the live sessions; the desks of approvals and requests are in memory.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from passgate import app
from passgate.config.loading import load_settings
from passgate.config.settings import Settings
from passgate.core.principal import Principal
from passgate.endpoints.beside import Beside
from passgate.pipeline.sealing import UNSEALED
from passgate.testing.llm_provider import RunningProvider
from passgate.testing.postgres import free_port
from passgate.wiring.control import control_beside
from tests.unit.endpoints.control.desks import AccessDesk, ApprovalsDesk, make_approval
from tests.unit.endpoints.control.tokens import ISSUER, Signer, human

PEOPLE = {
    "user": human("ada@example.com"),
    "approver": human("bob@example.com"),
    "auditor": human("eve@example.com"),
    "operator": human("oscar@example.com"),
    "nobody": human("trudy@example.com"),
}


@dataclass(kw_only=True)
class ControlledGate:
    folder: Path
    url: str
    signer: Signer
    approvals: ApprovalsDesk
    requests: AccessDesk
    gate: app.Gate = field(init=False)
    loop: asyncio.AbstractEventLoop = field(init=False)

    def token(self, who: str, *, principal: Principal | None = None) -> str:
        return self.signer.token(principal or PEOPLE[who], audience=[f"{self.url}/api"])

    @property
    def everybody(self) -> Principal:
        """One person with every role."""
        return human("everybody@example.com", "everything")

    def call(
        self, who: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> requests.Response:
        """``path`` below /api/v1."""
        sent = {"Authorization": f"Bearer {self.token(who)}", **(headers or {})}
        return requests.request(method, f"{self.url}/api/v1{path}", headers=sent, timeout=30, **more)

    def call_as(self, subject: str, method: str, path: str) -> requests.Response:
        token = self.token("", principal=human(subject))
        return self.call("user", method, path, headers={"Authorization": f"Bearer {token}"})

    def good(self, who: str, method: str, path: str, **more: Any) -> Any:
        answer = self.call(who, method, path, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def events(self, *types: str) -> Sequence[Mapping[str, Any]]:
        """The bodies of every event of these types, oldest first."""
        found: list[Mapping[str, Any]] = []
        for type_ in types:
            cursor: str | None = None
            while True:
                more = {} if cursor is None else {"cursor": cursor}
                page = self.good("auditor", "GET", "/ledger/events", params={"type": type_, "limit": 200, **more})
                found += [item["event"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        return found


@contextmanager
def controlled_gate(
    folder: Path, *, provider: RunningProvider | None = None, calls_per_minute: int = 1_000_000
) -> Iterator[ControlledGate]:
    port, dead = free_port(), free_port()
    (folder / "rules.yaml").write_text("rules: []\n")
    (folder / "secret").touch(mode=0o600)
    (folder / "secret").write_text("app-password" if provider is None else provider.provider.key)
    (folder / "passgate.yaml").write_text(f"""\
state: state
listeners:
  - {{kind: http, port: {port}, require_tls: false}}
resources:
  shop:
    kind: postgres
    labels: {{env: prod}}
    upstream: {{host: 127.0.0.1, port: {dead}, database: shop, user: app, credential: {{file: secret}}, tls: {{mode: disable}}}}
  models:
    kind: llm
    provider: openai
    upstream: {{url: "{f"http://127.0.0.1:{dead}" if provider is None else provider.url}", credential: {{file: secret}}}}
policy: {{packs: [postgres-safe, llm-safe], bundles: [rules.yaml]}}
identity:
  providers: {{company: {{issuer: "{ISSUER}", audience: [passgate]}}}}
  agents:
    reporter: {{purpose: reports, resources: [shop], until: "2027-06-30"}}
control:
  public_url: http://127.0.0.1:{port}
  policy_upload: true
  calls_per_minute: {calls_per_minute}
  calls_per_minute_of_an_address: 1000000
  roles:
    user: {{groups: [everything], subjects: [ada@example.com, grace@example.com]}}
    approver: {{groups: [everything], subjects: [bob@example.com]}}
    auditor: {{groups: [everything], subjects: [eve@example.com]}}
    operator: {{groups: [everything], subjects: [oscar@example.com]}}
""")
    settings = load_settings(folder / "passgate.yaml")
    settings.state_folder.create()
    controlled = ControlledGate(
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        signer=Signer(),
        approvals=ApprovalsDesk(kept={"ap1": make_approval("ap1")}),
        requests=AccessDesk(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "control_beside", _beside(controlled))
        with _running(settings, controlled):
            yield controlled


def _beside(controlled: ControlledGate) -> Any:
    def beside(settings: Settings, *, gate: app.Gate, **_others: object) -> Sequence[Beside]:
        return control_beside(
            settings,
            gate=gate,
            tokens=controlled.signer,
            approvals=controlled.approvals,
            requests=controlled.requests,
        )

    return beside


@contextmanager
def _running(settings: Settings, controlled: ControlledGate) -> Iterator[None]:
    started, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            controlled.gate = await app.Gate.start(settings, 0, UNSEALED, shared=False, stack=stack)
            controlled.loop = asyncio.get_running_loop()
            started.set()
            await stop.wait()

    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(asyncio.run, run())
        ended.add_done_callback(lambda _: started.set())
        started.wait()
        try:
            if not ended.done():
                yield
        finally:
            if not ended.done():
                controlled.loop.call_soon_threadsafe(stop.set)
            ended.result()


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledGate]:
    with controlled_gate(tmp_path_factory.mktemp("control")) as controlled:
        yield controlled
