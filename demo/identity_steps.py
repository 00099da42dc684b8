"""The demo's third part: who asks, for whom, who agrees, and with what rights at the server."""

import asyncio
import json
import os
import pwd
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from steps import DemoFailedError, Step, expect

from passgate.cli.device_flow import DeviceFlow
from passgate.cli.signing_in import Gate
from passgate.core.errors import PassgateError
from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate, command_line
from passgate.testing.oidc_provider import CLIENT_ID, OidcProvider

ADA, GRACE = "ada@example.com", "grace@example.com"
PEOPLE = {ADA: ["engineering"], GRACE: ["engineering", "dba"]}

_HELD = "UPDATE orders SET status = 'archived' WHERE id > 4950"
_RULES = """\
- id: many-orders-need-a-person
  when: "verb == 'update' && object.name == 'orders' && !key_pinned"
  then: hold
  approvers: {group: dba, count: 1, expires: 5m}
"""
_MINTED = r"SELECT count(*) FROM pg_roles WHERE rolname LIKE 'passgate\_%'"


@contextmanager
def gate_of_the_company(
    folder: Path, cluster: PostgresCluster, provider: OidcProvider, rules: str
) -> Iterator[RunningGate]:
    """A gate that trusts the company's provider, asks people, and makes a role for each session."""
    password = secrets.token_urlsafe(24)
    cluster.psql(f"CREATE ROLE minter LOGIN CREATEROLE PASSWORD '{password}'; CREATE ROLE reading; CREATE ROLE writing")
    cluster.psql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reading;"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON orders, products TO writing",
        database="shop",
    )
    me = pwd.getpwuid(os.getuid()).pw_name
    sections = f"""\
identity:
  providers:
    company: {{issuer: {provider.issuer}, audience: [{CLIENT_ID}], algorithms: [ES256], sign_in: {{client_id: {CLIENT_ID}}}}}
  grants:
    - {{provider: company, groups: [engineering], resources: [shop], verbs: [read, write], max_ttl: 30m}}
  agents:
    archivist: {{purpose: tidies orders, resources: [shop], verbs: [read, write], until: '2099-12-31'}}
    counter: {{purpose: counts orders, resources: [shop], verbs: [read], until: '2099-12-31'}}
approvals:
  people: {{{GRACE}: {{os_user: {me}, groups: [dba]}}}}
"""
    setup = GateSetup(
        database="shop",
        user="minter",
        password=password,
        bundle=rules + "rules:\n" + _RULES,
        upstream_more="mint: {read: [reading], write: [writing]}",
        http_listener=True,
        sections=sections,
    )
    with RunningGate.start(folder / "company", cluster, setup) as gate:
        yield gate


def signed_in(gate: RunningGate, provider: OidcProvider) -> tuple[Step, IssuedPass]:
    """Ada signs in, and takes a pass for an agent that acts for her."""
    pass_, page = _take(gate, provider, ADA)
    shown = json.loads(gate.cli("pass", "show", pass_.id, "--json"))
    expect(
        (shown["principal"], shown["on_behalf_of"]) == ("agent:archivist", f"human:{ADA}"),
        "the pass is somebody else's",
    )
    step = Step(
        name="sign in at the company's provider",
        sent="passgate login --resource shop --verbs read,write --agent archivist --purpose 'tidy up'",
        verdict="pass",
        rule="grant of the group engineering",
        said=(
            f"opened {page}",
            f"{shown['principal']} for {shown['on_behalf_of']}",
            f"verbs {', '.join(shown['verbs'])}",
        ),
        event=("session.start", ""),
    )
    return step, pass_


def not_granted(gate: RunningGate, provider: OidcProvider, folder: Path) -> Step:
    """An agent may not have what it is not registered for, whoever it acts for."""
    token = folder / "id-token"
    token.touch(mode=0o600)
    token.write_text(provider.token(ADA))
    words = [
        "login",
        "--gate",
        _url(gate),
        "--resource",
        "shop",
        "--verbs",
        "ddl",
        "--agent",
        "archivist",
        "--purpose",
        "x",
    ]
    done = command_line([*words, "--token-file", str(token)])
    expect(done.returncode == 2, "more was granted than may be")
    return Step(
        name="ask for more than is granted",
        sent="passgate login --resource shop --verbs ddl --agent archivist",
        verdict="deny",
        rule="no grant covers it",
        said=(done.stderr.strip(),),
    )


