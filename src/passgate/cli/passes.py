"""``passgate pass``: issue, list, show and revoke."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    StateOption,
    actor,
    settings_from,
    state_folder_from,
)
from passgate.cli.output import Json, how_long, note, printable, say, say_json, say_table, when
from passgate.cli.spending import amounts_as_json, budget_lines
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass, PassState

if TYPE_CHECKING:
    from passgate.config.settings import Settings
    from passgate.config.state_folder import StateFolder
    from passgate.identity.registry import IssuedPass, PassRegistry
    from passgate.identity.request import PassRequest
    from passgate.pipeline.protocols import Spending
    from passgate.store.sqlite import SqliteDatabase

pass_app = typer.Typer(no_args_is_help=True, help="Passes: issue, list, show, revoke.")


@pass_app.command()
def issue(
    who: Annotated[
        str, typer.Option("--for", help="Whom it is for: agent:reporter, human:ada@example.com, service:billing.")
    ],
    resource: Annotated[list[str], typer.Option("--resource", help="What it opens; may be given several times.")],
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
    from passgate.identity.request import IssuingRules, parse_budget

    settings = settings_from(config, state)
    budget = parse_budget(requests=max_requests, tokens=max_tokens, cost=max_cost)
    request = _request(who, on_behalf_of, group or [], resource, verbs or ["read"], purpose, ticket, task, ttl, budget)
    rules = IssuingRules(
        resources=frozenset(settings.resources),
        default_ttl=settings.passes.default_ttl,
        max_ttl=settings.passes.max_ttl,
        models=frozenset(settings.llm_resources),
    )
    rules.ttl(request)  # before the secret file is made
    with _new_file(secret_file) as descriptor, _registry(settings.state_folder) as registry:
        issued = registry.issue(request, rules=rules, actor=actor())
        if descriptor is not None:
            from passgate.cli.connecting import secret_lines

            pass_ = issued.pass_
            text = secret_lines(settings, pass_.resources, pass_.id, issued.secret.reveal())
            os.write(descriptor, text.encode())
    _say_issued(settings, issued, secret_file, as_json=as_json)


@pass_app.command("list")
def list_(
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List live passes, newest first."""
    with _registry(state_folder_from(config, state)) as registry:
        passes = registry.list(live_only=not everything)
    now = datetime.now(UTC)
    if as_json:
        say_json([_as_json(pass_, now) for pass_ in passes])
        return
    say_table(
        ("PASS", "FOR", "RESOURCES", "VERBS", "PURPOSE", "STATE", "ENDS"),
        [
            (
                pass_.id,
                _who(pass_),
                ", ".join(sorted(pass_.resources)),
                ", ".join(sorted(pass_.verbs)),
                pass_.purpose,
                pass_.state(now),
                _ends(pass_, now),
            )
            for pass_ in passes
        ],
    )


