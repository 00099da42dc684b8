"""``passgate config``: look at the configuration without starting anything."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, settings_from
from passgate.cli.output import note, printable, say, say_json, when
from passgate.core.errors import ConfigError, SecretUnavailableError

if TYPE_CHECKING:
    from passgate.config.settings import Settings

config_app = typer.Typer(no_args_is_help=True, help="The configuration: check.")


@config_app.callback()
def _group() -> None:
    """Keeps ``check`` a command of its own while it is the only one."""


@config_app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Report every problem of the configuration at once, each as file:line:column. Exit status 2 if there is one.

    What it names is looked at too: the rules, certificates, authorities, agents' keys.

    Secrets in files and variables that cannot be had are named too; they may be put there later, so that is no problem yet. So are
    ports that are taken: perhaps by the gate that this configuration is for.
    """
    settings = settings_from(config, state)
    from passgate.wiring.rehearsal import rehearse

    certificates = sorted({settings.certificate_of(listener)[0] for listener in settings.listeners})
    problems, ends = list(rehearse(settings)), dict[Path, str]()
    for path in certificates:
        try:
            ends[path] = _good_until(path)
        except ConfigError as error:
            problems.append(str(error))
    for setting, why in _missing_secrets(settings):
        note(f"passgate: {setting}: {printable(why)}")
    for place in _ports_in_use(settings):
        note(f"passgate: {place}")
    if problems:
        raise ConfigError("\n".join(problems))
    if as_json:
        say_json(settings.model_dump(mode="json"))
        return
    listeners = ", ".join(f"{one.kind} on {one.address} port {one.port}" for one in settings.listeners)
    say(f"{config}: good")
    say(f"listens    {listeners}")
    say(f"guards     {', '.join(sorted(settings.resources))}")
    say(f"state      {settings.state}")
    for path in certificates:
        say(f"shows      {path} (good until {ends[path]})")


def _missing_secrets(settings: "Settings") -> Iterator[tuple[str, str]]:
    """What the gate would say at its first session. A command or a vault is not asked: that may cost or change something."""
    from passgate.config.secret_sources import Credential, LocalSecret
    from passgate.config.section import values_in
    from passgate.credentials.environment import EnvironmentCredential
    from passgate.credentials.file import FileCredential

    for setting, source in values_in(settings):
        if not isinstance(source, Credential | LocalSecret):
            continue
        try:
            if source.env is not None:
                EnvironmentCredential(name=source.env).read()
            elif source.file is not None:
                FileCredential(path=source.file).read()
        except SecretUnavailableError as error:
            yield setting, str(error)


def _ports_in_use(settings: "Settings") -> Iterator[str]:
    import errno
    import os

    from passgate.wiring.ports import places, trouble

    for place in places(settings):
        error = trouble(place)
        if error is None:
            continue
        if error.errno == errno.EADDRINUSE:
            what = f"{place.what} on {place.address} port {place.port}: the port is taken now"
            yield f"{place.setting}: {what}; if not by this very gate (`passgate status`), `serve` will not start"
        else:
            yield f"{place.setting}: {place}: {os.strerror(error.errno) if error.errno else error}"


def _good_until(path: Path) -> str:
    """Raises ConfigError for what is not a certificate, and for one that has run out."""
    from passgate.identity.authority import expiry

    try:
        end = expiry(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not a certificate that can be read") from error
    if end <= datetime.now(UTC):
        raise ConfigError(f"{path} ran out at {when(end)}: make a new one with `passgate certificate`, or get one")
    return when(end)
