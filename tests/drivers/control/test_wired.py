"""The control API over a real gate: what it changes is changed, and what it tells is so."""

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from passgate.config.loading import load_settings
from passgate.core.errors import ConfigError
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.proof import Proof
from passgate.testing.llm_provider import RunningProvider
from passgate.wiring.control import control_beside
from tests.drivers.control.conftest import ControlledGate, controlled_gate

ISSUE = {
    "principal": {"kind": "agent", "subject": "reporter", "groups": ["reporting"]},
    "on_behalf_of": {"kind": "human", "subject": "ada@example.com"},
    "resources": ["shop"],
    "verbs": ["read"],
    "purpose": "weekly report",
    "ttl_seconds": 600,
}
DENY_SECRETS = "rules:\n  - {id: no-secrets, when: 'true', then: deny, message: Nothing today.}\n"


@pytest.fixture(scope="module")
def chatting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlledGate]:
    """A gate in front of the stand-in for a provider of models."""
    with (
        RunningProvider.start() as provider,
        controlled_gate(tmp_path_factory.mktemp("chatting"), provider=provider) as gate,
    ):
        yield gate


def chat(gate: ControlledGate, text: str) -> str:
    """One call to a model under a new pass; the pass's id."""
    issued = gate.good("operator", "POST", "/passes", json={**ISSUE, "resources": ["models"]})
    key = f"{issued['pass']['id']}.{issued['secret']}"
    with openai.OpenAI(base_url=f"{gate.url}/models/v1", api_key=key, max_retries=0) as client:
        client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": text}])
    return str(issued["pass"]["id"])


def test_a_pass_is_issued_shown_and_revoked(gate: ControlledGate) -> None:
    issued = gate.good("operator", "POST", "/passes", json=ISSUE)
    assert issued["secret"]
    pass_ = issued["pass"]
    assert pass_["chain"] == ["agent:reporter", "human:ada@example.com"]
    assert gate.gate.passes.find(pass_["id"]) is not None
    assert gate.good("user", "GET", f"/passes/{pass_['id']}")["state"] == "live"
    assert gate.good("user", "POST", f"/passes/{pass_['id']}/revoke")["state"] == "revoked"
    live = gate.good("operator", "GET", "/passes?live=true&limit=200")["items"]
    assert pass_["id"] not in {one["id"] for one in live}
    (called,) = [one for one in gate.events("control.called") if one["detail"].get("pass_id") == pass_["id"]]
    assert called["actor"] == {"subject": "human:ada@example.com"}
    assert called["detail"]["operation"] == "revokePass"
    answered = [one["detail"] for one in gate.events("control.answered")]
    assert {"call": called["id"], "operation": "revokePass", "status": 200} in answered


def test_a_pass_that_the_rules_of_issuing_refuse(gate: ControlledGate) -> None:
    answer = gate.call("operator", "POST", "/passes", json={**ISSUE, "resources": ["shpo"]})
    assert answer.status_code == 422
    assert "did you mean 'shop'?" in answer.json()["detail"]


def test_a_repeated_call_through_the_real_store_has_one_effect(gate: ControlledGate) -> None:
    headers = {"Idempotency-Key": "issue-once"}
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda _: gate.call("operator", "POST", "/passes", json=ISSUE, headers=headers), range(4))
        )
    assert {one.status_code for one in answers} <= {200, 201, 409}
    assert [one.status_code for one in answers].count(201) == 1
    assert len({one.json()["pass"]["id"] for one in answers if one.status_code != 409}) == 1
    secret = next(one.json()["secret"] for one in answers if one.status_code == 201)
    kept = gate.folder / "state"
    for path in (kept / "state.db", kept / "state.db-wal"):
        assert secret.encode() not in path.read_bytes()


def test_a_lock_keeps_a_person_out_of_the_api_and_is_in_the_ledger(gate: ControlledGate) -> None:
    lock = {"kind": "human", "target": "GRACE@example.com", "reason": "INC-42"}
    made = gate.good("operator", "POST", "/locks", json=lock)
    assert gate.call_as("grace@example.com", "GET", "/whoami").status_code == 403
    assert made.pop("live_passes") == 0
    assert made in gate.good("auditor", "GET", "/locks?limit=200")["items"]
    gate.good("operator", "DELETE", f"/locks/{made['id']}")
    assert gate.call_as("grace@example.com", "GET", "/whoami").status_code == 200
    assert [one["detail"]["lock"] for one in gate.events("lock.lifted")][-1] == made["id"]
    assert gate.events("lock.set")[-1]["actor"] == {"subject": "human:oscar@example.com"}


@pytest.mark.parametrize(
    "lock",
    [
        {"kind": "resource", "target": "shpo", "reason": "x"},
        {"kind": "pass", "target": "pg_0000000000000000", "reason": "x"},
        {"kind": "human", "target": "a\nb", "reason": "x"},
        {"kind": "human", "target": "a", "reason": "   "},
    ],
)
def test_a_lock_that_would_keep_nobody_out(gate: ControlledGate, lock: dict[str, str]) -> None:
    assert gate.call("operator", "POST", "/locks", json=lock).status_code == 422


