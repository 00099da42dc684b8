"""``passgate init``: everything that a first start needs."""

import os
import socket
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG
from passgate.cli.output import say
from passgate.core.errors import ConfigError

if TYPE_CHECKING:
    from passgate.config.state_folder import StateFolder

_ALWAYS = ("localhost", "127.0.0.1", "::1")


def init(
    folder: Annotated[Path, typer.Option("--dir", help="Where to put it; made if it is not there.")] = Path(),
    names: Annotated[
        list[str] | None,
        typer.Option("--hostname", help="Another name or address clients will use for the gate; repeatable."),
    ] = None,
) -> None:
    """Make a configuration to fill in, a state folder, and a development CA with a server certificate."""
    from passgate.config.loading import parse_settings

    template = resources.files("passgate.cli").joinpath("template.yaml").read_text()
    state = parse_settings(template, file="template.yaml", base=folder.absolute()).state_folder
    config = folder.absolute() / DEFAULT_CONFIG.name
    if config.exists():
        raise ConfigError(f"There is a configuration at {config} already: it is left as it is")
    state.create()
    made = _make_certificates(state, [*_ALWAYS, socket.gethostname(), *(names or [])])
    _write_new(config, template.encode(), 0o644)
    say(f"configuration   {config}")
    say(f"state folder    {state.path}")
    say(f"development CA  {state.ca_certificate}{'' if made else ' (was there already)'}")
    say("\nNext:")
    say(f"  1. say in {config.name} what to guard, and put its password where `credential` says")
    say(f"  2. passgate config check --config {config}")
    say(f"  3. passgate serve --config {config}")
    say(
        '  4. passgate pass issue --for agent:reporter --on-behalf-of you@example.com --resource shop --purpose "a first look"'
    )


def _make_certificates(state: "StateFolder", names: list[str]) -> bool:
    """False if there is a CA already: clients trust that one, so it is kept. Raises ConfigError."""
    if state.ca_certificate.exists() and state.server_certificate.exists():
        return False
    from passgate.identity.authority import make_authority, make_server_certificate

    now = datetime.now(UTC)
    authority = make_authority(organization="Passgate", now=now)
    server = make_server_certificate(authority, names=names, now=now)
    _write_new(state.ca_key, authority.key, 0o600)
    _write_new(state.ca_certificate, authority.certificate, 0o644)
    _write_new(state.server_key, server.key, 0o600)
    _write_new(state.server_certificate, server.certificate, 0o644)
    return True


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Raises ConfigError, also if it is there: nothing is ever written over."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror}") from error
