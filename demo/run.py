"""The demo: a real PostgreSQL and language models behind the gate, and everything the gate is for, live.

Without arguments it shows each step, then waits with a psql line that works until Ctrl-C. ``--once`` ends instead of waiting,
``--json`` prints one report instead of the show.
"""

import argparse
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import anthropic
import identity_steps
import llm_steps
import openai
import psycopg
import shop
import steps
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from passgate.core.errors import PassgateError
from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from passgate.testing.gate import LlmUpstream
from passgate.testing.llm_provider import Provider, RunningProvider
from passgate.testing.oidc_provider import OidcProvider

_COLOURS = {"deny": "red", "ended": "red", "rolled back": "yellow", "found": "yellow"}
_LONGEST = 40
_MODELS = ("openai", "anthropic")


def main() -> int:
    arguments = parse()
    console = Console(stderr=arguments.json, quiet=arguments.json, highlight=False)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passgate-demo-")))
        folder.chmod(0o755)  # the server runs as another user
        gate, cluster, provider = set_up(stack, folder, console)
        done: list[steps.Step] = []
        verdict, why = "ok", ""
        try:
            for step in show_all(gate, cluster, provider, folder):
                done.append(step)
                show(console, step)
        except (
            steps.DemoFailedError,
            PassgateError,
            psycopg.Error,
            openai.OpenAIError,
            anthropic.AnthropicError,
        ) as error:
            verdict, why = "failed", str(error)
            console.print(f"[red]The demo failed:[/] {escape(why)}")
        if arguments.json:
            seconds = round(time.monotonic() - began, 1)
            report = {"verdict": verdict, "why": why, "seconds": seconds, "steps": [asdict(step) for step in done]}
            print(json.dumps(report, indent=2))
        if verdict == "ok" and not arguments.once:
            invite(gate, console)
        return 0 if verdict == "ok" else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the last step")
    parser.add_argument("--json", action="store_true", help="print one JSON report")
    return parser.parse_args()


def set_up(stack: ExitStack, folder: Path, console: Console) -> tuple[RunningGate, PostgresCluster, Provider]:
    console.print("Starting PostgreSQL with a shop in it: customers, payments, products, orders ...")
    cluster = stack.enter_context(PostgresCluster.start(folder / "postgresql"))
    password = secrets.token_urlsafe(24)
    shop.create(cluster, user="app", password=password)
    console.print("Starting a stand-in for providers of language models ...")
    running = stack.enter_context(RunningProvider.start())
    models = tuple(
        LlmUpstream(name=name, provider=name, url=running.url, credential=running.provider.key) for name in _MODELS
    )
    console.print("Starting Passgate in front of both ...\n")
    packs = ("postgres-safe", "llm-safe")
    setup = GateSetup(database="shop", user="app", password=password, packs=packs, bundle=shop.RULES, models=models)
    return stack.enter_context(RunningGate.start(folder / "gate", cluster, setup)), cluster, running.provider


def show_all(gate: RunningGate, cluster: PostgresCluster, provider: Provider, folder: Path) -> Iterator[steps.Step]:
    yield from show_database(gate, cluster)
    yield from show_models(gate, provider)
    yield from show_people(cluster, folder)
    yield steps.verification(gate)
    yield steps.tampering(gate, folder)


def show_database(gate: RunningGate, cluster: PostgresCluster) -> Iterator[steps.Step]:
    """The steps in order; what the ledger holds of a step is proven once its session is over."""
    agent = gate.issue(verbs="read,write,ddl", purpose="weekly report", ttl="15m")
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        live = (
            steps.masked_read(connection),
            steps.refused(connection, "drop a table", "DROP TABLE orders", "drop"),
            steps.refused(connection, "delete without WHERE", "DELETE FROM orders", "delete"),
            steps.keyed_update(connection),
            steps.bulk_update(connection, cluster),
        )
    runaway = gate.issue(purpose="a query that does not end", ttl="15m")
    ended = steps.revocation(gate, runaway, cluster)
    events = Events(gate)
    yield from (events.proven(step, agent) for step in live)
    yield events.proven(ended, runaway)
    yield steps.replay(gate, events.session_of(agent))


def show_models(gate: RunningGate, provider: Provider) -> Iterator[steps.Step]:
    """One pass for both providers; a session for each of them."""
    agent = gate.issue(resources=_MODELS, verbs="read", purpose="letters to customers", ttl="15m")
    with llm_steps.openai_client(gate, agent) as chat, llm_steps.anthropic_client(gate, agent) as messages:
        live = (
            llm_steps.blocked_secret(chat, provider),
            llm_steps.restored_email(messages, provider),
            llm_steps.restored_tool_call(chat, provider),
        )
        closed = llm_steps.closed_door(gate, chat, agent, provider)
    events = Events(gate)
    yield from (events.proven(step, agent) for step in live)
    yield closed
    yield llm_steps.replay(gate, events.session_of(agent))


