"""``passgate lock``, ``unlock``, ``locks``: keep somebody or something out, now."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.durations import duration_of
from passgate.cli.opening import open_database, passes_of
from passgate.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    StateOption,
    actor,
    settings_from,
    state_folder_from,
)
from passgate.cli.output import Json, note, printable, say, say_json, say_table, stamp, when
from passgate.cli.sealed import OpenedWhenNeeded
from passgate.cli.viewing import record
from passgate.core.errors import LockError
from passgate.core.event import EventType
from passgate.core.lock import Lock, LockKind
from passgate.pipeline.sealing import Sealing

if TYPE_CHECKING:
    from passgate.config.state_folder import StateFolder
    from passgate.store.lock_store import LockStore

_MOST = 500


def lock(
    reason: Annotated[
        str, typer.Option("--reason", help="Why; whoever is kept out reads it, and it stands in the ledger.")
    ],
    agent: Annotated[str | None, typer.Option("--agent", help="An agent's subject.")] = None,
    human: Annotated[str | None, typer.Option("--human", help="A person's subject: them and their agents.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="A service's subject.")] = None,
    pass_id: Annotated[str | None, typer.Option("--pass", help="One pass.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", help="A resource, for everybody.")] = None,
    ttl: Annotated[
        str | None, typer.Option("--for", help="How long: 30m, 2h. Without it, until somebody unlocks.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep somebody or something out, from now on. Live sessions end, and what they run is cancelled, within two seconds.

    A pass or a resource that is not there is refused. A person, an agent or a service may be locked before they come; whether any
    live pass is kept out is said.
    """
    from ulid import ULID

    named = {
        LockKind.AGENT: agent,
        LockKind.HUMAN: human,
        LockKind.SERVICE: service,
        LockKind.PASS: pass_id,
        LockKind.RESOURCE: resource,
    }
    targets = [(kind, target) for kind, target in named.items() if target]
    if len(targets) != 1:
        raise LockError("Name exactly one of --agent, --human, --service, --pass and --resource")
    if not reason.strip() or len(reason) > _MOST:
        raise LockError(f"A reason has 1 to {_MOST} characters")
    ((kind, target),) = targets
    now = datetime.now(UTC)
    made = Lock(
        id=str(ULID()),
        kind=kind,
        target=target,
        reason=reason.strip(),
        actor=actor(),
        at=now,
        until=None if ttl is None else now + duration_of("--for", ttl),
    )
    folder = state_folder_from(config, state)
    if kind is LockKind.RESOURCE:
        _check_resource(folder, target, config=config, state=state)
    reached = _add(folder, made)
    _told(folder, EventType.LOCK_SET, made, OpenedWhenNeeded(config, state))
    ended = _look_now(folder)
    if as_json:
        say_json({**_as_json(made), "live_passes": reached, "sessions_ended": ended})
    else:
        say(f"locked {kind} {printable(target)} ({made.id}); {ended} live session{'' if ended == 1 else 's'} ended")
        note_of_reach(kind, target, reached)


def unlock(
    lock_id: Annotated[str, typer.Argument(metavar="LOCK", help="Its id, as `locks` shows it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift a lock. Passes that have not ended open what they cover again."""
    folder = state_folder_from(config, state)
    with _store(folder) as store:
        found = next((one for one in store.holding(datetime.now(UTC)) if one.id == lock_id), None)
        if found is None or not store.lift(lock_id):
            raise LockError(f"There is no lock {printable(lock_id)}")
    _told(folder, EventType.LOCK_LIFTED, found, OpenedWhenNeeded(config, state))
    _look_now(folder)
    if as_json:
        say_json({"lifted": lock_id})
    else:
        say(f"unlocked {found.kind} {printable(found.target)}")


def locks(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """List the locks that hold, oldest first."""
    with _store(state_folder_from(config, state)) as store:
        holding = store.holding(datetime.now(UTC))
    if as_json:
        say_json([_as_json(one) for one in holding])
        return
    say_table(
        ("LOCK", "WHAT", "REASON", "BY", "SINCE", "UNTIL"),
        [
            (
                one.id,
                f"{one.kind} {one.target}",
                one.reason,
                one.actor,
                when(one.at),
                "no end" if one.until is None else when(one.until),
            )
            for one in holding
        ],
    )


@contextmanager
def _store(folder: "StateFolder") -> "Iterator[LockStore]":
    from passgate.store.lock_store import LockStore

    with open_database(folder) as database:
        yield LockStore(database)


def note_of_reach(kind: LockKind, target: str, live_passes: int) -> None:
    """A lock on a subject that nobody bears holds and does nothing, which looks the same as one that works."""
    if live_passes == 0:
        spelling = "" if kind in (LockKind.PASS, LockKind.RESOURCE) else "; if one should be, look at the spelling"
        note(f"passgate: the lock holds, but no live pass is kept out by it: {kind} {printable(target)}{spelling}")


def _add(folder: "StateFolder", made: Lock) -> int:
    """How many live passes it keeps out.

    A mistyped pass is refused: whoever sets a lock in a hurry must not be told that it holds. Raises LockError.
    """
    from passgate.store.lock_store import LockStore

    with open_database(folder) as database:
        passes = passes_of(database)
        if made.kind is LockKind.PASS and passes.find(made.target) is None:
            raise LockError(f"There is no pass {printable(made.target)}; nothing was locked")
        reached = sum(made.keeps_out(pass_) for pass_ in passes.list(live_only=True))
        LockStore(database).add(made)
        return reached


def _check_resource(folder: "StateFolder", resource: str, *, config: Path, state: Path | None) -> None:
    """A resource that neither the configuration nor any gate has is mistyped. Raises LockError.

    Where a gate does not say what it has, or nobody could, the lock is set with a warning: it may be meant for that gate, and a
    lock is not the thing to refuse when something is wrong.
    """
    from passgate.api.client import AdminClient

    known: set[str] = set() if state is not None else set(settings_from(config, None).resources)
    if resource in known:
        return
    survey = AdminClient(folder.run).status()
    known.update(name for one in survey.answers for name in one.answer.resources)
    if resource in known:
        return
    if not survey.complete or not known:
        note(f"passgate: nobody could say whether there is a resource {printable(resource)}; it is locked all the same")
        return
    there = ", ".join(sorted(known))
    raise LockError(f"There is no resource {printable(resource)}, nothing was locked; there are {there}")


def _told(folder: "StateFolder", type_: EventType, made: Lock, sealing: Sealing) -> None:
    detail = {"lock": made.id, "kind": made.kind.value, "target": made.target, "reason": made.reason}
    record(folder.ledger, type_, detail, sealing=sealing)


def _look_now(folder: "StateFolder") -> int:
    """A gate that is not told looks by itself twice a second."""
    from passgate.api.client import AdminClient

    survey = AdminClient(folder.run).locks_changed()
    for text in (*survey.notes, *(f"{one.gate}: {one.answer}" for one in survey.failed)):
        note(f"passgate: {text}")
    return sum(one.answer.sessions for one in survey.answers)


def _as_json(one: Lock) -> dict[str, Json]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "target": one.target,
        "reason": one.reason,
        "actor": one.actor,
        "at": stamp(one.at),
        "until": None if one.until is None else stamp(one.until),
    }
