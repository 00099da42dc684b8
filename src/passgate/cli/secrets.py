"""``passgate secrets``: encrypt what the state folder keeps, see under what, and encrypt it anew."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, settings_from, state_folder_from
from passgate.cli.output import say, say_json, say_table
from passgate.core.errors import ConfigError, MasterKeyError

if TYPE_CHECKING:
    from passgate.config.secret_sources import LocalSecret
    from passgate.config.settings import Settings
    from passgate.credentials.at_rest.keyring import KeyringFile
    from passgate.credentials.at_rest.rotation import Place

secrets_app = typer.Typer(no_args_is_help=True, help="Secrets that the state folder keeps.")

_EXIT_PLAIN = 1


@secrets_app.command()
def status(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Show what is encrypted, and under which keys. Needs no master key. Exit status 1: something is not encrypted."""
    from passgate.credentials.at_rest.keyring import KeyringFile
    from passgate.credentials.at_rest.rotation import status as status_of
    from passgate.wiring.sealing import places

    folder = state_folder_from(config, state)
    keys = KeyringFile(path=folder.keyring).read()
    with places(folder) as found:
        secrets = status_of(keys, found)
    rotating = keys is not None and len(keys) > 1
    if as_json:
        rows = [{"name": one.name, "key": one.key, "master_keys": list(one.masters)} for one in secrets]
        say_json({"encrypted": keys is not None, "rotating": rotating, "secrets": rows})
    else:
        say_table(
            ("SECRET", "DATA KEY", "MASTER KEY"),
            [(one.name, one.key or "not encrypted", " or ".join(one.masters)) for one in secrets],
        )
        if rotating:
            say("\nA rotation was begun and has not come to its end: run `passgate secrets rotate` again.")
    if any(one.key is None for one in secrets):
        raise typer.Exit(_EXIT_PLAIN)


@secrets_app.command()
def encrypt(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Encrypt what the folder keeps in clear, under the master key. No gate may run. After a crash: run it again."""
    from passgate.credentials.at_rest.rotation import encrypt as encrypt_all
    from passgate.wiring.sealing import master_key

    settings = settings_from(config, state)
    if settings.master_key is None:
        raise ConfigError("`master_key` says where the master key is; it is not set")
    master = master_key(settings.master_key)
    with _alone(settings) as (file, found):
        done = encrypt_all(file, master, found)
    if as_json:
        say_json({"encrypted": done, "master_key": master.id})
    else:
        say(f"{done} secrets encrypted under the master key {master.id}")


@secrets_app.command()
def rotate(
    to: Annotated[
        str, typer.Option("--to", help="The new master key: file:PATH, env:NAME or 'command:PROGRAM ARGUMENTS'.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Encrypt everything under a new data key and a new master key. No gate may run. After a crash: run it again, it goes on.

    Until it is done the gate starts with either master key; then set `master_key` to the new one.
    """
    from passgate.credentials.at_rest.rotation import rotate as rotate_all
    from passgate.wiring.sealing import master_key

    settings = settings_from(config, state)
    if settings.master_key is None:
        raise ConfigError("`master_key` says where the master key of now is; it is not set")
    old, new = master_key(settings.master_key), master_key(_source(to))
    with _alone(settings) as (file, found):
        done = rotate_all(file, old, new, found)
    if as_json:
        say_json({"encrypted": done, "master_key": new.id})
    else:
        say(f"{done} secrets encrypted anew; set `master_key` to the master key {new.id}")


@contextmanager
def _alone(settings: "Settings") -> "Iterator[tuple[KeyringFile, Sequence[Place]]]":
    """The folder, with nobody else on it. Raises MasterKeyError."""
    from passgate.credentials.at_rest.keyring import KeyringFile
    from passgate.wiring.sealing import in_use, places

    folder = settings.state_folder
    if not folder.path.is_dir():
        raise MasterKeyError(f"There is no state folder {folder.path}: `passgate init` makes one")
    with in_use(folder, alone=True), places(folder) as found:
        yield KeyringFile(path=folder.keyring), found


def _source(to: str) -> "LocalSecret":
    """Raises ConfigError."""
    from passgate.config.secret_sources import LocalSecret

    kind, colon, rest = to.partition(":")
    try:
        if colon and rest and kind == "file":
            return LocalSecret(file=Path(rest).absolute())
        if colon and rest and kind == "env":
            return LocalSecret(env=rest)
        if colon and rest and kind == "command":
            return LocalSecret(command=tuple(shlex.split(rest)))
    except ValueError as error:  # of the quotes, or of the variable's name
        raise ConfigError(f"--to {to!r} names no master key: {error}") from error
    raise ConfigError(f"--to {to!r} names no master key: file:PATH, env:NAME or 'command:PROGRAM ARGUMENTS'")
