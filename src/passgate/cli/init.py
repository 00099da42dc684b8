"""``passgate init``: everything that a first start needs."""

import shlex
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from passgate.cli.certificate import HostnameOption, make_first_certificates, write_new
from passgate.cli.options import DEFAULT_CONFIG
from passgate.cli.output import say
from passgate.core.errors import ConfigError


def init(
    folder: Annotated[Path, typer.Option("--dir", help="Where to put it; made if it is not there.")] = Path(),
    names: HostnameOption = None,
) -> None:
    """Make a configuration to fill in, a state folder, and a development CA with a server certificate."""
    from passgate.config.loading import parse_settings

    template = resources.files("passgate.cli").joinpath("template.yaml").read_text()
    state = parse_settings(template, file="template.yaml", base=folder.absolute()).state_folder
    config = folder.absolute() / DEFAULT_CONFIG.name
    if config.exists():
        raise ConfigError(f"There is a configuration at {config} already: it is left as it is")
    state.create()
    made = make_first_certificates(state, names or ())
    write_new(config, template.encode(), 0o644)
    say(f"configuration   {config}")
    say(f"state folder    {state.path}")
    say(f"development CA  {state.ca_certificate}{'' if made else ' (was there already)'}")
    say("\nNext:")
    say(f"  1. say in {config.name} what to guard, and put its password where `credential` says")
    say(f"  2. export PASSGATE_CONFIG={shlex.quote(str(config))}")
    say("  3. passgate config check")
    say("  4. passgate serve")
    say("  5. in another shell, after the same export:")
    say(
        '     passgate pass issue --for agent:reporter --on-behalf-of you@example.com --resource shop --purpose "a first look"'
    )
