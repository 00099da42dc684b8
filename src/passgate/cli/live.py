"""What is asked of the gates that run now: who is connected, how they are, and to end a session."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, state_folder_from
from passgate.cli.output import Json, how_long, note, printable, say, say_json, say_table, when
from passgate.core.errors import PassgateError

if TYPE_CHECKING:
    from pathlib import Path

    from passgate.api.client import Survey

catalog_app = typer.Typer(no_args_is_help=True, help="What the gates know of their targets: refresh.")


def kill(
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="A session's id, as `sessions list --live` shows it.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a live session and cancel what it runs. Its pass stays live: revoke that to keep it out."""
    from passgate.api.client import AdminClient

    survey = AdminClient(state_folder_from(config, state).run).kill(session)
    _note_troubles(survey)
    killed_by = [one.gate for one in survey.answers if one.answer.found]
    if not killed_by:
        raise NoSuchSessionError(f"There is no live session {printable(session)}")
    if as_json:
        say_json({"killed": session, "gates": killed_by})
    else:
        say(f"killed {session}")


def status(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Say which gates run on this state folder, and how they are. Exit status 1 if none does, or one cannot record."""
    from passgate.api.client import AdminClient

    survey = AdminClient(state_folder_from(config, state).run).status()
    _note_troubles(survey)
    if as_json:
        say_json([{"gate": one.gate, **one.answer.model_dump(mode="json", exclude={"kind"})} for one in survey.answers])
    else:
        now = datetime.now(UTC)
        say_table(
            ("GATE", "PID", "UP", "SESSIONS", "RESOURCES", "POLICY", "LEDGER", "VERSION"),
            [
                (
                    one.gate,
                    str(one.answer.pid),
                    how_long(now - one.answer.started),
                    str(one.answer.sessions),
                    ", ".join(one.answer.resources),
                    one.answer.policy_version[:12],
                    one.answer.ledger,
                    f"{one.answer.version} ({one.answer.implementation})",
                )
                for one in survey.answers
            ],
        )
    if not survey.answers or survey.failed or any(one.answer.ledger != "ok" for one in survey.answers):
        raise typer.Exit(1)


def reload_policy(
    config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Make every running gate read its policy bundles anew. One that fails keeps the old bundle; exit status 1 then."""
    from passgate.api.client import AdminClient

    survey = AdminClient(state_folder_from(config, state).run).reload_policy()
    _note_troubles(survey)
    if as_json:
        say_json([{"gate": o.gate, "version": o.answer.version, "changed": o.answer.changed} for o in survey.answers])
    else:
        for one in survey.answers:
            say(f"{one.gate}: {'now' if one.answer.changed else 'still'} {one.answer.version}")
    if survey.failed or not survey.answers:
        raise typer.Exit(1)


@catalog_app.callback()
def _group() -> None:
    """Keeps ``refresh`` a command of its own while it is the only one."""


@catalog_app.command("refresh")
def refresh_catalog(
    resource: Annotated[str | None, typer.Argument(help="The resource; all of them if none is named.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every running gate read its targets' catalogs anew. Exit status 1 if one cannot."""
    from passgate.api.client import AdminClient

    survey = AdminClient(state_folder_from(config, state).run).refresh_catalog(resource)
    _note_troubles(survey)
    if as_json:
        say_json([{"gate": one.gate, "versions": one.answer.versions} for one in survey.answers])
    else:
        for one in survey.answers:
            for name, version in sorted(one.answer.versions.items()):
                say(f"{one.gate}: {name} {version}")
    if survey.failed or not survey.answers:
        raise typer.Exit(1)


def say_live_sessions(run_folder: "Path", *, as_json: bool) -> None:
    """The sessions of every gate, the oldest first: ``sessions list --live``."""
    from passgate.api.client import AdminClient

    survey = AdminClient(run_folder).sessions()
    _note_troubles(survey)
    found = [(one.gate, session) for one in survey.answers for session in one.answer.sessions]
    found.sort(key=lambda pair: pair[1].opened)
    if as_json:
        shown: list[Json] = [{"gate": gate, **session.model_dump(mode="json")} for gate, session in found]
        say_json(shown)
        return
    now = datetime.now(UTC)
    say_table(
        ("SESSION", "PASS", "WHO", "RESOURCE", "OPENED", "FOR", "PEER", "GATE"),
        [
            (
                session.id,
                session.pass_id,
                " for ".join(session.chain),
                session.resource,
                when(session.opened),
                how_long(now - session.opened),
                session.peer,
                gate,
            )
            for gate, session in found
        ],
    )


class NoSuchSessionError(PassgateError):
    """There is no live session of that id."""


def _note_troubles(survey: "Survey[object]") -> None:
    for text in (*survey.notes, *(f"{one.gate}: {one.answer}" for one in survey.failed)):
        note(f"passgate: {text}")
    if not survey.answers and not survey.failed:
        note("passgate: no gate answered")