def test_a_lock_says_how_many_live_passes_it_keeps_out(gate: ControlledGate) -> None:
    asked = {**ISSUE, "principal": {"kind": "agent", "subject": "tallied"}}
    passes = [gate.good("operator", "POST", "/passes", json=asked)["pass"]["id"] for _ in range(2)]
    for lock, reached in (
        ({"kind": "agent", "target": "tallied"}, 2),
        ({"kind": "agent", "target": "talied"}, 0),
        ({"kind": "human", "target": "tallied"}, 0),
        ({"kind": "pass", "target": passes[0]}, 1),
    ):
        made = gate.good("operator", "POST", "/locks", json={**lock, "reason": "INC-7"})
        gate.good("operator", "DELETE", f"/locks/{made['id']}")
        assert made["live_passes"] == reached
    gate.good("operator", "POST", f"/passes/{passes[0]}/revoke")
    made = gate.good("operator", "POST", "/locks", json={"kind": "pass", "target": passes[0], "reason": "too late"})
    gate.good("operator", "DELETE", f"/locks/{made['id']}")
    assert made["live_passes"] == 0


def test_a_session_its_recording_and_whose_it_is(chatting: ControlledGate) -> None:
    pass_id = chat(chatting, "My card is 4111 1111 1111 1111, remember it")
    (live,) = [one for one in chatting.good("user", "GET", "/sessions")["items"] if one["pass_id"] == pass_id]
    assert (live["live"], live["principal"], live["on_behalf_of"]) == (True, "agent:reporter", "human:ada@example.com")
    assert chatting.call_as("grace@example.com", "GET", f"/sessions/{live['id']}").status_code == 404
    assert chatting.good("user", "POST", f"/sessions/{live['id']}/kill") == {"id": live["id"], "killed": True}
    for _ in range(200):
        if not any(one["id"] == live["id"] for one in chatting.good("user", "GET", "/sessions")["items"]):
            break
    shown = chatting.good("user", "GET", f"/sessions/{live['id']}")
    assert (shown["live"], shown["pass_id"]) == (False, pass_id)
    assert live["id"] in {one["id"] for one in chatting.good("auditor", "GET", "/sessions?live=false")["items"]}
    played = chatting.good("auditor", "GET", f"/sessions/{live['id']}/recording?limit=200")
    assert played["recorded"] is True
    text = json.dumps(played)
    assert "remember it" in text
    assert "4111 1111 1111 1111" not in text
    assert chatting.events("audit.viewed")[-2]["detail"]["session_id"] == live["id"]
    (killed,) = chatting.events("session.killed")
    assert killed["actor"] == {"subject": "human:ada@example.com"}
    assert chatting.call("operator", "POST", f"/sessions/{live['id']}/kill").status_code == 404
    assert chatting.call("auditor", "GET", "/sessions/none/recording").status_code == 404


def test_an_agents_pass_key_opens_the_model_and_never_the_api(chatting: ControlledGate) -> None:
    issued = chatting.good("operator", "POST", "/passes", json={**ISSUE, "resources": ["models"]})
    key = f"{issued['pass']['id']}.{issued['secret']}"
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}, {"Authorization": "", "X-Api-Key": key}):
        answer = chatting.call("user", "GET", "/passes", headers={"Authorization": "", **headers})
        assert answer.status_code == 401


def test_events_are_found_and_one_is_proven(chatting: ControlledGate) -> None:
    for _ in range(2):
        chatting.good("operator", "POST", "/passes", json=ISSUE)
    first = chatting.good("auditor", "GET", "/ledger/events?limit=1&actor=human:oscar@example.com")
    (one,) = first["items"]
    assert one["event"]["actor"] == {"subject": "human:oscar@example.com"}
    proven = chatting.good("auditor", "GET", f"/ledger/events/{one['id']}")
    seal = Proof.parse(proven["proof"]).check(proven["leaf"].encode(), NoteVerifier.parse(proven["key"]))
    assert seal.size > proven["index"]
    late = {"since": "2100-01-01T00:00:00Z"}
    assert chatting.good("auditor", "GET", "/ledger/events", params=late)["items"] == []
    early = {"until": "2020-01-01T00:00:00Z", "log": one["log"]}
    assert chatting.good("auditor", "GET", "/ledger/events", params=early)["items"] == []
    assert chatting.good("auditor", "GET", "/ledger/events", params={"log": "other"})["items"] == []
    assert chatting.call("auditor", "GET", "/ledger/events/none").status_code == 404
    beyond = chatting.good("auditor", "GET", "/ledger/events", params={"cursor": first["next_cursor"], "limit": 1})
    assert beyond["items"][0]["index"] > one["index"]


