"""One call from beginning to end: what is refused how, what is written down, and in what order."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from passgate.core.errors import LedgerCorruptError, StoreError
from passgate.core.event import Event, EventType
from passgate.endpoints.control.endpoint import MAX_BODY
from passgate.endpoints.control.rates import Rate
from passgate.pipeline.receipt import Receipt
from tests.unit.endpoints.control.conftest import Bench
from tests.unit.endpoints.control.test_access_matrix import ISSUE, LOCK


def told(bench: Bench) -> list[tuple[str, str, dict[str, Any]]]:
    return [(event.type.value, event.actor, dict(event.detail)) for event in bench.recorder.events]


# -- events ----------------------------------------------------------------------------------------------------------


async def test_a_change_is_recorded_before_it_happens_and_before_it_is_answered(bench: Bench) -> None:
    desk = bench.desks.passes
    seen: list[list[str]] = []

    async def revoke(pass_id: str, *, actor: str) -> Any:
        seen.append([event.type.value for event in bench.recorder.events])
        return await type(desk).revoke(desk, pass_id, actor=actor)

    desk.revoke = revoke  # type: ignore[method-assign]
    assert (await bench.call("user", "POST", "/passes/pg_ada/revoke")).status == 200
    assert seen == [["control.called"]]
    (called, answered) = told(bench)
    assert called == (
        "control.called",
        "human:ada@example.com",
        {"operation": "revokePass", "peer": "127.0.0.1", "pass_id": "pg_ada"},
    )
    assert answered == (
        "control.answered",
        "human:ada@example.com",
        {"call": "e1", "operation": "revokePass", "status": 200},
    )


async def test_a_change_that_was_refused_is_recorded_as_refused(bench: Bench) -> None:
    assert (await bench.call("user", "POST", "/passes/pg_grace/revoke")).status == 404
    assert [(type_, detail.get("status")) for type_, _, detail in told(bench)] == [
        ("control.called", None),
        ("control.answered", 404),
    ]


@pytest.mark.parametrize(
    "path", ["/ledger/events", "/ledger/events/ev1", "/sessions/s_ada/recording", "/approvals/ap1"]
)
async def test_whoever_looks_at_the_record_is_recorded_first(bench: Bench, path: str) -> None:
    assert (await bench.call("auditor", "GET", path)).status == 200
    ((type_, actor, detail),) = told(bench)
    assert (type_, actor) == ("audit.viewed", "human:eve@example.com")
    assert detail["command"].startswith("api get") or detail["command"] == "api listEvents"


async def test_what_only_tells_the_state_is_not_recorded(bench: Bench) -> None:
    assert (await bench.call("auditor", "GET", "/passes")).status == 200
    assert told(bench) == []


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("operator", "POST", "/passes", ISSUE),
        ("user", "POST", "/passes/pg_ada/revoke", None),
        ("operator", "POST", "/locks", LOCK),
        ("operator", "DELETE", "/locks/lock1", None),
        ("operator", "POST", "/sessions/s_ada/kill", None),
        ("approver", "POST", "/approvals/ap1/vote", {"vote": "approve"}),
        ("auditor", "GET", "/ledger/events", None),
        ("auditor", "GET", "/sessions/s_ada/recording", None),
    ],
)
async def test_without_a_ledger_nothing_happens_and_nothing_is_shown(
    bench: Bench, who: str, method: str, path: str, body: Any
) -> None:
    bench.recorder.full = True
    answered = await bench.call(who, method, path, json=body)
    assert answered.status == 503
    assert bench.desks.passes.asked == []
    assert bench.desks.passes.kept["pg_ada"].revoked is None
    assert list(bench.desks.locks.kept) == ["lock1"]
    assert bench.desks.sessions.killed == []
    assert bench.desks.approvals.voters == []


async def test_a_refusal_needs_no_ledger(bench: Bench) -> None:
    bench.recorder.full = True
    assert (await bench.call(None, "GET", "/passes")).status == 401
    assert (await bench.call("user", "GET", "/locks")).status == 403


async def test_a_refusal_that_cannot_be_written_later_is_nobodys_loss(bench: Bench) -> None:
    def append(event: Event) -> Receipt:
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.set_exception(StoreError("a disk that fails"))
        return Receipt(event_id="e1", durable=durable)

    bench.recorder.append = append  # type: ignore[method-assign]
    assert (await bench.call(None, "GET", "/passes")).status == 401


@pytest.mark.parametrize("error", [StoreError("/secret/path cannot be read"), LedgerCorruptError("/secret/path")])
async def test_what_cannot_be_read_is_told_without_names_of_files(bench: Bench, error: Exception) -> None:
    def fail() -> Any:
        raise error

    bench.desks.passes.list = fail  # type: ignore[method-assign]
    answered = await bench.call("auditor", "GET", "/passes")
    assert answered.status == 503
    assert "secret" not in str(answered.body)


async def test_a_client_that_goes_away_leaves_no_change_half_done(bench: Bench) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def revoke(pass_id: str, *, actor: str) -> Any:
        begun.set()
        await go_on.wait()
        ended.set()
        return bench.desks.passes.kept[pass_id]

    bench.desks.passes.revoke = revoke  # type: ignore[method-assign]
    request = make_mocked_request("POST", "/api/v1/passes/pg_ada/revoke", headers=bench.bearer("user"))
    request._transport_peername = ("127.0.0.1", 1)
    serving = asyncio.create_task(bench.endpoint.serve(request))
    await begun.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    go_on.set()
    await ended.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    assert [type_ for type_, _, _ in told(bench)] == ["control.called", "control.answered"]


# -- what is refused how ---------------------------------------------------------------------------------------------


async def test_other_paths_are_somebody_elses(bench: Bench) -> None:
    for path in ("/", "/api", "/api/v2/passes", "/api/v1passes", "/v1/messages"):
        async with bench.client.get(path) as answer:
            assert answer.status == 418


async def test_a_method_that_a_path_does_not_take(bench: Bench) -> None:
    answered = await bench.call("operator", "PATCH", "/passes")
    assert (answered.status, answered.headers["Allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("data", "type_", "status"),
    [
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ('{"a": 1}x', "application/json", 400),
        ("[]", "application/json", 422),
        ('{"unknown": 1}', "application/json", 422),
        ("\ud800".encode("utf-16-le", "surrogatepass"), "application/json", 400),
        ("{}", "text/plain", 415),
        ("{}", "application/x-www-form-urlencoded", 415),
        ("{}", "application/json; charset=utf-16", 415),
        (BytesIO(b" " * (MAX_BODY + 1)), "application/json", 413),
    ],
)
async def test_a_body_that_is_not_what_it_should_be(bench: Bench, data: Any, type_: str, status: int) -> None:
    answered = await bench.call("operator", "POST", "/locks", data=data, headers={"Content-Type": type_})
    assert answered.status == status
    assert list(bench.desks.locks.kept) == ["lock1"]


async def test_a_body_without_an_announced_length_is_bounded_too(bench: Bench) -> None:
    async def chunks() -> Any:
        for _ in range(MAX_BODY // 65536 + 2):
            yield b" " * 65536

    answered = await bench.call(
        "operator", "POST", "/locks", data=chunks(), headers={"Content-Type": "application/json"}
    )
    assert answered.status == 413


async def test_a_compressed_body_is_not_opened(bench: Bench) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await bench.call("operator", "POST", "/locks", data=b"x", headers=headers)).status == 415


async def test_a_body_where_none_belongs(bench: Bench) -> None:
    assert (await bench.call("user", "POST", "/passes/pg_ada/revoke", json={"x": 1})).status == 400


async def test_what_is_wrong_with_a_body_is_told_with_its_place_and_not_repeated(bench: Bench) -> None:
    answered = await bench.call("operator", "POST", "/locks", json={**LOCK, "ttl_seconds": "s3cret"})
    assert answered.body["errors"] == [{"where": "body.ttl_seconds", "what": "Input should be a valid integer"}]
    assert "s3cret" not in str(answered.body)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=", "limit=1.0", "limit=5&limit=6", "more=1", "cursor=%00", "live=1"],
)
async def test_a_query_that_is_not_what_it_should_be(bench: Bench, query: str) -> None:
    answered = await bench.call("auditor", "GET", f"/passes?{query}")
    assert answered.status == 400
    assert answered.body["errors"][0]["where"].startswith("query.")


@pytest.mark.parametrize("time", ["yesterday", "2026-11-22", "2026-11-22T20:00:00"])
async def test_a_time_needs_its_zone(bench: Bench, time: str) -> None:
    assert (await bench.call("auditor", "GET", "/ledger/events", params={"since": time})).status == 400


async def test_an_encoded_slash_parts_nothing(bench: Bench) -> None:
    from yarl import URL

    for path in ("/api/v1/passes%2Fpg_ada", "/api/v1/passes/pg_ada%2frevoke"):
        async with bench.client.get(URL(path, encoded=True), headers=bench.bearer("operator")) as answer:
            assert answer.status == 404


async def test_a_token_in_clear_over_a_network_is_not_taken(bench: Bench) -> None:
    for peer in ("192.0.2.7", "", "somewhere"):
        request = make_mocked_request("GET", "/api/v1/passes", headers=bench.bearer("operator"))
        answer = await bench.endpoint.serve(request.clone(remote=peer))
        assert answer is not None
        assert answer.status == 403


async def test_two_tokens_are_none(bench: Bench) -> None:
    token = bench.bearer("operator")["Authorization"]
    async with bench.client.get(
        "/api/v1/passes", headers=[("Authorization", token), ("Authorization", token)]
    ) as answer:
        assert answer.status == 401


async def test_a_person_who_is_locked_is_out_here_too(bench: Bench) -> None:
    bench.desks.locks.add("lock2", target="ada@example.com")
    answered = await bench.call("user", "GET", "/passes")
    assert answered.status == 403
    assert "locked: incident" in answered.body["detail"]


# -- rates -----------------------------------------------------------------------------------------------------------


async def test_a_caller_who_calls_too_often_waits(bench: Bench) -> None:
    bench.per_caller = Rate(2)
    bench.endpoint = bench.build()
    statuses = [(await bench.call("user", "GET", "/whoami")).status for _ in range(2)]
    slow = await bench.call("user", "GET", "/whoami")
    assert [*statuses, slow.status] == [200, 200, 429]
    assert 1 <= int(slow.headers["Retry-After"]) <= 30
    assert (await bench.call("auditor", "GET", "/whoami")).status == 200


async def test_an_address_that_calls_too_often_waits_whoever_it_says_it_is(bench: Bench) -> None:
    bench.per_address = Rate(2)
    bench.endpoint = bench.build()
    statuses = [(await bench.call(None, "GET", "/whoami")).status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert len(bench.recorder.events) == 2


async def test_one_network_of_ipv6_is_one_address(bench: Bench) -> None:
    bench.per_address = Rate(2)
    bench.endpoint = bench.build()
    statuses = []
    for peer in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"):
        request = make_mocked_request("GET", "/api/v1/whoami", headers=bench.bearer("user"))
        answer = await bench.endpoint.serve(request.clone(remote=peer, scheme="https"))
        assert answer is not None
        statuses.append(answer.status)
    assert statuses == [200, 200, 429, 200]


async def test_everything_a_browser_must_not_do_is_said(bench: Bench) -> None:
    headers = (await bench.call("user", "GET", "/whoami", headers={"Origin": "https://evil.example.com"})).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (await bench.call("user", "OPTIONS", "/whoami")).status == 405


def test_events_have_their_types() -> None:
    assert {EventType.CONTROL_CALLED, EventType.CONTROL_ANSWERED, EventType.CONTROL_REFUSED} <= set(EventType)


async def test_a_peer_without_a_name_is_served_over_https(bench: Bench) -> None:
    request = make_mocked_request("GET", "/api/v1/whoami", headers=bench.bearer("user"))
    answer = await bench.endpoint.serve(request.clone(remote="192.0.2.7", scheme="https"))
    assert isinstance(answer, web.Response)
    assert answer.status == 200