def show_people(cluster: PostgresCluster, folder: Path) -> Iterator[steps.Step]:
    """A second gate in front of the same database, with the company's identity provider behind it."""
    with (
        OidcProvider.start(identity_steps.PEOPLE) as company,
        identity_steps.gate_of_the_company(folder, cluster, company, shop.RULES) as gate,
    ):
        signed_in, ada = identity_steps.signed_in(gate, company)
        refused = identity_steps.not_granted(gate, company, folder)
        narrowed = identity_steps.delegated_and_narrowed(gate, ada)
        own, decided = identity_steps.held_and_decided(gate, company, cluster, ada)
        gone = identity_steps.minted_and_gone(cluster, gate)
        events = Events(gate)
        yield events.proven(signed_in, ada)
        yield refused
        yield narrowed
        yield own
        yield events.proven(decided, ada)
        yield gone


class Events:
    """What the ledger holds, by pass."""

    def __init__(self, gate: RunningGate) -> None:
        self._gate = gate
        self._events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]

    def session_of(self, pass_: IssuedPass) -> str:
        return next(str(e["session"]) for e in self._events if e.get("pass", {}).get("id") == pass_.id)

    def proven(self, step: steps.Step, pass_: IssuedPass) -> steps.Step:
        """The step with its event's place in the ledger, checked against the signed head, and the rule the event names."""
        event = next(e for e in self._events if e.get("pass", {}).get("id") == pass_.id and _is_of(step, e))
        self._gate.cli("ledger", "proof", event["id"])  # raises unless the event is under the signed head
        place = (
            f"event {event['id']}, entry {event['log_index']} of {event['log_origin']}, leaf {event['leaf_hash'][:16]}"
        )
        return replace(step, rule=step.rule or event["decision"]["rule"], proof=place)


def _is_of(step: steps.Step, event: dict[str, Any]) -> bool:
    if step.event_id:
        return bool(event["id"] == step.event_id)
    type_, verb = step.event or ("", "")
    return event["type"] == type_ and (not verb or event["action"]["verb"] == verb)


def show(console: Console, step: steps.Step) -> None:
    colour = _COLOURS.get(step.verdict, "green")
    said = list(step.said)
    if len(said) > _LONGEST:
        said = [*said[:_LONGEST], "..."]
    lines = [f"[bold]{escape(step.sent)}[/]", *map(escape, said)]
    lines += [f"[dim]{name} {value}[/]" for name, value in step.figures.items()]
    if step.proof:
        lines.append(f"[dim]{escape(step.proof)}[/]")
    rule = f" by {escape(step.rule)}" if step.rule else ""
    title = f"{step.name}: [{colour}]{step.verdict}{rule}[/]"
    console.print(Panel("\n".join(lines), title=title, title_align="left", border_style=colour))


def invite(gate: RunningGate, console: Console) -> None:
    """A pass to try it with. The secret goes into a password file, and into the DSN that is shown once, here."""
    guest = gate.issue(to="agent:you", resources=("shop", *_MODELS), purpose="trying it out", ttl="8h")
    passfile = gate.directory / "guest.pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"127.0.0.1:{gate.port}:shop:{guest.id}:{guest.secret}\n")
    where = f"host=127.0.0.1 port={gate.port} dbname=shop user={guest.id} sslmode=verify-full sslrootcert={gate.ca}"
    console.print("\n[bold]Try it:[/] it works until Ctrl-C. The pass may read and write as an agent.\n")
    console.out(f"  PGPASSFILE={passfile} psql '{where}'\n")
    console.print("Any driver:\n")
    console.out(f"  {gate.dsn(guest)}\n")
    console.print("Any client of OpenAI's or Anthropic's (the stand-in says what you say):\n")
    console.out(f"  OPENAI_BASE_URL={gate.url}/v1 OPENAI_API_KEY={guest.key}")
    console.out(f"  ANTHROPIC_BASE_URL={gate.url} ANTHROPIC_API_KEY={guest.key}\n")
    console.print("Beside it, in another terminal:\n")
    console.out(f"  .venv/bin/passgate sessions list --live --config {gate.config}")
    console.out(f"  .venv/bin/passgate pass revoke {guest.id} --config {gate.config}\n")
    with suppress(KeyboardInterrupt):
        signal.pause()
    console.print("\nStopping.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
