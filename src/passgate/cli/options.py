"""The options that most commands share, and what they lead to."""

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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


def settings_from(config: Path, state: Path | None) -> "Settings":
    """Raises ConfigError with every problem of the file."""
    from passgate.config.loading import load_settings

    settings = load_settings(config)
    return settings if state is None else settings.with_state(state.absolute())


def state_folder_from(config: Path, state: Path | None) -> "StateFolder":
    """Where ``--state`` names the folder the configuration is not read. Raises ConfigError."""
    if state is None:
        return settings_from(config, None).state_folder
    from passgate.config.state_folder import StateFolder

    return StateFolder(path=state.absolute())


def actor() -> str:
    """Who runs this command, for the record: ``unix:root``."""
    uid = os.getuid()
    try:
        return f"unix:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"unix:{uid}"
