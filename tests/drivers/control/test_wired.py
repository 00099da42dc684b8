"""The control API over a real gate: what it changes is changed, and what it tells is so."""

from tests.drivers.control.conftest import ControlledGate

ISSUE = {
    "principal": {"kind": "agent", "subject": "reporter", "groups": ["reporting"]},
    "on_behalf_of": {"kind": "human", "subject": "ada@example.com"},
    "resources": ["shop"],
    "verbs": ["read"],
    "purpose": "weekly report",
    "ttl_seconds": 600,
}


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
