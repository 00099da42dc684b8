"""``passgate pass``: issue, delegate, list, show and revoke."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.durations import duration_of
from passgate.cli.opening import open_database, open_registry, passes_of, secret_to
from passgate.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    StateOption,
    actor,
    settings_from,
    state_folder_from,
)
from passgate.cli.output import note, printable, say, say_json, say_table
from passgate.cli.pass_shown import ends, pass_json, pass_lines, say_issued, who
from passgate.cli.spending import amounts_as_json
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass

if TYPE_CHECKING:
    from passgate.identity.request import PassRequest
    from passgate.pipeline.protocols import Spending
    from passgate.store.sqlite import SqliteDatabase

pass_app = typer.Typer(no_args_is_help=True, help="Passes: issue, delegate, list, show, revoke.")


PassArgument = Annotated[str, typer.Argument(metavar="PASS", help="The pass's public id.")]


@pass_app.command()
def issue(
    for_: Annotated[
        str, typer.Option("--for", help="Whom it is for: agent:reporter, human:ada@example.com, service:billing.")
    ],
    resource: Annotated[list[str], typer.Option("--resource", help="What it opens; repeatable.")],
    purpose: Annotated[str, typer.Option("--purpose", help="Why; it stands in every record of its use.")],
    on_behalf_of: Annotated[
        str | None, typer.Option("--on-behalf-of", help="The human or owner behind it; an agent must name one.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="A group of the principal, for policy; repeatable.")
    ] = None,
    verbs: Annotated[
        list[str] | None, typer.Option("--verbs", help="read, write, ddl, admin, code, egress. [default: read]")
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it was asked for in.")] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="Passes that name the same task share its facts. [default: the pass's own]"),
    ] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="How long it lives: 30m, 2h.")] = None,
    max_requests: Annotated[int | None, typer.Option("--max-requests", help="Calls to models, in all.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Tokens in and out, in all.")] = None,
    max_cost: Annotated[
        str | None, typer.Option("--max-cost", help="US dollars, in all, by the prices in the configuration: 2.50.")
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", help="Write the secret there, as a password file of libpq, and print none."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Issue a pass. Its secret is shown once, here."""
    from passgate.identity.request import parse_budget
    from passgate.wiring.delegation import issuing_rules

    settings = settings_from(config, state)
    budget = parse_budget(requests=max_requests, tokens=max_tokens, cost=max_cost)
    request = _request(for_, on_behalf_of, group or [], resource, verbs or ["read"], purpose, ticket, task, ttl, budget)
    rules = issuing_rules(settings)
    rules.ttl(request)  # before the secret file is made
    with secret_to(secret_file) as keep, open_registry(settings.state_folder) as registry:
        issued = registry.issue(request, rules=rules, actor=actor())
        keep(settings, issued)
    say_issued(settings, issued, secret_file, as_json=as_json)