def test_the_ledger_is_verified(gate: ControlledGate) -> None:
    found = gate.good("auditor", "POST", "/ledger/verify")
    assert found["passed"] is True
    assert {one["name"]: one["verdict"] for one in found["claims"]}["C3"] == "PASS"
    assert found["sizes"]


def test_a_bundle_is_tried_on_what_the_gate_knows(gate: ControlledGate) -> None:
    case = {"resource": "models", "text": "Hello", "principal": {"kind": "human", "subject": "ada@example.com"}}
    asked = {"bundle": "rules: []\n", "cases": [case]}
    (verdict,) = gate.good("auditor", "POST", "/policies/dry-run", json=asked)["verdicts"]
    assert verdict["verdict"] == "allow"
    denied = gate.good("auditor", "POST", "/policies/dry-run", json={**asked, "bundle": DENY_SECRETS})
    assert denied["verdicts"][0]["rule"] == "no-secrets"
    broken = gate.good("auditor", "POST", "/policies/dry-run", json={"bundle": "rules: [{id: x}]"})
    assert broken["problems"][0]["place"].startswith("bundle.yaml:1:")
    for resource, said in (("shop", "catalog of shop is not known"), ("shpo", "there is no resource")):
        refused = gate.call(
            "auditor", "POST", "/policies/dry-run", json={**asked, "cases": [{**case, "resource": resource}]}
        )
        assert (refused.status_code, said in refused.json()["detail"]) == (422, True)


def test_a_bundle_is_put_in_force_and_the_one_before_is_kept(gate: ControlledGate) -> None:
    before = gate.good("operator", "GET", "/policies/current")
    rules = gate.folder / "rules.yaml"
    old = rules.read_text()
    sent = {"bundle": DENY_SECRETS, "replaces": before["version"]}
    assert gate.call("operator", "POST", "/policies/activate", json={**sent, "bundle": "rules: 1"}).status_code == 422
    assert rules.read_text() == old
    after = gate.good("operator", "POST", "/policies/activate", json=sent)
    assert after["version"] == gate.gate.bundle.version != before["version"]
    assert "no-secrets" in after["rules"]
    assert rules.read_text() == DENY_SECRETS
    assert (gate.folder / f"rules.yaml.{before['version'][:12]}").read_text() == old
    assert gate.call("operator", "POST", "/policies/activate", json=sent).status_code == 409
    assert gate.events("policy.bundle.activated")[-1]["actor"] == {"subject": "human:oscar@example.com"}
    back = {"bundle": old, "replaces": after["version"]}
    assert gate.good("operator", "POST", "/policies/activate", json=back)["version"] == before["version"]


def test_a_bundle_that_somebody_is_editing_is_not_written_over(gate: ControlledGate) -> None:
    rules = gate.folder / "rules.yaml"
    old, current = rules.read_text(), gate.good("operator", "GET", "/policies/current")["version"]
    rules.write_text("rules: [half")
    try:
        sent = {"bundle": DENY_SECRETS, "replaces": current}
        assert gate.call("operator", "POST", "/policies/activate", json=sent).status_code == 409
        assert rules.read_text() == "rules: [half"
    finally:
        rules.write_text(old)


def test_a_bundle_that_cannot_be_written(gate: ControlledGate, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = gate.good("operator", "GET", "/policies/current")["version"]
    with monkeypatch.context() as patch:
        patch.setattr("passgate.wiring.control.policies.os.fchmod", lambda *_: full(0))
        answer = gate.call("operator", "POST", "/policies/activate", json={"bundle": DENY_SECRETS, "replaces": before})
    assert answer.status_code == 422
    assert "No space left" in answer.json()["detail"]
    assert [path.name for path in gate.folder.glob(".rules.yaml*")] == []
    assert gate.good("operator", "GET", "/policies/current")["version"] == before


def test_without_a_ledger_nothing_is_changed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The last test of a gate of its own: its ledger is closed under it."""
    with controlled_gate(tmp_path_factory.mktemp("stopped")) as gate:
        gate.loop.call_soon_threadsafe(gate.gate._ledger._writer.close)
        with contextlib.suppress(AssertionError):
            while True:
                gate.good("auditor", "GET", "/ledger/events?limit=1")
        assert gate.call("operator", "POST", "/passes", json=ISSUE).status_code == 503
        assert gate.gate.passes.list(live_only=False) == ()
        assert gate.call("auditor", "GET", "/passes").status_code == 200


def test_without_an_issuer_there_is_no_api_to_start(gate: ControlledGate) -> None:
    settings = load_settings(gate.folder / "passgate.yaml")
    with pytest.raises(ConfigError, match=r"control needs identity\.issuer"):
        control_beside(settings, gate=gate.gate, tokens=None)
    assert control_beside(settings.model_copy(update={"control": None}), gate=gate.gate, tokens=None) == ()
