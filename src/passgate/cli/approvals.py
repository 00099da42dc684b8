"""``passgate approvals``: what waits for people, and their word on it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.deciding import NoteOption, SocketsOption, as_json_of, client_at, standing, voted
from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption
from passgate.cli.output import how_long, note, printable, say, say_json, say_table, when
from passgate.core.errors import ApprovalError
from passgate.core.visible import odd_characters, visible_lines

if TYPE_CHECKING:
    from passgate.api.client import AdminClient
    from passgate.api.messages import ApprovalInfo

approvals_app = typer.Typer(no_args_is_help=True, help="Held actions: list, show, approve, deny.")

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, as `approvals list` shows it.")]


@approvals_app.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are decided, until their time is over.")
    ] = False,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for approval, oldest first."""
    requests = [r for r in _requests(client_at(sockets, config, state)) if everything or r.state == "pending"]
    if as_json:
        say_json([as_json_of(request) for request in requests])
        return
    now = datetime.now(UTC)
    say_table(
        ("REQUEST", "WHO", "RESOURCE", "VERB", "RULE", "NEEDS", "STATE", "LEFT"),
        [
            (
                request.id,
                " for ".join(request.chain),
                request.resource,
                request.verb,
                request.rule,
                f"{request.count} of {request.group}",
                standing(request),
                how_long(request.expires - now),
            )
            for request in requests
        ],
    )


@approvals_app.command()
def show(
    request: RequestArgument,
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one request: the facts, then the very text that will run, with everything invisible in it made visible."""
    found = next((r for r in _requests(client_at(sockets, config, state)) if r.id == request), None)
    if found is None:
        raise ApprovalError(f"There is no request {printable(request)}, or its time is over")
    if as_json:
        say_json(as_json_of(found))
        return
    for name, text in _facts(found):
        say(f"{name:<10}{printable(text)}")
    say("\nwhat will run, exactly:")
    for line in visible_lines(found.text):
        say(f"  | {line}")
    if found.shown not in ("", found.text):
        say("\nthe same, masked; of a call to a model what it would be sent:")
        for line in visible_lines(found.shown):
            say(f"  | {line}")
    for name, value in found.inputs.items():
        say(f"  {printable(name)} = {'NULL' if value is None else printable(repr(value))}")
    for warning in odd_characters(found.text):
        say(f"  ! {warning}")
    _say_samples(found)


def _say_samples(request: "ApprovalInfo") -> None:
    preview = request.preview
    if not preview.samples:
        return
    say("\nsome of the rows as they would be, masked:")
    for row in preview.samples:
        cells = (
            f"{printable(name)}={'NULL' if value is None else printable(value)}"
            for name, value in zip(preview.columns, row, strict=True)
        )
        say(f"  | {', '.join(cells)}")


@approvals_app.command()
def approve(
    request: RequestArgument,
    why: NoteOption = "",
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let it run, once. Nobody approves what is asked for in their own name."""
    _vote(request, approves=True, why=why, client=client_at(sockets, config, state), as_json=as_json)


@approvals_app.command()
def deny(
    request: RequestArgument,
    why: NoteOption = "",
    sockets: SocketsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse it for good, whoever has approved it already."""
    _vote(request, approves=False, why=why, client=client_at(sockets, config, state), as_json=as_json)


def _vote(request: str, *, approves: bool, why: str, client: "AdminClient", as_json: bool) -> None:
    survey = client.vote(request, approves=approves, note=why)
    for text in survey.notes:
        note(f"passgate: {text}")
    found = next((one.answer.request for one in survey.answers if one.answer.request is not None), None)
    if found is None:
        failures = [one.answer for one in survey.failed]
        raise ApprovalError(
            failures[0] if failures else f"There is no request {printable(request)}, or its time is over"
        )
    if as_json:
        say_json(as_json_of(found))
    else:
        say(f"{found.id} {standing(found)}")


def _requests(client: "AdminClient") -> "list[ApprovalInfo]":
    survey = client.approvals()
    for text in (*survey.notes, *(f"{one.gate}: {one.answer}" for one in survey.failed)):
        note(f"passgate: {text}")
    if not survey.answers and not survey.failed:
        note("passgate: no gate answered")
    found = {r.id: r for one in survey.answers for r in one.answer.requests}  # workers share one store
    return sorted(found.values(), key=lambda r: r.asked)


def _facts(request: "ApprovalInfo") -> Iterator[tuple[str, str]]:
    yield "request", f"{request.id} ({standing(request)})"
    yield "who", " for ".join(request.chain)
    yield "purpose", request.purpose
    if request.ticket is not None:
        yield "ticket", request.ticket
    yield "session", request.session
    yield "resource", request.resource
    yield "verb", request.verb
    yield "touches", "; ".join(request.atoms)
    yield "rule", f"{request.rule} of policy {request.policy[:12]}"
    yield "because", request.reason
    yield "needs", f"{request.count} of {request.group}"
    yield "preview", _previewed(request)
    for text in request.preview.notes:
        yield "", text
    yield "asked", when(request.asked)
    yield "expires", when(request.expires)
    yield from voted(request)
    if request.binding_sha256:  # of one's own request it is not told
        yield "bound to", f"sha256 {request.binding_sha256}"


def _previewed(request: "ApprovalInfo") -> str:
    preview = request.preview
    if preview.rows is None:
        return f"none: {preview.why}"
    rows = "1 row" if preview.rows == 1 else f"{preview.rows} rows"
    return f"would change {rows}; more than that are rolled back"
