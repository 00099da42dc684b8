"""What each group of routes answers."""

from datetime import timedelta
from typing import Any

import pytest

from passgate.core.budget import Budget
from passgate.core.lock import LockKind
from passgate.core.moment import Moment
from passgate.pipeline.control import Caller
from tests.unit.endpoints.control.conftest import Bench
from tests.unit.endpoints.control.desks import NOW, VERSION, make_approval, make_pass, make_session
from tests.unit.endpoints.control.test_access_matrix import ACTIVATE, ASK, BUNDLE, ISSUE, LOCK
from tests.unit.endpoints.control.tokens import human


async def everything(bench: Bench, who: str, path: str, limit: int) -> list[list[Any]]:
    """Every page of a list."""
    pages: list[list[Any]] = []
    cursor = ""
    while True:
        answered = await bench.call(who, "GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answered.status == 200
        pages.append(answered.body["items"])
        if answered.body["next_cursor"] is None:
            return pages
        cursor = f"&cursor={answered.body['next_cursor']}"


# -- who, and what there is ------------------------------------------------------------------------------------------


async def test_who_am_i(bench: Bench) -> None:
    answered = await bench.call("approver", "GET", "/whoami")
    assert answered.body == {"principal": "human:bob@example.com", "groups": ["approvers"], "roles": ["approver"]}


async def test_resources_and_agents_by_name(bench: Bench) -> None:
    resources = (await bench.call("user", "GET", "/resources")).body["items"]
    assert [(one["name"], one["kind"], one["labels"]) for one in resources] == [
        ("ai", "llm", {}),
        ("shop", "postgres", {"env": "prod"}),
    ]
    (agent,) = (await bench.call("auditor", "GET", "/agents")).body["items"]
    assert agent == (await bench.call("auditor", "GET", "/agents/reporter")).body
    assert agent["owner"] == "ada@example.com"
    assert (await bench.call("auditor", "GET", "/agents/stranger")).status == 404


# -- passes ----------------------------------------------------------------------------------------------------------


async def test_a_user_sees_their_own_passes_and_those_of_who_acts_for_them(bench: Bench) -> None:
    bench.desks.passes.add(make_pass("pg_own", human("ADA@example.com")))
    shown = (await bench.call("user", "GET", "/passes")).body["items"]
    assert [one["id"] for one in shown] == ["pg_own", "pg_ada"]
    assert shown[1]["chain"] == ["agent:reporter", "human:ada@example.com"]
    assert {one["id"] for one in (await bench.call("auditor", "GET", "/passes")).body["items"]} >= {"pg_grace"}


async def test_a_namesake_is_somebody_else(bench: Bench) -> None:
    """At another provider, or in letters that only look the same: they see nothing of hers. Nor may she issue a pass to a name
    that may be her own."""
    bench.desks.passes.add(make_pass("pg_elsewhere", human("ada@example.com", issuer="https://partner.example.com")))
    bench.desks.passes.add(make_pass("pg_alike", human("\uff41da@example.com")))
    bench.desks.passes.add(make_pass("pg_operators", human("ada@example.com", issuer=None)))
    mine = (await bench.call("user", "GET", "/passes")).body["items"]
    assert {one["id"] for one in mine} & {"pg_elsewhere", "pg_alike", "pg_operators"} == {"pg_operators"}
    assert (await bench.call("user", "GET", "/passes/pg_alike")).status == 404
    assert (await bench.call("user", "POST", "/passes/pg_elsewhere/revoke")).status == 404
    caller = Caller(principal=human("ada@example.com"), roles=frozenset(), peer="")
    assert caller.may_be(human("\uff41da@example.com"))
    assert caller.may_be(human("Ada@example.com", issuer="https://partner.example.com"))


async def test_passes_in_pages_that_what_comes_in_between_does_not_shift(bench: Bench) -> None:
    for number in range(5):
        bench.desks.passes.add(make_pass(f"pg_b{number}", human("x@example.com")))
    first = (await bench.call("auditor", "GET", "/passes?limit=3")).body
    assert [one["id"] for one in first["items"]] == ["pg_grace", "pg_b4", "pg_b3"]
    bench.desks.passes.add(make_pass("pg_z", human("x@example.com")))
    del bench.desks.passes.kept["pg_b3"]
    second = (await bench.call("auditor", "GET", f"/passes?limit=3&cursor={first['next_cursor']}")).body
    assert [one["id"] for one in second["items"]] == ["pg_b2", "pg_b1", "pg_b0"]
    assert [len(one) for one in await everything(bench, "auditor", "/passes", 4)] == [4, 3]


async def test_a_cursor_of_another_list_is_none(bench: Bench) -> None:
    bench.desks.locks.add("lock2")
    cursor = (await bench.call("auditor", "GET", "/locks?limit=1")).body["next_cursor"]
    answered = await bench.call("auditor", "GET", f"/passes?cursor={cursor}")
    assert answered.status == 400
    for bad in ("x", "AAAA", "_-_-", "bGlzdFBhc3Nlcwo"):
        assert (await bench.call("auditor", "GET", f"/passes?cursor={bad}")).status == 400


async def test_only_live_passes(bench: Bench) -> None:
    await bench.call("user", "POST", "/passes/pg_ada/revoke")
    live = (await bench.call("operator", "GET", "/passes?live=true")).body["items"]
    assert [one["id"] for one in live] == ["pg_grace"]
    assert (await bench.call("user", "GET", "/passes/pg_ada")).body["state"] == "revoked"


async def test_a_pass_is_issued_as_it_was_asked_for(bench: Bench) -> None:
    sent = {
        **ISSUE,
        "principal": {"kind": "agent", "subject": "reporter", "groups": ["reporting"]},
        "ticket": "OPS-7",
        "ttl_seconds": 600,
        "budget": {"requests": 10},
    }
    answered = await bench.call("operator", "POST", "/passes", json=sent)
    assert answered.status == 201
    assert answered.body["pass"]["budget"] == {"requests": 10, "tokens": None, "microdollars": None}
    (asked,) = bench.desks.passes.asked
    assert (asked.ttl, asked.ticket, asked.budget) == (timedelta(seconds=600), "OPS-7", Budget(requests=10))
    assert asked.principal.groups == {"reporting"}
    assert asked.principal.on_behalf_of == human("someone@example.com", issuer=None)


@pytest.mark.parametrize(
    ("principal", "behind"),
    [
        ({"kind": "human", "subject": "oscar@example.com"}, None),
        ({"kind": "agent", "subject": "helper"}, {"kind": "human", "subject": "OSCAR@example.com"}),
    ],
)
async def test_an_operator_issues_nothing_to_themselves(bench: Bench, principal: Any, behind: Any) -> None:
    sent = {**ISSUE, "principal": principal, "on_behalf_of": behind}
    assert (await bench.call("operator", "POST", "/passes", json=sent)).status == 403
    assert bench.desks.passes.asked == []


@pytest.mark.parametrize("change", [{"resources": ["nowhere"]}, {"budget": {}}, {"verbs": ["everything"]}])
async def test_a_pass_that_cannot_be_issued(bench: Bench, change: Any) -> None:
    answered = await bench.call("operator", "POST", "/passes", json={**ISSUE, **change})
    assert answered.status == 422


async def test_an_auditor_who_is_a_user_ends_only_what_is_their_own(bench: Bench) -> None:
    both = {"Authorization": f"Bearer {bench.signer.token(human('ada@example.com', 'audit'))}"}
    for path, end in (("/passes/pg_", "revoke"), ("/sessions/s_", "kill")):
        assert (await bench.call(None, "GET", f"{path}grace", headers=both)).status == 200
        assert (await bench.call(None, "POST", f"{path}grace/{end}", headers=both)).status == 404
        assert (await bench.call(None, "POST", f"{path}ada/{end}", headers=both)).status == 200
    assert bench.desks.passes.kept["pg_grace"].revoked is None
    assert bench.desks.sessions.killed == [("s_ada", "human:ada@example.com")]


async def test_a_pass_that_is_gone_meanwhile(bench: Bench) -> None:
    async def gone(pass_id: str, *, actor: str) -> None:
        return None

    bench.desks.passes.revoke = gone  # type: ignore[method-assign]
    assert (await bench.call("operator", "POST", "/passes/pg_ada/revoke")).status == 404


# -- sessions --------------------------------------------------------------------------------------------------------


async def test_sessions_live_and_over(bench: Bench) -> None:
    live = (await bench.call("user", "GET", "/sessions")).body["items"]
    assert [(one["id"], one["live"], one["tags"]) for one in live] == [("s_ada", True, ["sensitive-read"])]
    over = (await bench.call("auditor", "GET", "/sessions?live=false")).body["items"]
    assert [one["id"] for one in over] == ["s_grace_over", "s_ada_over"]


async def test_whose_a_session_is_when_its_pass_is_no_longer_kept(bench: Bench) -> None:
    bench.desks.passes.kept.clear()
    assert (await bench.call("user", "GET", "/sessions/s_ada")).status == 200
    assert (await bench.call("user", "GET", "/sessions/s_grace")).status == 404
    pass_ = make_pass("gone", human("x"))
    odd = make_session("s_odd", pass_)
    bench.desks.sessions.add(odd)
    assert (await bench.call("user", "GET", "/sessions/s_odd")).status == 404


async def test_killing(bench: Bench) -> None:
    assert (await bench.call("user", "POST", "/sessions/s_ada/kill")).body == {"id": "s_ada", "killed": True}
    assert bench.desks.sessions.killed == [("s_ada", "human:ada@example.com")]
    assert (await bench.call("operator", "POST", "/sessions/s_ada_over/kill")).status == 404
    assert (await bench.call("operator", "POST", "/sessions/none/kill")).status == 404


async def test_a_recording_moment_by_moment(bench: Bench) -> None:
    bench.desks.sessions.moments = [
        Moment(at=0.5, kind="statement", text="SELECT 1", facts={"index": 3}),
        Moment(at=1.25, kind="result", text="1 row", columns=("name",), rows=(("***",), (None,))),
        Moment(at=2.0, kind="text", text="ab", pieces=((2.0, "a"), (2.5, "b"))),
    ]
    pages = await everything(bench, "auditor", "/sessions/s_ada/recording", 2)
    assert [len(one) for one in pages] == [2, 1]
    first, second, third = [moment for one in pages for moment in one]
    assert first == {"at": "0.500000", "kind": "statement", "text": "SELECT 1", "facts": {"index": 3}}
    assert second["facts"] == {"columns": ["name"], "rows": [["***"], [None]]}
    assert third["facts"]["pieces"] == [["2.000000", "a"], ["2.500000", "b"]]
    assert (await bench.call("auditor", "GET", "/sessions/none/recording")).status == 404


# -- locks -----------------------------------------------------------------------------------------------------------


async def test_a_lock_is_set_and_lifted(bench: Bench) -> None:
    made = (await bench.call("operator", "POST", "/locks", json={**LOCK, "ttl_seconds": 60})).body
    assert made["actor"] == "human:Oscar@example.com"
    assert made["until"] == "2026-11-22T20:01:00Z"
    assert bench.desks.locks.kept[made["id"]].kind is LockKind.AGENT
    lifted = await bench.call("operator", "DELETE", f"/locks/{made['id']}")
    assert {**lifted.body, "live_passes": 2} == made
    assert (await bench.call("operator", "DELETE", f"/locks/{made['id']}")).status == 404
    assert (await bench.call("operator", "POST", "/locks", json={**LOCK, "target": "nobody"})).status == 422


# -- approvals and requests ------------------------------------------------------------------------------------------


async def test_only_who_decides_sees_what_exactly_will_run(bench: Bench) -> None:
    decides = (await bench.call("approver", "GET", "/approvals/ap1")).body
    reads = (await bench.call("auditor", "GET", "/approvals/ap1")).body
    assert "Ada Lovelace" in decides["text"]
    assert decides["inputs"] == {"1": "815"}
    assert (reads["text"], reads["inputs"], reads["shown"]) == (None, None, decides["shown"])
    assert decides["preview"] == {
        "rows": 1,
        "why": "",
        "columns": ["name"],
        "samples": [["***"], [None]],
        "notes": ["sequences do not roll back"],
    }
    listed = (await bench.call("approver", "GET", "/approvals")).body
    assert "Ada Lovelace" not in str(listed)


async def test_whoever_asks_does_not_see_what_the_run_has_shown(bench: Bench) -> None:
    """How many rows meet a condition is an answer that nobody has agreed to yet; an approver is somebody's principal too."""
    both = {"Authorization": f"Bearer {bench.signer.token(human('ADA@example.com', 'approvers', 'audit'))}"}
    shown = (await bench.call(None, "GET", "/approvals/ap1", headers=both)).body
    assert shown["preview"]["why"] == "it is shown to those who decide, not to whoever asks"
    assert (shown["preview"]["rows"], shown["preview"]["samples"], shown["cap"]) == (None, [], None)
    assert shown["binding_sha256"] == ""  # the number of rows could be guessed from it
    assert "Ada Lovelace" in shown["text"]


async def test_a_vote_is_the_callers_with_the_groups_of_their_token(bench: Bench) -> None:
    answered = await bench.call("approver", "POST", "/approvals/ap1/vote", json={"vote": "deny", "note": "why?"})
    assert answered.body["state"] == "denied"
    assert answered.body["votes"] == [
        {"subject": "bob@example.com", "vote": "deny", "note": "why?", "at": "2026-11-22T20:00:00Z"}
    ]
    (voter,) = bench.desks.approvals.voters
    assert (voter.subject, voter.groups) == ("bob@example.com", {"approvers"})
    again = await bench.call("approver", "POST", "/approvals/ap1/vote", json={"vote": "approve"})
    assert again.status == 409
    assert "has voted" in again.body["detail"]


async def test_what_is_not_there_cannot_be_voted_on(bench: Bench) -> None:
    for path in ("/approvals/none", "/requests/none"):
        assert (await bench.call("approver", "GET", path)).status == 404
        assert (await bench.call("approver", "POST", f"{path}/vote", json={"vote": "approve"})).status == 404


async def test_the_answer_to_a_vote_holds_no_statement(bench: Bench) -> None:
    bench.desks.approvals.kept["ap2"] = make_approval("ap2")
    answered = await bench.call("approver", "POST", "/approvals/ap2/vote", json={"vote": "approve"})
    assert "Ada" not in str(answered.body)


async def test_access_is_asked_for_oneself(bench: Bench) -> None:
    asked = await bench.call("user", "POST", "/requests", json=ASK)
    assert asked.status == 201
    assert (asked.body["chain"], asked.body["ttl_seconds"]) == (["human:ada@example.com"], 3600)
    own = (await bench.call("user", "GET", "/requests")).body["items"]
    assert {one["id"] for one in own} == {"req_ada", asked.body["id"]}
    voted = await bench.call("approver", "POST", f"/requests/{asked.body['id']}/vote", json={"vote": "approve"})
    assert voted.body["state"] == "approved"
    refused = await bench.call("user", "POST", "/requests", json={**ASK, "resources": ["payroll"]})
    assert refused.status == 422


async def test_nobody_votes_on_what_they_ask_for(bench: Bench) -> None:
    bench.desks.requests.add("req_bob", human("bob@example.com"))
    answered = await bench.call("approver", "POST", "/requests/req_bob/vote", json={"vote": "approve"})
    assert answered.status == 409


# -- policies --------------------------------------------------------------------------------------------------------


async def test_the_policy_in_force(bench: Bench) -> None:
    shown = (await bench.call("auditor", "GET", "/policies/current")).body
    assert shown == {"version": VERSION, "packs": ["postgres-safe"], "rules": ["a", "b"], "upload": True}


async def test_a_bundle_is_tried(bench: Bench) -> None:
    case = {
        "resource": "shop",
        "text": "DROP TABLE x",
        "principal": {"kind": "agent", "subject": "reporter"},
        "on_behalf_of": {"kind": "human", "subject": "ada@example.com"},
        "params": ["1", None],
    }
    tried = (await bench.call("auditor", "POST", "/policies/dry-run", json={**BUNDLE, "cases": [case]})).body
    assert tried["verdicts"] == [{"verdict": "deny", "rule": "default-deny", "reason": "no rule grants it"}]
    ((_, (asked,)),) = bench.desks.policies.asked
    assert asked.params == ("1", None)
    assert asked.principal.on_behalf_of == human("ada@example.com", issuer=None)
    broken = (await bench.call("auditor", "POST", "/policies/dry-run", json={"bundle": "broken"})).body
    assert (broken["version"], broken["problems"][0]["remedy"]) == (None, "write rules:")
    lost = {**case, "resource": "nowhere"}
    assert (await bench.call("auditor", "POST", "/policies/dry-run", json={**BUNDLE, "cases": [lost]})).status == 422


async def test_a_bundle_is_taken_in_the_place_of_the_one_that_was_looked_at(bench: Bench) -> None:
    taken = await bench.call("operator", "POST", "/policies/activate", json=ACTIVATE)
    assert taken.body["version"] == "b" * 64
    stale = await bench.call("operator", "POST", "/policies/activate", json=ACTIVATE)
    assert stale.status == 409
    assert "b" * 64 in stale.body["detail"]


async def test_a_bundle_that_is_not_usable_changes_nothing(bench: Bench) -> None:
    answered = await bench.call("operator", "POST", "/policies/activate", json={**ACTIVATE, "bundle": "broken"})
    assert answered.status == 422
    assert answered.body["errors"] == [{"where": "body.bundle bundle.yaml:1:1", "what": "is no mapping (write rules:)"}]
    assert bench.desks.policies.version == VERSION
    unwritten = await bench.call("operator", "POST", "/policies/activate", json={**ACTIVATE, "bundle": "read-only"})
    assert unwritten.status == 422


async def test_without_the_setting_no_bundle_is_taken(bench: Bench) -> None:
    bench.desks.policies.upload = False
    assert (await bench.call("operator", "POST", "/policies/activate", json=ACTIVATE)).status == 403


# -- the ledger ------------------------------------------------------------------------------------------------------


async def test_events_in_pages_with_filters(bench: Bench) -> None:
    for number in range(3, 6):
        bench.desks.ledger.add(f"ev{number}")
    query = "/ledger/events?type=pass.issued&actor=human:ada@example.com&session=s1&log=gate-w0"
    query += "&since=2026-11-22T20:00:00Z&until=2026-11-22T21:00:00%2B00:00"
    pages = await everything(bench, "auditor", query, 2)
    assert [[one["id"] for one in page] for page in pages] == [["ev1", "ev2"], ["ev3", "ev4"], ["ev5"]]
    wanted = bench.desks.ledger.wanted[0]
    assert (wanted.type, wanted.actor, wanted.session, wanted.log) == (
        "pass.issued",
        "human:ada@example.com",
        "s1",
        "gate-w0",
    )
    assert (wanted.since, wanted.until) == (NOW, NOW + timedelta(hours=1))


async def test_a_place_that_is_none(bench: Bench) -> None:
    from passgate.endpoints.control.schema import write_cursor

    for place in ("gate-w0 x", "nothing", "gate-w0 1234567890123456789"):
        cursor = write_cursor("listEvents", place)
        assert (await bench.call("auditor", "GET", f"/ledger/events?cursor={cursor}")).status == 400


async def test_an_event_with_its_proof(bench: Bench) -> None:
    shown = (await bench.call("auditor", "GET", "/ledger/events/ev1")).body
    assert (shown["id"], shown["leaf"], shown["key"]) == ("ev1", "{}", "k")
    assert (await bench.call("auditor", "GET", "/ledger/events/none")).status == 404


async def test_one_verification_at_a_time(bench: Bench) -> None:
    assert (await bench.call("auditor", "POST", "/ledger/verify")).body["passed"] is True
    bench.desks.ledger.verifying = True
    busy = await bench.call("auditor", "POST", "/ledger/verify")
    assert (busy.status, busy.headers["Retry-After"]) == (429, "10")
