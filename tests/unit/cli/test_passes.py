"""``passgate pass``."""

import json
import re
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from passgate.core.passes import PassState
from passgate.identity.registry import PassRegistry
from passgate.pipeline.protocols import Spending
from passgate.store.budget_store import BudgetStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.api.conftest import Gate, make_session
from tests.unit.cli.conftest import Passgate, RunningGates
from tests.unit.identity.test_secret import log_in

ISSUE = (
    "pass", "issue", "--for", "agent:reporter", "--on-behalf-of", "user@example.com", "--resource", "shop",
    "--verbs", "read,write", "--purpose", "weekly report", "--ticket", "X", "--ttl", "30m",
)  # fmt: skip


def issue(passgate: Passgate, *more: str) -> dict[str, Any]:
    result = passgate(*ISSUE, "--json", *more)
    assert result.code == 0, result.err
    shown: dict[str, Any] = json.loads(result.out)
    return shown


def test_a_pass_for_people(passgate: Passgate) -> None:
    result = passgate(*ISSUE)
    assert result.code == 0
    head = result.out.split("\n\n")[0].splitlines()
    lines = {line[:13].strip(): line[13:] for line in head}
    assert lines["for"] == "agent:reporter"
    assert lines["on behalf of"] == "human:user@example.com"
    assert (lines["resources"], lines["verbs"], lines["purpose"], lines["ticket"]) == (
        "shop",
        "read, write",
        "weekly report",
        "X",
    )
    assert lines["expires"].endswith("(30m after issue)")
    assert result.out.count("pgs_") == 1
    assert re.fullmatch(r"pgs_[\w-]{43}", lines["secret"])
    assert f"user={lines['pass']} sslmode=verify-full" in result.out
    assert f"postgresql://{lines['pass']}:<secret>@127.0.0.1:6432/shop?sslmode=verify-full" in result.out
    assert "kept nowhere" in result.err


def test_a_pass_for_programs_whose_secret_logs_in(passgate: Passgate, folder: Path) -> None:
    shown = issue(passgate, "--group", "bi", "--group", "staff")
    assert (shown["principal"], shown["on_behalf_of"], shown["groups"]) == (
        "agent:reporter", "human:user@example.com", ["bi", "staff"],
    )  # fmt: skip
    assert (shown["resources"], shown["verbs"], shown["state"]) == (["shop"], ["read", "write"], "live")
    assert [way["resource"] for way in shown["connect"]] == ["shop"]
    database = SqliteDatabase(folder / "state" / "state.db")
    log_in(shown["secret"], PassRegistry(PassStore(database)).verifier(shown["id"]))
    database.close()


GPT = """\
  gpt: {kind: llm, provider: openai, upstream: {url: 'https://api.example.com', credential: {env: KEY}}}
passes:"""


def test_a_pass_for_models(passgate: Passgate, folder: Path) -> None:
    config = (folder / "passgate.yaml").read_text()
    config = config.replace("passes:", GPT).replace("resources:", "  - {kind: http}\nresources:", 1)
    (folder / "passgate.yaml").write_text(config)
    words = ("pass", "issue", "--for", "human:ada", "--resource", "gpt", "--purpose", "ask")
    shown = json.loads(passgate(*words, "--json").out)
    assert shown["key"] == f"{shown['id']}.{shown['secret']}"
    assert shown["connect"][0]["dsn"] == "https://127.0.0.1:8080/v1"
    text = passgate(*words)
    pass_id = re.search(r"^pass +(\S+)$", text.out, re.MULTILINE)
    assert pass_id is not None
    assert f"{'API key':<13}{pass_id[1]}.<secret>\n" in text.out
    assert f"OPENAI_API_KEY='{pass_id[1]}.<secret>'" in text.out
    assert text.out.count("pgs_") == 1
    filed = passgate(*words, "--secret-file", "gpt.key", "--json")
    assert re.fullmatch(r"pg_[a-z0-9]{16}\.pgs_[\w-]{43}\n", (folder / "gpt.key").read_text())
    assert "key" not in json.loads(filed.out)


def test_the_secret_is_kept_nowhere(passgate: Passgate, folder: Path) -> None:
    secret = issue(passgate)["secret"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.startswith("state.db") for path in files)
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_the_defaults(passgate: Passgate) -> None:
    result = passgate(
        "pass", "issue", "--for", "human:ada", "--resource", "shop,warehouse", "--purpose", "look", "--json"
    )
    shown = json.loads(result.out)
    assert shown["verbs"] == ["read"]
    assert shown["resources"] == ["shop", "warehouse"]
    assert shown["ticket"] is None
    assert [way["resource"] for way in shown["connect"]] == ["shop", "warehouse"]


