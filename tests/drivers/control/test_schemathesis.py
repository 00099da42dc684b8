"""Schemathesis against a real gate, from its own OpenAPI document: as everybody at once, as each role, and as nobody.

Two checks are left out: that data which fits the schema is always accepted (it is not: a resource must exist, a reason must be
printable), and that what was created can be read at once by the same caller (an operator issues passes, a user asks).
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.drivers.control.conftest import ControlledGate
from tests.drivers.control.test_wired import ISSUE
from tests.unit.endpoints.control.desks import agent_of, make_approval

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
CONFIG = """\
headers = {{ Authorization = "Bearer ${{PASSGATE_TOKEN}}" }}

[parameters]
{parameters}
"""


def schemathesis(
    gate: ControlledGate, folder: Path, token: str, *, examples: int, phases: str, known: bool
) -> Counter[int]:
    """How often each status was answered. ``known``: names in paths are of things that are there. Fails on any finding."""
    names = _names(gate) if known else {}
    config, har = folder / "schemathesis.toml", folder / "calls.har"
    parameters = "\n".join(f'"path.{name}" = {json.dumps(values)}' for name, values in names.items())
    config.write_text(CONFIG.format(parameters=parameters))
    document = folder / "openapi.json"
    document.write_bytes(gate.call("auditor", "GET", "/openapi.json").content)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(config),
        "run",
        str(document),
    ]
    command += ["--url", gate.url, "--phases", phases, "--max-examples", str(examples), "--checks", ",".join(CHECKS)]
    command += ["--continue-on-failure", "--no-shrink", "--seed", "20261122", "--warnings", "off"]
    command += ["--report", "har", "--report-har-path", str(har)]
    environment = {**os.environ, "PASSGATE_TOKEN": token, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    answered = json.loads(har.read_text())["log"]["entries"]
    return Counter(entry["response"]["status"] for entry in answered)


def _names(gate: ControlledGate) -> dict[str, Sequence[str]]:
    """Of things that are there, for every parameter of a path."""
    for number in range(20):
        gate.approvals.kept[f"ap{number}"] = make_approval(f"ap{number}")
    asked = gate.requests.add("req_ada", agent_of("ada@example.com"))
    passes = [gate.good("operator", "POST", "/passes", json=ISSUE)["pass"]["id"] for _ in range(5)]
    lock = {"kind": "agent", "target": "stranger", "reason": "a test"}
    locks = [gate.good("operator", "POST", "/locks", json=lock)["id"] for _ in range(5)]
    events = [item["id"] for item in gate.good("auditor", "GET", "/ledger/events")["items"]]
    return {
        "pass_id": passes,
        "lock_id": locks,
        "name": ["reporter"],
        "request_id": [*gate.approvals.kept, asked.id],
        "event_id": events[:20],
        "session_id": ["none-is-open"],
    }


def test_everybody_at_once(gate: ControlledGate, tmp_path: Path) -> None:
    """Every operation lets this caller in, so nothing stays behind a refusal."""
    everything = gate.token("", principal=gate.everybody)
    statuses = schemathesis(gate, tmp_path, everything, examples=3, phases="coverage,fuzzing", known=False)
    assert statuses[200] > 20
    assert max(statuses) < 500


@pytest.mark.parametrize("role", ["user", "approver", "auditor", "operator", "everybody"])
def test_as_each_role_on_what_is_there(gate: ControlledGate, tmp_path: Path, role: str) -> None:
    principal = gate.everybody if role == "everybody" else None
    statuses = schemathesis(
        gate, tmp_path, gate.token(role, principal=principal), examples=1, phases="fuzzing", known=True
    )
    assert statuses[200] > 0
    assert (statuses[403] > 0) == (role != "everybody")
    assert max(statuses) < 500


@pytest.mark.parametrize(("token", "status"), [("", 401), ("nobody", 403)])
def test_as_a_stranger(gate: ControlledGate, tmp_path: Path, token: str, status: int) -> None:
    sent = token and gate.token(token)
    statuses = schemathesis(gate, tmp_path, sent, examples=1, phases="fuzzing", known=True)
    assert set(statuses) <= {401, status}  # ignored_auth asks without a token too
    assert statuses[status] > 20
