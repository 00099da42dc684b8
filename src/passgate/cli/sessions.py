"""``passgate sessions``: the sessions that were, from the ledger."""

import math
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.ledger import LedgerOption, ledger_path
from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, state_folder_from
from passgate.cli.output import Json, how_long, note, printable, say, say_json, say_table, stamp, when
from passgate.cli.sealed import OpenedWhenNeeded
from passgate.cli.viewing import record
from passgate.core.errors import PassgateError
from passgate.core.event import EventType

if TYPE_CHECKING:
    from passgate.ledger.index import Index, SessionRow

sessions_app = typer.Typer(no_args_is_help=True, help="Sessions: list and show what was recorded, replay it.")

SessionArgument = Annotated[
    str, typer.Argument(metavar="SESSION", help="The session's id, or as much of it as is unique.")
]


@sessions_app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many, newest first.")] = 50,
    live: Annotated[bool, typer.Option("--live", help="Those that are open now, as the running gates tell.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List recorded sessions, newest first; or those that are open now."""
    if live:
        from passgate.cli.live import say_live_sessions

        say_live_sessions(state_folder_from(config, state).run, as_json=as_json)
        return
    from passgate.ledger.index import Index
    from passgate.ledger.reader import LedgerReader

    with Index.open(LedgerReader(ledger_path(config, state, ledger), sealing=OpenedWhenNeeded(config, state))) as index:
        rows = index.sessions(limit)
    if as_json:
        say_json([_row_json(row) for row in rows])
        return
    say_table(
        ("SESSION", "OPENED", "LASTED", "WHO", "RESOURCE", "ALLOWED", "REFUSED", "CAME BACK", "ENDED BY"),
        [
            (
                row.id,
                when(_moment(row.opened)),
                _lasted(row),
                _who(row),
                row.resource,
                str(row.allowed),
                str(row.refused),
                _came_back(row),
                row.reason,
            )
            for row in rows
        ],
    )


@sessions_app.command()
def show(
    session: SessionArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one recorded session: who, why, and each of its events."""
    from passgate.ledger.index import Index
    from passgate.ledger.reader import LedgerReader

    reader = LedgerReader(ledger_path(config, state, ledger), sealing=OpenedWhenNeeded(config, state))
    with Index.open(reader) as index:
        row = _only(index, session)
    record(reader.path, EventType.AUDIT_VIEWED, {"command": "sessions show", "session": row.id}, sealing=reader.sealing)
    entries = reader.session(row.id)
    if as_json:
        say_json({**_row_json(row), "events": [dict(entry.event) for entry in entries]})
        return
    for name, value in (
        ("session", row.id),
        ("who", _who(row)),
        ("resource", f"{row.resource} ({row.kind})"),
        ("pass", row.pass_),
        ("purpose", row.purpose),
        ("ticket", row.ticket or ""),
        ("from", row.peer),
        ("opened", when(_moment(row.opened))),
        ("lasted", _lasted(row)),
        ("ended by", row.reason),
        ("came back", _came_back(row)),
    ):
        say(f"{name:<9} {printable(value)}")
    say()
    say_table(
        ("AT", "ENTRY", "TYPE", "VERB", "DECISION", "EVENT"),
        [
            (
                f"{(entry.event['mono'] - entries[0].event['mono']) / 1e6:.3f}",
                str(entry.index),
                entry.type,
                entry.event.get("action", {}).get("verb", ""),
                _decision(entry.event.get("decision")),
                entry.id,
            )
            for entry in entries
        ],
    )


@sessions_app.command()
def replay(
    session: SessionArgument,
    speed: Annotated[
        float | None,
        typer.Option("--speed", min=0.01, help="Times the real speed. [default: 1 on a terminal, else no wait]"),
    ] = None,
    at: Annotated[float, typer.Option("--at", min=0.0, help="Start this many seconds into the session.")] = 0.0,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a session back in time: what came in, the verdicts, and what the client saw (masked): rows, or an answer as it grew.

    Marks: > what came in, ? what was scanned, = the verdict, < what became of it, ! a notice or error, * an event, ~ what was
    hashed but not stored. Of a conversation only what is new in a request is shown.
    """
    from passgate.cli.playback import play, wait_seconds
    from passgate.ledger.index import Index
    from passgate.ledger.reader import LedgerReader
    from passgate.ledger.replay import replay as read_back
    from passgate.wiring.recordings import READERS

    reader = LedgerReader(ledger_path(config, state, ledger), sealing=OpenedWhenNeeded(config, state))
    with Index.open(reader) as index:
        row = _only(index, session)
    record(
        reader.path, EventType.AUDIT_VIEWED, {"command": "sessions replay", "session": row.id}, sealing=reader.sealing
    )
    found = read_back(reader, row.id, READERS)
    if found is None:
        note(f"The ledger holds nothing of session {row.id}.")
        raise typer.Exit(1)
    if as_json:
        moments: list[Json] = [moment.json() for moment in found.moments if moment.until >= at]
        say_json({"session": row.id, "recorded": found.recorded, "moments": moments})
        return
    if not found.recorded:
        note("There is no recording of this session (it is empty or was erased); this is what the log tells.")
    paced = speed is not None or sys.stdout.isatty()
    play(found.moments, speed=speed or 1.0, start=at, wait=wait_seconds if paced else None)


class UnknownSessionError(PassgateError):
    """There is no such session in the ledger, or more than one."""


def _only(index: "Index", beginning: str) -> "SessionRow":
    found = index.beginning_with(beginning)
    if len(found) == 1:
        return found[0]
    what = "There is no recorded session" if not found else f"{len(found)} sessions begin with"
    raise UnknownSessionError(f"{what} {printable(beginning) or repr('')}")


def _row_json(row: "SessionRow") -> dict[str, Json]:
    """Named as among the live ones, and by the control API."""
    return {
        "id": row.id,
        "pass_id": row.pass_,
        "principal": row.actor,
        "on_behalf_of": row.on_behalf_of or None,
        "purpose": row.purpose,
        "resource": row.resource,
        "kind": row.kind,
        "opened": stamp(_moment(row.opened)),
        "closed": None if row.closed is None else stamp(_moment(row.closed)),
        "log": row.log,
        "index": row.first,
        "ticket": row.ticket,
        "peer": row.peer,
        "ended_by": row.reason,
        "allowed": row.allowed,
        "refused": row.refused,
        "rows": row.rows,
        "tokens": row.tokens,
        "bytes": row.bytes,
    }


def _came_back(row: "SessionRow") -> str:
    """Rows of a database; of a model what it read and wrote, as its provider counts."""
    return f"{row.tokens} tokens" if row.kind == "llm" else f"{row.rows} rows"


def _who(row: "SessionRow") -> str:
    return f"{row.actor} for {row.on_behalf_of.replace(', ', ' for ')}" if row.on_behalf_of else row.actor


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _lasted(row: "SessionRow") -> str:
    if row.closed is None:
        return "no end yet"
    return how_long(timedelta(seconds=math.ceil((row.closed - row.opened) / 1e6)))


def _decision(decision: dict[str, str] | None) -> str:
    return f"{decision['outcome']} by {decision['rule']}" if decision else ""
