"""The control API as HTTP clients meet it: a real server, real signatures, desks in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.core.principal import Principal, PrincipalKind
from passgate.endpoints.control import Callers, ControlEndpoint, Holders, Rate, Roster, routes_of
from passgate.pipeline.control import Role
from tests.unit.endpoints.control.desks import NOW, Desks
from tests.unit.endpoints.control.tokens import AUDIENCE, ISSUER, Signer, human
from tests.unit.pipeline.steps import MemoryRecorder

PEOPLE = {
    "user": human("ada@example.com"),
    "approver": human("bob@example.com", "approvers"),
    "auditor": human("eve@example.com"),
    "operator": human("Oscar@example.com"),
    "nobody": human("trudy@example.com", "staff"),
}
SERVICE = Principal(kind=PrincipalKind.SERVICE, subject="deployer")

ROSTER = Roster(
    people={
        Role.USER: Holders(subjects=frozenset({"ada@example.com", "grace@example.com"})),
        Role.APPROVER: Holders(groups=frozenset({"approvers"})),
        Role.AUDITOR: Holders(subjects=frozenset({"eve@example.com"}), groups=frozenset({"audit"})),
        Role.OPERATOR: Holders(subjects=frozenset({"oscar@example.com"})),
    },
    issuers=frozenset({ISSUER}),
    services={"deployer": frozenset({Role.AUDITOR})},
)


@dataclass
class Answered:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Bench:
    desks: Desks = field(default_factory=Desks)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    signer: Signer = field(default_factory=Signer)
    per_caller: Rate = field(default_factory=lambda: Rate(100_000))
    per_address: Rate = field(default_factory=lambda: Rate(100_000))
    client: "TestClient[web.BaseRequest, None]" = field(init=False)
    endpoint: ControlEndpoint = field(init=False)

    def build(self) -> ControlEndpoint:
        plane = self.desks.plane()
        callers = Callers(tokens=self.signer, roster=ROSTER, locks=self.desks.locks, audience=AUDIENCE)
        return ControlEndpoint(
            routes=tuple(routes_of(plane, now=lambda: NOW)),
            callers=callers,
            keys=plane.keys,
            recorder=self.recorder,
            public_url="https://gate.example.com",
            version="1.2.3",
            per_caller=self.per_caller,
            per_address=self.per_address,
        )

    def bearer(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.token(PEOPLE[who])}"}

    async def call(
        self, who: str | None, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> Answered:
        """``path`` below /api/v1. ``who`` None: no token."""
        sent = {**({} if who is None else self.bearer(who)), **(headers or {})}
        async with self.client.request(method, f"/api/v1{path}", headers=sent, **more) as answer:
            body = await answer.json(content_type=None)
            expected = "application/json" if answer.status < 400 else "application/problem+json"
            assert answer.content_type == expected
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Access-Control-Allow-Origin" not in answer.headers
            if answer.status >= 400:
                assert body["status"] == answer.status
                assert body["type"].startswith("urn:passgate:problem:")
                assert body["detail"]
            return Answered(status=answer.status, body=body, headers=dict(answer.headers))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    bench.endpoint = bench.build()

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await bench.endpoint.serve(request) or web.Response(status=418)

    async with RawTestServer(serve) as server:
        bench.client = TestClient(server)
        async with bench.client:
            yield bench
