"""``passgate remote``: what the control API of a gate elsewhere offers, by one's own access token."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from passgate.cli.durations import duration_of
from passgate.cli.locks import note_of_reach
from passgate.cli.options import JsonOption
from passgate.cli.output import how_long, note, printable, say, say_json, say_table
from passgate.cli.sign_in_options import (
    DeviceOption,
    NoBrowserOption,
    ProviderCaOption,
    ProviderOption,
    WaitOption,
    sign_in_flows,
)
from passgate.core.errors import ConfigError, LockError, SignInError
from passgate.core.lock import LockKind
from passgate.core.visible import odd_characters, visible_lines

if TYPE_CHECKING:
    from passgate.cli.control_client import ControlClient

remote_app = typer.Typer(no_args_is_help=True, help="A gate elsewhere, through its control API.")

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

_FACTS = (
    *("id", "state", "chain", "purpose", "ticket", "resource", "verb", "atoms", "rule", "reason", "group", "count"),
    *("expires", "cap", "binding_sha256"),
)
"""Of a held action, what somebody decides on."""

_GATE: ContextVar[tuple[str | None, Path | None]] = ContextVar("gate", default=(None, None))

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, as `remote approvals` shows it.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="At most this many, newest first.")]


@remote_app.callback()
def _where(
    gate: Annotated[
        str | None, typer.Option("--gate", envvar="PASSGATE_GATE", help="Its address: https://gate.example.com.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", envvar="PASSGATE_CA", help="Authorities to trust instead of the system's.")
    ] = None,
) -> None:
    _GATE.set((gate, ca))


@remote_app.command()
def login(
    provider: ProviderOption = None,
    provider_ca: ProviderCaOption = None,
    device: DeviceOption = False,
    no_browser: NoBrowserOption = False,
    wait: WaitOption = "5m",
    as_json: JsonOption = False,
) -> None:
    """Sign in at the company's provider, and keep the token that the gate gives for its control API. It is not shown."""
    from passgate.cli.api_token import keep_api_token
    from passgate.cli.signing_in import Gate

    where, ca = _gate()
    flows = sign_in_flows(device=device, no_browser=no_browser, wait=wait)
    gate = Gate(url=where, ca=ca, provider_ca=provider_ca)
    asked = {"requested_token_type": [_ACCESS_TOKEN], "resource": [f"{where}/api"]}
    answer = asyncio.run(gate.sign_in_and_exchange(provider, flows, asked))
    token, principal = answer.get("access_token"), str(answer.get("principal"))
    if not isinstance(token, str) or not token:
        raise SignInError("the gate's answer lacks access_token")
    path = keep_api_token(where, token)
    seconds = int(str(answer.get("expires_in", 0)))
    if as_json:
        say_json({"gate": where, "principal": principal, "expires_in": seconds, "file": str(path)})
    else:
        say(f"{printable(principal)} at {where}, for {how_long(timedelta(seconds=seconds))}; the token is in {path}")


@remote_app.command()
def whoami(as_json: JsonOption = False) -> None:
    """Say who the gate takes you for, and your roles there."""
    me = _client().get("whoami")
    if as_json:
        say_json(me)
    else:
        say(f"{printable(me['principal'])}: {', '.join(me['roles'])}")


