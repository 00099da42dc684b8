"""Every route of the OpenAPI document x everybody who might call it. A route that is not in the table fails the test."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from passgate.core.principal import Principal, PrincipalKind
from tests.unit.endpoints.control.conftest import PEOPLE, SERVICE, Bench
from tests.unit.endpoints.control.desks import VERSION, agent_of
from tests.unit.endpoints.control.tokens import human

ISSUE = {
    "principal": {"kind": "agent", "subject": "reporter"},
    "on_behalf_of": {"kind": "human", "subject": "someone@example.com"},
    "resources": ["shop"],
    "verbs": ["read"],
    "purpose": "a test",
}
ASK = {"resources": ["shop"], "verbs": ["write"], "ttl_seconds": 3600, "reason": "INC-42"}
LOCK = {"kind": "agent", "target": "reporter", "reason": "incident"}
VOTE = {"vote": "approve"}
BUNDLE = {"bundle": "rules: []"}
ACTIVATE = {**BUNDLE, "replaces": VERSION}

# operation: path with ada's object, path with another user's, body, then what comes of
#   user(own) user(another's) approver auditor operator
# 404 where a user must not even learn that there is such a thing; the service is an auditor.
NONE = None
TABLE: dict[str, tuple[str, str | None, dict[str, Any] | None, tuple[int, int, int, int, int]]] = {
    "getDocument": ("GET /openapi.json", NONE, NONE, (200, 200, 200, 200, 200)),
    "whoAmI": ("GET /whoami", NONE, NONE, (200, 200, 200, 200, 200)),
    "listResources": ("GET /resources", NONE, NONE, (200, 200, 200, 200, 200)),
    "listAgents": ("GET /agents", NONE, NONE, (403, 403, 403, 200, 200)),
    "getAgent": ("GET /agents/reporter", NONE, NONE, (403, 403, 403, 200, 200)),
    "listPasses": ("GET /passes", NONE, NONE, (200, 200, 403, 200, 200)),
    "issuePass": ("POST /passes", NONE, ISSUE, (403, 403, 403, 403, 201)),
    "getPass": ("GET /passes/pg_ada", "GET /passes/pg_grace", NONE, (200, 404, 403, 200, 200)),
    "revokePass": ("POST /passes/pg_ada/revoke", "POST /passes/pg_grace/revoke", NONE, (200, 404, 403, 403, 200)),
    "listRequests": ("GET /requests", NONE, NONE, (200, 200, 200, 200, 200)),
    "askForAccess": ("POST /requests", NONE, ASK, (201, 201, 403, 403, 403)),
    "getRequest": ("GET /requests/req_ada", "GET /requests/req_grace", NONE, (200, 404, 200, 200, 200)),
    "voteOnRequest": ("POST /requests/req_ada/vote", "POST /requests/req_grace/vote", VOTE, (403, 403, 200, 403, 403)),
    "listApprovals": ("GET /approvals", NONE, NONE, (403, 403, 200, 200, 200)),
    "getApproval": ("GET /approvals/ap1", NONE, NONE, (403, 403, 200, 200, 200)),
    "voteOnApproval": ("POST /approvals/ap1/vote", NONE, VOTE, (403, 403, 200, 403, 403)),
    "listSessions": ("GET /sessions", NONE, NONE, (200, 200, 403, 200, 200)),
    "getSession": ("GET /sessions/s_ada", "GET /sessions/s_grace", NONE, (200, 404, 403, 200, 200)),
    "killSession": ("POST /sessions/s_ada/kill", "POST /sessions/s_grace/kill", NONE, (200, 404, 403, 403, 200)),
    "getRecording": (
        "GET /sessions/s_ada/recording",
        "GET /sessions/s_grace/recording",
        NONE,
        (403, 403, 403, 200, 200),
    ),
    "listLocks": ("GET /locks", NONE, NONE, (403, 403, 403, 200, 200)),
    "setLock": ("POST /locks", NONE, LOCK, (403, 403, 403, 403, 201)),
    "liftLock": ("DELETE /locks/lock1", NONE, NONE, (403, 403, 403, 403, 200)),
    "getPolicy": ("GET /policies/current", NONE, NONE, (403, 403, 403, 200, 200)),
    "dryRunPolicy": ("POST /policies/dry-run", NONE, BUNDLE, (403, 403, 403, 200, 200)),
    "activatePolicy": ("POST /policies/activate", NONE, ACTIVATE, (403, 403, 403, 403, 200)),
    "listEvents": ("GET /ledger/events", NONE, NONE, (403, 403, 403, 200, 200)),
    "getEvent": ("GET /ledger/events/ev1", NONE, NONE, (403, 403, 403, 200, 200)),
    "verifyLedger": ("POST /ledger/verify", NONE, NONE, (403, 403, 403, 200, 200)),
}


def kinds(bench: Bench) -> Iterator[tuple[str, dict[str, str], int | None]]:
    """Name of a kind of caller, the headers it sends, its column in the table or None where it gets in nowhere."""
    signer, ada = bench.signer, PEOPLE["user"]
    yield "no token", {}, None
    yield "garbage", {"Authorization": "Bearer a.b.c"}, None
    yield "no bearer", {"Authorization": "Basic YWRhOnNlY3JldA=="}, None
    yield "expired", {"Authorization": f"Bearer {signer.token(ada, lives=timedelta(minutes=-1))}"}, None
    yield (
        "wrong audience",
        {"Authorization": f"Bearer {signer.token(ada, audience=['https://gate.example.com'])}"},
        None,
    )
    yield "pass key", {"Authorization": "Bearer pg_ada.pgs_secret"}, None
    yield "pass key beside", {"X-Api-Key": "pg_ada.pgs_secret"}, None
    yield "cookie", {"Cookie": f"access_token={signer.token(PEOPLE['operator'])}"}, None
    yield "agent", {"Authorization": f"Bearer {signer.token(agent_of('oscar@example.com'))}"}, None
    lone = Principal(kind=PrincipalKind.AGENT, subject="oscar@example.com", groups=frozenset({"approvers"}))
    yield "agent without anybody", {"Authorization": f"Bearer {signer.token(lone)}"}, None
    of_pass = signer.token(PEOPLE["operator"], pass_id="pg_ada")
    yield "an operator's token for a pass", {"Authorization": f"Bearer {of_pass}"}, None
    other = Principal(kind=PrincipalKind.SERVICE, subject="oscar@example.com")
    yield "a service nobody named", {"Authorization": f"Bearer {signer.token(other)}"}, None
    delegated = Principal(kind=PrincipalKind.SERVICE, subject="deployer", on_behalf_of=PEOPLE["operator"])
    yield "a service that acts for somebody", {"Authorization": f"Bearer {signer.token(delegated)}"}, None
    yield "no role", bench.bearer("nobody"), None
    elsewhere = human("oscar@example.com", "approvers", "audit", issuer="https://partner.example.com")
    yield "an operator's name at another provider", {"Authorization": f"Bearer {signer.token(elsewhere)}"}, None
    nobodys = human("oscar@example.com", issuer=None)
    yield "an operator's name that no provider says", {"Authorization": f"Bearer {signer.token(nobodys)}"}, None
    for name in ("\uff4fscar@example.com", "o\u017fcar@example.com"):  # NFKC, and casefolding, make oscar of both
        alike = {"Authorization": f"Bearer {signer.token(human(name))}"}
        yield f"an operator's name in other letters: {name}", alike, None
    yield "user", bench.bearer("user"), 0
    yield "approver", bench.bearer("approver"), 2
    yield "auditor", bench.bearer("auditor"), 3
    yield "operator", bench.bearer("operator"), 4
    yield "service", {"Authorization": f"Bearer {signer.token(SERVICE)}"}, 3


WHO_IS_403 = {
    "agent",
    "agent without anybody",
    "an operator's token for a pass",
    "a service nobody named",
    "a service that acts for somebody",
    "no role",
    "an operator's name at another provider",
    "an operator's name that no provider says",
    "an operator's name in other letters: \uff4fscar@example.com",
    "an operator's name in other letters: o\u017fcar@example.com",
}


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Operation id -> method, path; from the document itself."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_the_table_is_the_document(bench: Bench) -> None:
    served = (await bench.call("auditor", "GET", "/openapi.json")).body
    assert set(operations(served)) == set(TABLE)
    for name, (method, path) in operations(served).items():
        said = TABLE[name][0].split(" ")[1]
        parts = zip(path.removeprefix("/api/v1").split("/"), said.split("/"), strict=True)
        assert all(given == wanted or wanted.startswith("{") for wanted, given in parts), name
        assert method == TABLE[name][0].split(" ")[0]


async def test_a_route_that_is_not_in_the_table_fails(bench: Bench) -> None:
    document = dict(bench.endpoint.document)
    document["paths"] = {**bench.endpoint.document["paths"], "/api/v1/new": {"get": {"operationId": "getNew"}}}  # type: ignore[dict-item]
    assert set(operations(document)) - set(TABLE) == {"getNew"}


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_who_gets_in(bench: Bench, name: str) -> None:
    own, others, body, expected = TABLE[name]
    for who, headers, column in kinds(bench):
        for path, shift in ((own, 0), (others, 1)):
            if path is None:
                continue
            bench.desks.renew()
            wanted = expected[column + (shift if column == 0 else 0)] if column is not None else 0
            if column is None:
                wanted = 403 if who in WHO_IS_403 else 401
            method, _, where = path.partition(" ")
            before = len(bench.recorder.events)
            answered = await bench.call(None, method, where, headers=headers, json=body)
            assert answered.status == wanted, f"{who}: {path}: {answered.body}"
            if wanted == 401:
                assert answered.headers["WWW-Authenticate"].startswith('Bearer realm="passgate"')
            if wanted in (401, 403):
                assert [event.type.value for event in bench.recorder.events[before:]] == ["control.refused"]


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_whoever_has_two_roles_may_what_each_may(bench: Bench, name: str) -> None:
    own, _, body, expected = TABLE[name]
    both = human("eve@example.com", "approvers")
    headers = {"Authorization": f"Bearer {bench.signer.token(both)}"}
    method, _, where = own.partition(" ")
    answered = await bench.call(None, method, where, headers=headers, json=body)
    assert answered.status == min(expected[2], expected[3])


async def test_an_unknown_path_tells_nothing_to_a_stranger(bench: Bench) -> None:
    for path in ("/nothing", "/passes/pg_ada/nothing", ""):
        assert (await bench.call(None, "GET", path)).status == 401
        assert (await bench.call("nobody", "GET", path)).status == 403
        assert (await bench.call("user", "GET", path)).status == 404