@pass_app.command()
def show(
    pass_id: Annotated[str, typer.Argument(metavar="PASS", help="The pass's public id.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one pass."""
    with _database(state_folder_from(config, state)) as database:
        pass_, spent = _with_spending(database, pass_id)
    now = datetime.now(UTC)
    if as_json:
        shown = _as_json(pass_, now)
        if spent is not None:
            shown["spent"] = amounts_as_json(spent)
        say_json(shown)
        return
    for name, text in _lines(pass_, now, spent):
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
    with _registry(folder) as registry:
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
    who: str,
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
    from passgate.config.quantities import parse_duration
    from passgate.identity.request import PassRequest, parse_principal, parse_verbs

    try:
        duration = None if ttl is None else parse_duration(ttl)
    except ValueError as error:
        raise PassRequestError(f"--ttl: {error}") from None
    return PassRequest(
        principal=parse_principal(who, groups=groups, on_behalf_of=on_behalf_of),
        resources=frozenset(name for word in resources for name in word.split(",") if name),
        verbs=parse_verbs(verbs),
        purpose=purpose,
        ticket=ticket,
        ttl=duration,
        budget=budget,
        task=task,
    )


@contextmanager
def _database(folder: "StateFolder") -> "Iterator[SqliteDatabase]":
    """A state folder's database, for one command. Raises StoreError."""
    from passgate.store.sqlite import SqliteDatabase

    folder.create()
    database = SqliteDatabase(folder.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _registry(folder: "StateFolder") -> "Iterator[PassRegistry]":
    """The passes of a state folder, for one command. Raises StoreError."""
    with _database(folder) as database:
        yield _passes(database)


def _passes(database: "SqliteDatabase") -> "PassRegistry":
    from passgate.identity.registry import PassRegistry
    from passgate.store.pass_store import PassStore

    return PassRegistry(PassStore(database))


def _with_spending(database: "SqliteDatabase", pass_id: str) -> "tuple[Pass, Spending | None]":
    """A pass and what it has spent, None where it has no budget. Raises PassRequestError, StoreError."""
    from passgate.identity.budgets import PassBudgets
    from passgate.store.budget_store import BudgetStore

    pass_ = _passes(database).find(pass_id)
    if pass_ is None:
        raise PassRequestError(f"There is no pass {printable(pass_id)}")
    return pass_, PassBudgets(BudgetStore(database)).spent(pass_)


@contextmanager
def _new_file(path: Path | None) -> Iterator[int | None]:
    """A file that was not there, open to its owner only; taken away again if the command fails. Raises PassRequestError."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PassRequestError(f"The secret file {path} cannot be made: {error.strerror}") from error
    try:
        yield descriptor
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _say_issued(settings: "Settings", issued: "IssuedPass", secret_file: Path | None, *, as_json: bool) -> None:
    from passgate.cli.connecting import connections

    pass_, now = issued.pass_, datetime.now(UTC)
    ways = connections(settings, pass_.id, sorted(pass_.resources), secret_file=secret_file and secret_file.absolute())
    if as_json:
        shown = _as_json(pass_, now)
        shown["connect"] = [{"resource": way.resource, "command": way.command, "dsn": way.dsn} for way in ways]
        if secret_file is None:
            shown["secret"] = issued.secret.reveal()
            shown["key"] = issued.key
        else:
            shown["secret_file"] = str(secret_file.absolute())
        say_json(shown)
        return
    for name, text in _lines(pass_, now):
        say(f"{name:<13}{printable(text)}")
    if secret_file is None:
        say(f"{'secret':<13}{issued.secret.reveal()}")
        if any(name in settings.llm_resources for name in pass_.resources):
            say(f"{'API key':<13}{pass_.id}.<secret>")
        note("The secret is shown this once and kept nowhere.")
    else:
        say(f"{'secret file':<13}{secret_file}")
    for way in ways:
        say(f"\n{way.command}\n{way.dsn}")


def _lines(pass_: Pass, now: datetime, spent: "Spending | None" = None) -> Iterator[tuple[str, str]]:
    yield "pass", pass_.id
    yield "for", str(pass_.principal)
    if pass_.principal.on_behalf_of is not None:
        yield "on behalf of", str(pass_.principal.on_behalf_of)
    if pass_.principal.groups:
        yield "groups", ", ".join(sorted(pass_.principal.groups))
    yield "resources", ", ".join(sorted(pass_.resources))
    yield "verbs", ", ".join(sorted(pass_.verbs))
    yield "purpose", pass_.purpose
    if pass_.ticket is not None:
        yield "ticket", pass_.ticket
    if pass_.task != pass_.id:
        yield "task", pass_.task
    yield "issued", when(pass_.issued)
    yield "expires", f"{when(pass_.expires)} ({how_long(pass_.expires - pass_.issued)} after issue)"
    if pass_.budget is not None:
        yield from budget_lines(pass_.budget, spent)
    yield "state", f"{pass_.state(now)} ({_ends(pass_, now)})"


def _ends(pass_: Pass, now: datetime) -> str:
    if pass_.state(now) is PassState.LIVE:
        return f"in {how_long(pass_.expires - now)}"
    return when(pass_.revoked if pass_.revoked is not None and pass_.revoked <= pass_.expires else pass_.expires)


def _who(pass_: Pass) -> str:
    behalf = pass_.principal.on_behalf_of
    return str(pass_.principal) if behalf is None else f"{pass_.principal} for {behalf}"


def _as_json(pass_: Pass, now: datetime) -> dict[str, Json]:
    behalf = pass_.principal.on_behalf_of
    return {
        "id": pass_.id,
        "principal": str(pass_.principal),
        "on_behalf_of": None if behalf is None else str(behalf),
        "groups": sorted(pass_.principal.groups),
        "resources": sorted(pass_.resources),
        "verbs": sorted(verb.value for verb in pass_.verbs),
        "purpose": pass_.purpose,
        "ticket": pass_.ticket,
        "task": pass_.task,
        "issued": pass_.issued.isoformat(),
        "expires": pass_.expires.isoformat(),
        "revoked": None if pass_.revoked is None else pass_.revoked.isoformat(),
        "state": pass_.state(now).value,
        "budget": amounts_as_json(pass_.budget),
    }