def test_a_secret_file_instead_of_the_secret(passgate: Passgate, folder: Path) -> None:
    result = passgate(*ISSUE, "--secret-file", "agent.pgpass")
    assert result.code == 0
    file = folder / "agent.pgpass"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.fullmatch(r"\*:6432:\*:pg_[a-z0-9]{16}:pgs_[\w-]{43}\n", file.read_text())
    assert "pgs_" not in result.out + result.err
    assert f"PGPASSFILE={file} psql" in result.out
    shown = issue(passgate, "--secret-file", "other.pgpass")
    assert "secret" not in shown
    assert shown["secret_file"] == str(folder / "other.pgpass")


def test_a_secret_file_is_never_written_over_and_not_left_behind(passgate: Passgate, folder: Path) -> None:
    (folder / "agent.pgpass").write_text("theirs")
    result = passgate(*ISSUE, "--secret-file", "agent.pgpass")
    assert (result.code, (folder / "agent.pgpass").read_text()) == (2, "theirs")
    assert "agent.pgpass cannot be made: File exists" in result.err
    (folder / "state").mkdir()
    (folder / "state").chmod(0o777)
    assert passgate(*ISSUE, "--secret-file", "new.pgpass").code == 2
    assert not (folder / "new.pgpass").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (["--ttl", "3h"], "the time to live is 3h, but the maximum is 2h"),
        (["--ttl", "30"], "--ttl: '30' is not a duration"),
        (["--resource", "shpo"], "there is no resource 'shpo' (did you mean 'shop'?); known: shop, warehouse"),
        (["--verbs", "raed"], "'raed' is not a verb (did you mean 'read'?)"),
        (["--for", "reporter"], "'reporter' does not say what it is"),
        (["--on-behalf-of", "agent:other"], "nobody acts on behalf of an agent"),
        (["--purpose", " "], "it states no purpose"),
    ],
)
def test_what_may_not_be_issued(passgate: Passgate, folder: Path, changes: list[str], problem: str) -> None:
    result = passgate(*ISSUE, *changes)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert result.err.count("\n") == 1
    assert not (folder / "state" / "state.db").exists()


def test_an_agent_must_name_somebody(passgate: Passgate) -> None:
    result = passgate("pass", "issue", "--for", "agent:bot", "--resource", "shop", "--purpose", "x")
    assert result.code == 2
    assert "--on-behalf-of" in result.err


def test_live_passes_are_listed_and_all_on_demand(passgate: Passgate) -> None:
    first, second = issue(passgate)["id"], issue(passgate)["id"]
    assert passgate("pass", "revoke", first).code == 0
    listed = json.loads(passgate("pass", "list", "--json").out)
    assert [p["id"] for p in listed] == [second]
    everything = json.loads(passgate("pass", "list", "--all", "--json").out)
    assert {p["id"]: p["state"] for p in everything} == {first: "revoked", second: "live"}
    table = passgate("pass", "list").out
    assert first not in table
    row = next(line for line in table.splitlines() if second in line)
    assert "agent:reporter for human:user@example.com" in row
    assert "weekly report" in row
    assert re.search(r"live +in 29m59s", row)
    assert re.search(r"revoked +20\d\d-", passgate("pass", "list", "--all").out)


def test_one_pass_is_shown(passgate: Passgate) -> None:
    issued = issue(passgate, "--group", "bi")
    shown = json.loads(passgate("pass", "show", issued["id"], "--json").out)
    assert shown == {key: value for key, value in issued.items() if key not in ("secret", "key", "connect")}
    text = passgate("pass", "show", issued["id"]).out
    assert "groups       bi\n" in text
    assert "pgs_" not in text
    missing = passgate("pass", "show", "pg_0000000000000000")
    assert (missing.code, missing.err) == (2, "passgate: There is no pass pg_0000000000000000\n")


MODELS = "  models: {kind: llm, provider: compatible, upstream: {url: 'http://127.0.0.1:9'}}\n"


@pytest.fixture
def with_models(folder: Path) -> Path:
    config = folder / "passgate.yaml"
    config.write_text(config.read_text().replace("passes:", MODELS + "passes:"))
    return folder


CHAT = ("pass", "issue", "--for", "human:ann", "--resource", "models", "--purpose", "chat")


