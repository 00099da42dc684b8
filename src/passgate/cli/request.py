"""``passgate request`` and ``passgate requests``: access that nobody has standing, asked for, decided by others, taken once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.deciding import NoteOption, SocketsOption, as_json_of, client_at, standing, voted
from passgate.cli.durations import duration_of
from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption
from passgate.cli.output import Json, how_long, note, printable, say, say_json, say_table, stamp, when
from passgate.cli.pass_shown import say_taken
from passgate.core.errors import ApprovalError

if TYPE_CHECKING:
    from passgate.api.access_messages import AccessInfo
    from passgate.api.client import AdminClient

requests_app = typer.Typer(no_args_is_help=True, help="Requests for access: list, show, approve, deny, take.")

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, as `requests list` shows it.")]


def request(
    resources: Annotated[list[str], typer.Argument(metavar="RESOURCE...", help="What it is to open.")],
    verbs: Annotated[
        str, typer.Option("--verbs", help="read, write, ddl, admin, code, egress; several parted by commas.")
    ] = "read",
    ttl: Annotated[str, typer.Option("--for", help="How long, from the approval on: 30m, 2h.")] = "1h",
    why: Annotated[str, typer.Option("--why", help="The reason; it stands in every record of the pass's use.")] = "",
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it is for.")] = None,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for access that others must approve. Once they have, `requests take` gives the pass."""
    from passgate.api.access_messages import AccessShown, AskAccess
    from passgate.identity.request import parse_verbs

    asked = AskAccess(
        resources=tuple(sorted({name for word in resources for name in word.split(",") if name})),
        verbs=tuple(sorted(parse_verbs([verbs]))),
        seconds=max(int(duration_of("--for", ttl).total_seconds()), 1),
        reason=why,
        ticket=ticket,
    )
    found = client_at(sockets, config, state).access(asked, AccessShown).request
    if as_json:
        say_json(as_json_of(found))
        return
    say(f"{found.id} {standing(found)}")
    if found.state == "pending":
        note(f"It waits for {found.count} of {found.group}, until {when(found.expires)}.")


@requests_app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for approval, newest first."""
    requests = [one for one in _requests(client_at(sockets, config, state)) if everything or one.state == "pending"]
    if as_json:
        say_json([as_json_of(one) for one in requests])
        return
    now = datetime.now(UTC)
    say_table(
        ("REQUEST", "WHO", "RESOURCES", "VERBS", "FOR", "WHY", "NEEDS", "STATE", "LEFT"),
        [
            (
                one.id,
                " for ".join(one.chain),
                ", ".join(one.resources),
                ", ".join(one.verbs),
                _long(one),
                one.reason,
                f"{one.count} of {one.group}",
                standing(one),
                how_long(one.expires - now) if one.state == "pending" else "",
            )
            for one in requests
        ],
    )


@requests_app.command()
def show(
    request: RequestArgument,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one request."""
    found = next((one for one in _requests(client_at(sockets, config, state)) if one.id == request), None)
    if found is None:
        raise ApprovalError(f"There is no request {printable(request)}")
    if as_json:
        say_json(as_json_of(found))
        return
    for name, text in _facts(found):
        say(f"{name:<10}{printable(text)}")
    from passgate.core.visible import odd_characters

    for warning in odd_characters(f"{found.reason} {found.ticket or ''}"):
        say(f"  ! {warning}")


@requests_app.command()
def approve(
    request: RequestArgument,
    why: NoteOption = "",
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree to it. Nobody approves what is asked for in their own name."""
    _vote(request, approves=True, why=why, client=client_at(sockets, config, state), as_json=as_json)


@requests_app.command()
def deny(
    request: RequestArgument,
    why: NoteOption = "",
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse it, whoever has approved it already."""
    _vote(request, approves=False, why=why, client=client_at(sockets, config, state), as_json=as_json)


@requests_app.command()
def take(
    request: RequestArgument,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Write the pass's key there and print none.")
    ] = None,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the pass that was approved, once. It ends as long after the approval as was asked for."""
    from passgate.api.access_messages import AccessGranted, TakeAccess
    from passgate.cli.opening import key_to

    client = client_at(sockets, config, state)
    with key_to(key_file) as keep:
        granted = client.access(TakeAccess(request=request), AccessGranted)
        key = f"{granted.pass_id}.{granted.secret}"
        keep(key)
    facts: dict[str, Json] = {
        "pass": granted.pass_id,
        "resources": list[Json](granted.resources),
        "expires": stamp(granted.expires),
    }
    say_taken(facts, secret=granted.secret, key=key, key_file=key_file, as_json=as_json)


def _vote(request: str, *, approves: bool, why: str, client: "AdminClient", as_json: bool) -> None:
    from passgate.api.access_messages import AccessShown, VoteAccess

    found = client.access(VoteAccess(request=request, approves=approves, note=why), AccessShown).request
    if as_json:
        say_json(as_json_of(found))
    else:
        say(f"{found.id} {standing(found)}")


def _requests(client: "AdminClient") -> "tuple[AccessInfo, ...]":
    from passgate.api.access_messages import AccessListed, ListAccess

    return client.access(ListAccess(), AccessListed).requests


def _facts(found: "AccessInfo") -> Iterator[tuple[str, str]]:
    yield "request", f"{found.id} ({standing(found)})"
    yield "who", " for ".join(found.chain)
    yield "says so", found.source
    yield "resources", ", ".join(found.resources)
    yield "verbs", ", ".join(found.verbs)
    yield "for", _long(found)
    yield "why", found.reason
    if found.ticket is not None:
        yield "ticket", found.ticket
    yield "rule", found.rule
    yield "needs", f"{found.count} of {found.group}"
    yield "asked", when(found.at)
    yield "expires", when(found.expires)
    yield from voted(found)
    if found.decided is not None:
        yield "decided", when(found.decided)
    if found.pass_id is not None:
        yield "pass", found.pass_id


def _long(found: "AccessInfo") -> str:
    from datetime import timedelta

    return how_long(timedelta(seconds=found.seconds))
