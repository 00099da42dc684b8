"""The options that most commands share, and what they lead to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.api.peer import unix_name
from passgate.core.errors import ConfigError

if TYPE_CHECKING:
    from passgate.config.settings import Settings
    from passgate.config.state_folder import StateFolder

DEFAULT_CONFIG = Path("passgate.yaml")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="PASSGATE_CONFIG", help="The configuration file.", show_default=True)
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state", envvar="PASSGATE_STATE", help="The state folder, instead of the one the configuration names."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]


def settings_from(config: Path, state: Path | None, *, new: bool = False) -> "Settings":
    """``new``: the state folder that is named need not be there yet. Raises ConfigError with every problem of the file."""
    from passgate.config.loading import load_settings

    settings = load_settings(config)
    return settings if state is None else settings.with_state(state.absolute() if new else _there(state))


def state_folder_from(config: Path, state: Path | None) -> "StateFolder":
    """Where ``--state`` names the folder the configuration is not read, and the folder must be there. Raises ConfigError."""
    if state is None:
        return settings_from(config, None).state_folder
    from passgate.config.state_folder import StateFolder

    return StateFolder(path=_there(state))


def _there(state: Path) -> Path:
    """A folder made for a name that was mistyped would be empty: nobody locked out, no pass live, and no gate to hear of it."""
    if not state.is_dir():
        raise ConfigError(f"There is no state folder {state.absolute()}: `passgate init` makes one")
    return state.absolute()


def actor() -> str:
    """Who runs this command, for the record: ``unix:root``."""
    return unix_name(os.getuid())