def test_a_budget_is_shown_with_what_is_left_of_it(passgate: Passgate, with_models: Path) -> None:
    issued = passgate(*CHAT, "--max-requests", "3", "--max-tokens", "5000", "--max-cost", "2.50")
    assert "budget       3 requests, 5,000 tokens, $2.50\n" in issued.out
    assert "left" not in issued.out
    pass_id = issued.out.split()[1]
    database = SqliteDatabase(with_models / "state" / "state.db")
    BudgetStore(database).correct(pass_id, Spending(requests=1, tokens=5200, microdollars=1_234_567))
    database.close()
    text = passgate("pass", "show", pass_id).out
    assert "budget       3 requests, 5,000 tokens, $2.50\n" in text
    assert "spent        1 requests, 5,200 tokens, $1.234567\n" in text
    assert "left         2 requests, 0 tokens, $1.265433\n" in text
    shown = json.loads(passgate("pass", "show", pass_id, "--json").out)
    assert shown["budget"] == {"requests": 3, "tokens": 5000, "cost": "2.50"}
    assert shown["spent"] == {"requests": 1, "tokens": 5200, "cost": "1.234567"}


def test_one_ceiling_is_enough(passgate: Passgate, with_models: Path) -> None:
    shown = json.loads(passgate(*CHAT, "--max-cost", "1", "--json").out)
    assert shown["budget"] == {"requests": None, "tokens": None, "cost": "1.00"}
    assert "left         $1.00\n" in passgate("pass", "show", shown["id"]).out


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--max-requests", "0"), "the budget's requests must be more than nothing"),
        (("--max-cost", "cheap"), "'cheap' is not an amount of US dollars: write 2.50"),
        (("--max-tokens", "5", "--resource", "shop"), ""),
    ],
)
def test_budgets_that_make_no_sense_are_refused(
    passgate: Passgate, with_models: Path, more: tuple[str, ...], problem: str
) -> None:
    result = passgate(*CHAT, *more)
    assert (result.code == 0) == (not problem)
    assert problem in result.err


def test_a_budget_without_a_model_is_refused(passgate: Passgate) -> None:
    result = passgate(*ISSUE, "--max-tokens", "5")
    assert result.code == 2
    assert "it has a budget, which counts calls to models, and opens no model" in result.err


def test_an_expired_pass_is_told_apart(passgate: Passgate, folder: Path) -> None:
    pass_id = issue(passgate)["id"]
    with sqlite3.connect(folder / "state" / "state.db") as database:
        database.execute("UPDATE passes SET expires = '2026-01-01T00:00:00.000000+00:00'")
    database.close()
    shown = json.loads(passgate("pass", "show", pass_id, "--json").out)
    assert shown["state"] == PassState.EXPIRED
    assert "expired (2026-01-01 00:00:00Z)" in passgate("pass", "show", pass_id).out
    passgate("pass", "revoke", pass_id)
    assert "revoked (2026-01-01 00:00:00Z)" in passgate("pass", "show", pass_id).out


def test_revoking_ends_live_sessions_of_every_gate(passgate: Passgate, gates: RunningGates) -> None:
    pass_id = issue(passgate)["id"]
    other = make_session("s9")
    mine = {f"s{n}": make_session(f"s{n}") for n in (1, 2)}
    for session in mine.values():
        object.__setattr__(session.pass_, "id", pass_id)
    first = gates.start(0, Gate(live=mine))
    second = gates.start(1, Gate(live={"s9": other}))
    result = passgate("pass", "revoke", pass_id)
    assert result.out == f"revoked {pass_id}\n2 live sessions ended\n"
    assert (first.live, list(second.live)) == ({}, ["s9"])
    again = passgate("pass", "revoke", pass_id, "--json")
    assert json.loads(again.out) == {"revoked": [pass_id], "sessions_ended": 0, "gates": ["gate-0", "gate-1"]}


def test_revoking_works_while_no_gate_runs(passgate: Passgate, folder: Path) -> None:
    pass_id = issue(passgate)["id"]
    (folder / "state" / "run" / "gate-7.sock").touch()
    result = passgate("pass", "revoke", pass_id)
    assert result.code == 0
    assert "no gate answered" in result.out
    assert "gate-7.sock: left behind by a gate that no longer runs" in result.err


def test_revoking_an_unknown_pass_revokes_none(passgate: Passgate) -> None:
    pass_id = issue(passgate)["id"]
    result = passgate("pass", "revoke", pass_id, "pg_nope")
    assert (result.code, result.err) == (2, "passgate: There is no pass pg_nope; nothing was revoked\n")
    assert json.loads(passgate("pass", "show", pass_id, "--json").out)["state"] == "live"