@pass_app.command()
def delegate(
    pass_id: PassArgument,
    to: Annotated[str, typer.Option("--to", help="The registered agent that it is for: agent:summariser.")],
    resource: Annotated[
        list[str], typer.Option("--resource", help="What of the pass's resources it opens; repeatable.")
    ],
    purpose: Annotated[str, typer.Option("--purpose", help="Why; it stands in every record of its use.")],
    verbs: Annotated[
        list[str] | None, typer.Option("--verbs", help="Of the pass's verbs, parted by commas. [default: read]")
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it is for; else the pass's own.")] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="How long it lives; never longer than the pass.")] = None,
    max_requests: Annotated[int | None, typer.Option("--max-requests", help="Calls to models, in all.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Tokens in and out, in all.")] = None,
    max_cost: Annotated[str | None, typer.Option("--max-cost", help="US dollars, in all: 2.50.")] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", help="Write the secret there, as a password file of libpq, and print none."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a narrower pass for a sub-agent from a live one. It ends with that one, and spends from its budget."""
    from passgate.identity.delegation import DelegationRequest
    from passgate.identity.request import parse_budget, parse_verbs
    from passgate.wiring.delegation import delegation

    settings = settings_from(config, state)
    asked = DelegationRequest(
        parent=pass_id,
        agent=_agent(to),
        resources=_names(resource),
        verbs=parse_verbs(verbs or ["read"]),
        purpose=purpose,
        ticket=ticket,
        ttl=None if ttl is None else duration_of("--ttl", ttl),
        budget=parse_budget(requests=max_requests, tokens=max_tokens, cost=max_cost),
    )
    with secret_to(secret_file) as keep, open_database(settings.state_folder) as database:
        made = delegation(settings, registry=passes_of(database), database=database)
        issued = made.delegate(asked, actor=actor())
        keep(settings, issued)
    say_issued(settings, issued, secret_file, as_json=as_json)


@pass_app.command("list")
def list_(
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List live passes, newest first."""
    with open_registry(state_folder_from(config, state)) as registry:
        passes = registry.list(live_only=not everything)
    now = datetime.now(UTC)
    if as_json:
        say_json([pass_json(pass_, now) for pass_ in passes])
        return
    say_table(
        ("PASS", "FOR", "RESOURCES", "VERBS", "PURPOSE", "STATE", "ENDS"),
        [
            (
                pass_.id,
                who(pass_),
                ", ".join(sorted(pass_.resources)),
                ", ".join(sorted(pass_.verbs)),
                pass_.purpose,
                pass_.state(now),
                ends(pass_, now),
            )
            for pass_ in passes
        ],
    )


@pass_app.command()
def show(
    pass_id: PassArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one pass."""
    with open_database(state_folder_from(config, state)) as database:
        pass_, spent = _with_spending(database, pass_id)
    now = datetime.now(UTC)
    if as_json:
        shown = pass_json(pass_, now)
        if spent is not None:
            shown["spent"] = amounts_as_json(spent)
        say_json(shown)
        return
    for name, text in pass_lines(pass_, now, spent):
        say(f"{name:<13}{printable(text)}")


@pass_app.command()
def revoke(
    pass_ids: Annotated[list[str], typer.Argument(metavar="PASS...", help="Public ids.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke passes for good. Their live sessions end, and what they run is cancelled, within two seconds."""
    from passgate.api.client import AdminClient

    folder = state_folder_from(config, state)
    with open_registry(folder) as registry:
        unknown = [pass_id for pass_id in pass_ids if registry.find(pass_id) is None]
        if unknown:
            raise PassRequestError(f"There is no pass {', '.join(map(printable, unknown))}; nothing was revoked")
        for pass_id in pass_ids:
            registry.revoke(pass_id, actor=actor())
    survey = AdminClient(folder.run).revoked(tuple(pass_ids))
    ended = sum(one.answer.sessions for one in survey.answers)
    for text in (*survey.notes, *(f"{one.gate}: {one.answer}" for one in survey.failed)):
        note(f"passgate: {text}")
    if as_json:
        gates = [one.gate for one in survey.answers]
        say_json({"revoked": list(pass_ids), "sessions_ended": ended, "gates": gates})
        return
    for pass_id in pass_ids:
        say(f"revoked {pass_id}")
    if survey.answers:
        say(f"{ended} live session{'' if ended == 1 else 's'} ended")
    else:
        say("no gate answered; one that runs ends live sessions by itself within two seconds")


def _request(
    for_: str,
    on_behalf_of: str | None,
    groups: list[str],
    resources: list[str],
    verbs: list[str],
    purpose: str,
    ticket: str | None,
    task: str | None,
    ttl: str | None,
    budget: Budget | None,
) -> "PassRequest":
    from passgate.identity.request import PassRequest, parse_principal, parse_verbs

    return PassRequest(
        principal=parse_principal(for_, groups=groups, on_behalf_of=on_behalf_of),
        resources=_names(resources),
        verbs=parse_verbs(verbs),
        purpose=purpose,
        ticket=ticket,
        ttl=None if ttl is None else duration_of("--ttl", ttl),
        budget=budget,
        task=task,
    )


def _names(words: list[str]) -> frozenset[str]:
    return frozenset(name for word in words for name in word.split(",") if name)


def _agent(to: str) -> str:
    """Raises PassRequestError: passes are delegated to agents only."""
    from passgate.core.principal import PrincipalKind
    from passgate.identity.request import parse_principal

    principal = parse_principal(to if ":" in to else f"{PrincipalKind.AGENT}:{to}")
    if principal.kind is not PrincipalKind.AGENT:
        raise PassRequestError(f"passes are delegated to agents, and {principal} is none")
    return principal.subject


def _with_spending(database: "SqliteDatabase", pass_id: str) -> "tuple[Pass, Spending | None]":
    """A pass and what it has spent, None where it has no budget. Raises PassRequestError, StoreError."""
    from passgate.identity.budgets import PassBudgets
    from passgate.store.budget_store import BudgetStore

    pass_ = passes_of(database).find(pass_id)
    if pass_ is None:
        raise PassRequestError(f"There is no pass {printable(pass_id)}")
    return pass_, PassBudgets(BudgetStore(database)).spent(pass_)
