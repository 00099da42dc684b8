"""Access that nobody has standing, at a whole gate: a person signs in and asks, another decides, and only then it opens."""

import json
import os
import pwd
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest

from passgate.core.errors import PassgateError
from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider
from tests.drivers.conftest import BUNDLE
from tests.drivers.test_delegation import exported

SECTIONS = """\
identity:
  providers:
    company: {{issuer: '{issuer}', audience: [{client}]}}
  grants:
  - {{provider: company, groups: [eng], resources: [shop], verbs: [read], max_ttl: 30m}}
  access_rules:
  - name: on-call-writes
    groups: [on-call, dba]
    providers: [company]
    resources: [shop]
    verbs: [read, write]
    max_ttl: 2h
    approvers: {{group: dba, count: 1, expires: 10m}}
    ticket: 'INC-[0-9]+'
approvals: {{people: {{grace@example.com: {{os_user: {me}, groups: [dba]}}}}}}
"""
UPDATE = "UPDATE orders SET status = 'sent' WHERE id = 7"


@pytest.fixture(scope="module")
def company() -> Iterator[OidcProvider]:
    with OidcProvider.start({"ada@example.com": ["eng", "on-call"], "eve@example.com": ["eng"]}) as company:
        yield company


@pytest.fixture(scope="module")
def gate(
    cluster: PostgresCluster, company: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    me = pwd.getpwuid(os.getuid()).pw_name
    grants = """\
rules:
- id: people-read-and-write
  when: "principal.kind == 'human' && verb in ['select', 'update']"
  then: allow
"""
    setup = GateSetup(
        database="shop",
        user="app",
        password="app-password",
        bundle=BUNDLE + grants,
        http_listener=True,
        sections=SECTIONS.format(issuer=company.issuer, client=CLIENT_ID, me=me),
    )
    with RunningGate.start(tmp_path_factory.mktemp("requests"), cluster, setup) as gate:
        yield gate


def exchange(gate: RunningGate, token: str, **more: str) -> tuple[int, dict[str, str]]:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "audience": "shop",
        "scope": "read write",
        "purpose": "INC-42",
        "ttl": "600",
        **more,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{gate.http_port}/oauth/token", data=urllib.parse.urlencode(form).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_person_asks_another_approves_and_the_access_begins(
    gate: RunningGate, company: OidcProvider, cluster: PostgresCluster
) -> None:
    token = company.token("ada@example.com")
    status, said = exchange(gate, token)
    assert (status, said["error"]) == (400, "authorization_pending")
    request = said["request"]
    assert request in said["error_description"]
    assert exchange(gate, token)[1]["request"] == request, "asking again is asking for the same"
    (listed,) = [one for one in json.loads(gate.cli("requests", "list", "--json")) if one["id"] == request]
    assert (listed["id"], listed["chain"], listed["source"]) == (request, ["human:ada@example.com"], "company")
    assert "INC-42" in gate.cli("requests", "show", request)
    assert gate.cli("requests", "approve", request, "--note", "go on") == f"{request} approved\n"
    status, given = exchange(gate, token)
    assert status == 200
    pass_ = IssuedPass(id=given["pass"], secret=given["secret"])
    shown = json.loads(gate.cli("pass", "show", pass_.id, "--json"))
    assert (shown["principal"], shown["verbs"], shown["purpose"]) == (
        "human:ada@example.com",
        ["read", "write"],
        "INC-42",
    )
    with psycopg.connect(gate.dsn(pass_)) as connection:
        assert connection.execute(UPDATE).rowcount == 1
    assert cluster.psql("SELECT status FROM orders WHERE id = 7", database="shop") == "sent"
    status, again = exchange(gate, token)
    assert (status, again["error"]) == (400, "authorization_pending"), "one approval, one pass: it waits anew"
    events = exported(gate, pass_.id)
    mine = [e for e in events if e.get("detail", {}).get("request") == request]
    assert [e["type"] for e in mine] == ["access.requested", "access.voted", "access.resolved", "access.taken"]
    (issued,) = [e for e in events if e["type"] == "pass.issued" and e["detail"]["pass"] == pass_.id]
    assert events.index(issued) > events.index(mine[2]), "approved in the ledger before there was a pass"


def test_a_refusal_is_told_to_the_one_who_asked(gate: RunningGate, company: OidcProvider) -> None:
    token = company.token("ada@example.com")
    _, said = exchange(gate, token, purpose="INC-43")
    gate.cli("requests", "deny", said["request"], "--note", "not on a Friday")
    status, told = exchange(gate, token, purpose="INC-43")
    assert (status, told["error"]) == (400, "invalid_scope")
    assert "grace@example.com has refused" in told["error_description"]
    assert "not on a Friday" in told["error_description"]


@pytest.mark.parametrize(
    ("person", "more", "says"),
    [
        ("eve@example.com", {}, "human:eve@example.com may not ask for read, write on shop"),
        ("ada@example.com", {"scope": "ddl"}, "may not ask for ddl on shop"),
        ("ada@example.com", {"ttl": "7201"}, "gives 2h at most"),
        ("ada@example.com", {"purpose": "because"}, "wants a ticket that matches INC-[0-9]+"),
    ],
)
def test_what_may_not_be_asked_for(
    gate: RunningGate, company: OidcProvider, person: str, more: dict[str, str], says: str
) -> None:
    status, said = exchange(gate, company.token(person), **more)
    assert (status, said["error"]) == (400, "invalid_scope")
    assert says in said["error_description"]


def test_what_is_granted_is_not_asked_for(gate: RunningGate, company: OidcProvider) -> None:
    status, _ = exchange(gate, company.token("ada@example.com"), scope="read", purpose="a look")
    assert status == 200
    status, said = exchange(gate, company.token("ada@example.com"), scope="read", ttl="3600", purpose="INC-44")
    assert (status, said["error"]) == (400, "authorization_pending"), "longer than the grant gives"


def test_nobody_approves_their_own_at_the_command_line(gate: RunningGate) -> None:
    asked = json.loads(gate.cli("request", "shop", "--verbs", "read,write", "--for", "5m", "--why", "INC-50", "--json"))
    assert (asked["state"], asked["chain"], asked["source"]) == ("pending", ["human:grace@example.com"], "unix")
    with pytest.raises(PassgateError, match=r"grace@example\.com asked for it"):
        gate.cli("requests", "approve", asked["id"])
    with pytest.raises(PassgateError, match="waits for the approval of 1 of dba"):
        gate.cli("requests", "take", asked["id"])