def test_a_broken_configuration_tells_all_its_problems(passgate: Passgate, folder: Path) -> None:
    (folder / "passgate.yaml").write_text("stat: x\nnodes: y\n")
    result = passgate(*ISSUE)
    assert result.code == 2
    assert result.err.count("passgate.yaml:") == 5
    assert "passgate.yaml:1:1: stat: unknown setting (did you mean 'state'?)" in result.err


# -- delegating --------------------------------------------------------------------------------------------------------------

AGENTS = """\
identity:
  agents:
    summariser: {purpose: summaries, resources: [shop], verbs: [read], until: '2999-12-31'}
    reader: {purpose: reading, resources: [shop], until: '2999-12-31'}
"""


@pytest.fixture
def with_agents(folder: Path) -> Path:
    with (folder / "passgate.yaml").open("a") as config:
        config.write(AGENTS)
    return folder


def delegate(passgate: Passgate, parent: str, *more: str) -> dict[str, Any]:
    result = passgate(
        "pass",
        "delegate",
        parent,
        "--to",
        "agent:summariser",
        "--resource",
        "shop",
        "--purpose",
        "sums",
        "--json",
        *more,
    )
    assert result.code == 0, result.err
    shown: dict[str, Any] = json.loads(result.out)
    return shown


def test_a_narrower_pass_for_a_sub_agent(passgate: Passgate, with_agents: Path) -> None:
    parent = issue(passgate)
    made = delegate(passgate, parent["id"], "--verbs", "read", "--ttl", "10m")
    assert made["chain"] == ["agent:summariser", "agent:reporter", "human:user@example.com"]
    assert (made["delegated_from"], made["verbs"], made["ticket"]) == ([parent["id"]], ["read"], "X")
    assert made["expires"] < parent["expires"]
    assert made["secret"] != parent["secret"]
    deeper = delegate(passgate, made["id"], "--to", "reader")
    shown = {line[:13].strip(): line[13:] for line in passgate("pass", "show", deeper["id"]).out.splitlines()}
    assert shown["for"] == "agent:reader"
    assert shown["on behalf of"] == "agent:summariser for agent:reporter for human:user@example.com"
    assert shown["from"] == f"{made['id']} from {parent['id']}"
    assert (
        "agent:reader for agent:summariser for agent:reporter for human:user@example.com"
        in passgate("pass", "list").out
    )


def test_its_secret_goes_to_a_file(passgate: Passgate, with_agents: Path) -> None:
    parent = issue(passgate)
    made = delegate(passgate, parent["id"], "--secret-file", "below.pgpass")
    text = (with_agents / "below.pgpass").read_text()
    assert made["id"] in text
    assert "pgs_" in text
    assert "secret" not in made
    failed = passgate(
        "pass", "delegate", "pg_0000000000000000", "--to", "summariser", "--resource", "shop", "--purpose", "x",
        "--secret-file", "none.pgpass",
    )  # fmt: skip
    assert failed.code == 2
    assert not (with_agents / "none.pgpass").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (["--to", "human:ada"], "passes are delegated to agents, and human:ada is none"),
        (["--to", "stranger"], "no agent registered as 'stranger': name it under identity.agents"),
        (["--to", "agent:"], "is not a name"),
        (["--verbs", "write"], "is not registered for write"),
        (["--resource", "Shop"], "is not registered for Shop"),
        (["--ttl", "soon"], "--ttl"),
        (["--max-requests", "5"], "opens no model"),
    ],
)
def test_what_may_not_be_delegated(passgate: Passgate, with_agents: Path, changes: list[str], problem: str) -> None:
    parent = issue(passgate)
    result = passgate(
        "pass", "delegate", parent["id"], "--to", "summariser", "--resource", "shop", "--purpose", "sums", *changes
    )
    assert (result.code, result.out) == (2, "")
    assert problem in result.err


def test_revoking_a_pass_revokes_what_was_delegated_from_it(passgate: Passgate, with_agents: Path) -> None:
    parent = issue(passgate)
    made = delegate(passgate, parent["id"])
    assert passgate("pass", "revoke", parent["id"]).code == 0
    assert json.loads(passgate("pass", "show", made["id"], "--json").out)["state"] == "revoked"
    refused = passgate("pass", "delegate", parent["id"], "--to", "reader", "--resource", "shop", "--purpose", "x")
    assert f"the pass {parent['id']} is revoked" in refused.err
