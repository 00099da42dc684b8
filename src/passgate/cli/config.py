"""``passgate config``: look at the configuration without starting anything."""

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, StateOption, settings_from
from passgate.cli.output import say, say_json

config_app = typer.Typer(no_args_is_help=True, help="The configuration: check.")


@config_app.callback()
def _group() -> None:
    """Keeps ``check`` a command of its own while it is the only one."""


@config_app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Report every problem of the configuration at once, each as file:line:column. Exit status 2 if there is one."""
    settings = settings_from(config, state)
    for listener in settings.listeners:
        settings.certificate_of(listener)
    if as_json:
        say_json(settings.model_dump(mode="json"))
        return
    listeners = ", ".join(f"{one.kind} on {one.address} port {one.port}" for one in settings.listeners)
    say(f"{config}: good")
    say(f"listens    {listeners}")
    say(f"guards     {', '.join(sorted(settings.resources))}")
    say(f"state      {settings.state}")