def delegated_and_narrowed(gate: RunningGate, ada: IssuedPass) -> Step:
    """The agent has a part of its task done by another, which gets less and ends with it."""
    words = ["pass", "delegate", ada.id, "--to", "agent:counter", "--resource", "shop", "--purpose", "count orders"]
    try:
        gate.cli(*words, "--verbs", "write", "--ttl", "10m")
    except PassgateError as error:
        said = str(error).strip().splitlines()[-1]
    else:
        raise DemoFailedError("a sub-agent got more than it is registered for")
    given = json.loads(gate.cli(*words, "--verbs", "read", "--ttl", "10m", "--json"))
    child = IssuedPass(id=given["id"], secret=given["secret"])
    with psycopg.connect(gate.dsn(child), autocommit=True) as connection:
        counted = connection.execute("SELECT count(*) FROM orders").fetchone()
        expect(counted is not None and counted[0] > 0, "the sub-agent could not read")
        try:
            connection.execute("UPDATE orders SET status = 'x' WHERE id = 1")
        except psycopg.Error as error:
            refused = str(error).splitlines()[0]
        else:
            raise DemoFailedError("a narrowed pass could write")
    return Step(
        name="delegate to a sub-agent, narrowed",
        sent=f"passgate {' '.join(words)} --verbs read --ttl 10m",
        verdict="pass",
        rule="each link only narrows",
        said=(f"asked for write: {said}", " for ".join(given["chain"]), f"an UPDATE with it: {refused}"),
    )


def held_and_decided(
    gate: RunningGate, provider: OidcProvider, cluster: PostgresCluster, ada: IssuedPass
) -> Iterator[Step]:
    """The same write twice: Grace cannot approve her own agent's, and approves Ada's."""
    grace, _ = _take(gate, provider, GRACE)
    with _waiting(gate, grace) as (request, _):
        try:
            gate.cli("approvals", "approve", request)
        except PassgateError as error:
            said = str(error).strip().splitlines()[-1]
        else:
            raise DemoFailedError("somebody approved their own agent's request")
        yield Step(
            name="approve what is asked for in your own name",
            sent=f"passgate approvals approve {request}",
            verdict="deny",
            rule="nobody decides for themselves",
            said=(said,),
        )
        gate.cli("pass", "revoke", grace.id)
    before = _archived(cluster)
    with _waiting(gate, ada) as (request, done):
        expect(_archived(cluster) == before, "the write did not wait")
        roles = cluster.psql(_MINTED)
        gate.cli("approvals", "approve", request, "--note", "INC-42")
        said = done()
    changed = _archived(cluster) - before
    expect(changed > 0, "the approved write changed nothing")
    yield Step(
        name="a second person approves",
        sent=_HELD,
        verdict="held, allowed",
        rule="many-orders-need-a-person",
        said=(f"request {request} approved by {GRACE}", said, f"roles made for live sessions meanwhile: {roles}"),
        event=("approval.resolved", ""),
        figures={"rows": changed},
    )


def minted_and_gone(cluster: PostgresCluster, gate: RunningGate) -> Step:
    end = time.monotonic() + 10
    while (left := cluster.psql(_MINTED)) != "0":
        expect(time.monotonic() < end, f"{left} roles are left")
    events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
    roles = [str(event["detail"]["role"]) for event in events if event["type"] == "credential.minted"]
    return Step(
        name="a role at the server for each session",
        sent=_MINTED,
        verdict="gone",
        rule="upstream.mint",
        said=tuple(f"{role}: made, used, dropped" for role in roles),
        figures={"made": len(roles), "left": 0},
    )


def _take(gate: RunningGate, provider: OidcProvider, person: str) -> tuple[IssuedPass, str]:
    """What ``passgate login`` does, with the person at hand."""
    pages: list[str] = []

    def invite(page: str, _code: str) -> None:
        pages.append(page)
        provider.sign_in(page, person)

    async def take() -> dict[str, object]:
        at = Gate(url=_url(gate))
        tokens = await at.sign_in(None, [DeviceFlow(invite=invite)])
        asked = {"audience": ["shop"], "scope": ["read write"], "agent": ["archivist"], "purpose": ["tidy up"]}
        return dict(await at.exchange(tokens, asked))

    answer = asyncio.run(take())
    return IssuedPass(id=str(answer["pass"]), secret=str(answer["secret"])), pages[0]


def _url(gate: RunningGate) -> str:
    return f"http://127.0.0.1:{gate.http_port}"


def _archived(cluster: PostgresCluster) -> int:
    return int(cluster.psql("SELECT count(*) FROM orders WHERE status = 'archived'", database="shop"))


@contextmanager
def _waiting(gate: RunningGate, pass_: IssuedPass) -> Iterator[tuple[str, Callable[[], str]]]:
    """The held write, sent on a thread of its own: the request's number, and how to wait for what came of it."""
    told, came = threading.Event(), list[str]()
    notices: list[str] = []

    def heard(said: psycopg.errors.Diagnostic) -> None:
        notices.append(said.message_detail or "")
        told.set()

    def send() -> None:
        try:
            with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
                connection.add_notice_handler(heard)
                came.append(connection.execute(_HELD).statusmessage or "")
        except psycopg.Error as error:
            came.append(str(error).strip().splitlines()[0])
        finally:
            told.set()

    client = threading.Thread(target=send)
    client.start()

    def done() -> str:
        client.join(timeout=30)
        expect(bool(came), "the held write did not come to an end")
        return came[0]

    expect(told.wait(30) and bool(notices), f"the write was not held: {came}")
    try:
        yield notices[0].removeprefix("request ").partition(",")[0], done
    finally:
        client.join(timeout=30)