@remote_app.command()
def passes(
    live: Annotated[bool, typer.Option("--live", help="Only those that open something now.")] = False,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List passes: your own, or all of them where your role sees them."""
    _say_list(
        _client().get("passes", live=live, limit=limit),
        {
            "PASS": "id",
            "FOR": "chain",
            "RESOURCES": "resources",
            "PURPOSE": "purpose",
            "STATE": "state",
            "ENDS": "expires",
        },
        as_json=as_json,
    )


@remote_app.command()
def revoke(
    pass_id: Annotated[str, typer.Argument(metavar="PASS", help="Its public id.")], as_json: JsonOption = False
) -> None:
    """Revoke a pass for good. Its live sessions end within two seconds."""
    answer = _client().post("passes", pass_id, "revoke")
    _say_done(answer, f"revoked {answer['id']}", as_json=as_json)


@remote_app.command()
def sessions(
    over: Annotated[bool, typer.Option("--over", help="Those that have ended, instead of those that live.")] = False,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List sessions: your own, or all of them where your role sees them."""
    _say_list(
        _client().get("sessions", live=not over, limit=limit),
        {"SESSION": "id", "WHO": "principal", "FOR": "on_behalf_of", "RESOURCE": "resource", "OPENED": "opened"},
        as_json=as_json,
    )


@remote_app.command()
def kill(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="Its id, as `remote sessions` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """End a live session and cancel what it runs. Its pass stays live."""
    answer = _client().post("sessions", session, "kill")
    _say_done(answer, f"killed {answer['id']}", as_json=as_json)


@remote_app.command()
def approvals(limit: LimitOption = 50, as_json: JsonOption = False) -> None:
    """List what waits for approval, or was decided lately."""
    _say_list(
        _client().get("approvals", limit=limit),
        {"REQUEST": "id", "WHO": "chain", "RESOURCE": "resource", "VERB": "verb", "RULE": "rule", "STATE": "state"},
        as_json=as_json,
    )


@remote_app.command()
def approval(
    request: RequestArgument,
    as_json: JsonOption = False,
) -> None:
    """Show one held action. Approvers see exactly what will run, others see it masked."""
    found = _client().get("approvals", request)
    if as_json:
        say_json(found)
        return
    for name in _FACTS:
        say(f"{name.removesuffix('_sha256'):<9} {printable(_cell(found[name]))}")
    preview = found["preview"]
    say(f"{'rows':<9} {printable(_cell(preview['why'] if preview['rows'] is None else preview['rows']))}")
    for row in preview["samples"]:
        pairs = zip(preview["columns"], ("NULL" if value is None else value for value in row), strict=True)
        say(f"{'':<9} {printable(', '.join(f'{name}={value}' for name, value in pairs))}")
    exact = found["text"] is not None
    text = found["text"] if exact else found["shown"]
    say(f"\n{'what will run, exactly' if exact else 'what would run, masked'}:")
    for line in visible_lines(text):
        say(f"  | {line}")
    if not exact and found["cut"]:
        say(f"  ! {found['cut']} more characters are not shown")
    for name, value in (found["inputs"] or {}).items():
        say(f"  {printable(name)} = {'NULL' if value is None else printable(repr(value))}")
    for warning in odd_characters(text):
        say(f"  ! {warning}")


@remote_app.command()
def vote(
    request: RequestArgument,
    approve: Annotated[bool, typer.Option("--approve", help="It may run, once.")] = False,
    deny: Annotated[bool, typer.Option("--deny", help="It may not run.")] = False,
    words: Annotated[str, typer.Option("--note", help="Why; the one who asked reads it, and it is recorded.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Approve or deny a held action."""
    if approve == deny:
        raise ConfigError("Say either --approve or --deny")
    body = {"vote": "approve" if approve else "deny", "note": words}
    answer = _client().post("approvals", request, "vote", body=body)
    _say_done(answer, f"{answer['id']} is {answer['state']}", as_json=as_json)


@remote_app.command()
def locks(limit: LimitOption = 50, as_json: JsonOption = False) -> None:
    """List the locks that hold."""
    _say_list(
        _client().get("locks", limit=limit),
        {"LOCK": "id", "KIND": "kind", "TARGET": "target", "REASON": "reason", "BY": "actor", "UNTIL": "until"},
        as_json=as_json,
    )


@remote_app.command()
def lock(
    kind: Annotated[LockKind, typer.Argument(metavar="KIND", help="human, agent, service, pass or resource.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A subject, a pass's id or a resource's name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever is kept out reads it.")],
    ttl: Annotated[str | None, typer.Option("--for", help="How long: 30m, 2h. Without it, until it is lifted.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep somebody or something out from now on. Live sessions end within two seconds.

    A pass or a resource that the gate does not have is refused. A person, an agent or a service may be locked before they come;
    whether any live pass is kept out is said.
    """
    body: dict[str, object] = {"kind": kind.value, "target": target, "reason": reason}
    if ttl is not None:
        body["ttl_seconds"] = _seconds(ttl)
    answer = _client().post("locks", body=body)
    _say_done(answer, f"locked {answer['kind']} {answer['target']} ({answer['id']})", as_json=as_json)
    if not as_json:
        note_of_reach(kind, target, answer["live_passes"])


@remote_app.command()
def unlock(
    lock_id: Annotated[str, typer.Argument(metavar="LOCK", help="Its id, as `remote locks` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Lift a lock."""
    answer = _client().delete("locks", lock_id)
    _say_done(answer, f"unlocked {answer['kind']} {answer['target']}", as_json=as_json)


@remote_app.command()
def events(
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type: pass.issued, say.")] = None,
    who: Annotated[str | None, typer.Option("--actor", help="Only of this actor: human:ada@example.com.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only of this session.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Where the page before ended.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most this many, oldest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Read the ledger, oldest first."""
    found = _client().get("ledger", "events", type=type_, actor=who, session=session, cursor=cursor, limit=limit)
    _say_list(found, {"EVENT": "id", "LOG": "log", "ENTRY": "index", "TYPE": "type"}, as_json=as_json)


@remote_app.command()
def proof(event: Annotated[str, typer.Argument(metavar="EVENT", help="Its id.")], as_json: JsonOption = False) -> None:
    """Fetch the proof that one event is in the ledger; `passgate ledger check` reads what --json prints."""
    found = _client().get("ledger", "events", event)
    if as_json:
        say_json({"event": found["id"], "leaf": found["leaf"], "proof": found["proof"], "key": found["key"]})
    else:
        say(found["proof"].rstrip("\n"))


@remote_app.command()
def verify(as_json: JsonOption = False) -> None:
    """Have the gate check its ledger. Exit status 1 if a claim fails. To rely on nobody, verify a copy of your own."""
    found = _client().post("ledger", "verify")
    if as_json:
        say_json(found)
    else:
        for one in found["claims"]:
            say(f"{one['name']:<4} {one['verdict']:<10} {one['claim']}: {printable(one['reason'])}")
    if not found["passed"]:
        raise typer.Exit(1)


def _gate() -> tuple[str, Path | None]:
    """Its origin, and the authorities to trust. Raises ConfigError."""
    from passgate.cli.control_client import origin

    gate, ca = _GATE.get()
    if gate is None:
        raise ConfigError("Say which gate: --gate https://gate.example.com, or PASSGATE_GATE")
    return origin(gate), ca


def _client() -> "ControlClient":
    """Raises ConfigError, SignInError."""
    from passgate.cli.api_token import api_token
    from passgate.cli.control_client import ControlClient

    where, ca = _gate()
    return ControlClient(gate=where, token=api_token(where), ca=ca)


def _say_list(found: Mapping[str, Any], columns: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    say_table(tuple(columns), _rows(found["items"], tuple(columns.values())))
    if found["next_cursor"] is not None:
        note(f"There are more: --limit, or the cursor {found['next_cursor']}")


def _rows(items: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(_cell(item[name]) for name in names) for item in items)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case list():
            return ", ".join(map(str, value))
    return str(value)


def _say_done(answer: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        say_json(answer)
    else:
        say(printable(text))


def _seconds(text: str) -> int:
    found = duration_of("--for", text)
    if found < timedelta(seconds=1):
        raise LockError("--for: a lock holds at least a second")
    return int(found.total_seconds())
