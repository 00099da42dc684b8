"""``passgate``: the commands put together, and how they end."""

import importlib
import sys
from collections.abc import Callable, Sequence

import typer

from passgate.cli import live
from passgate.cli.certificate import certificate
from passgate.cli.examples import epilog
from passgate.cli.init import init
from passgate.cli.locks import lock, locks, unlock
from passgate.cli.login import login
from passgate.cli.pipe import ReaderGoneError, watched_output
from passgate.cli.request import request
from passgate.cli.serve import serve
from passgate.cli.version import version
from passgate.core.errors import PassgateError
from passgate.core.visible import visible

GROUPS = {
    "pass": ("passgate.cli.passes", "pass_app"),
    "sessions": ("passgate.cli.sessions", "sessions_app"),
    "requests": ("passgate.cli.request", "requests_app"),
    "approvals": ("passgate.cli.approvals", "approvals_app"),
    "policy": ("passgate.cli.policy", "policy_app"),
    "ledger": ("passgate.cli.ledger", "ledger_app"),
    "catalog": ("passgate.cli.live", "catalog_app"),
    "secrets": ("passgate.cli.secrets", "secrets_app"),
    "llm": ("passgate.cli.llm", "llm_app"),
    "config": ("passgate.cli.config", "config_app"),
    "remote": ("passgate.cli.remote", "remote_app"),
}
"""Name of a group -> the module and the attribute that hold it."""

LIVE_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "sessions": {"kill": live.kill},
    "policy": {"reload": live.reload_policy},
}
"""What a group about records or rules gets besides: commands that ask the gates which run now."""

_EXIT_ERROR = 2
_EXIT_INTERRUPTED = 130


def build(words: Sequence[str] = ()) -> typer.Typer:
    """The whole command line; or, where the first word names a group, only that group: the others need not be imported."""
    app = typer.Typer(
        name="passgate",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The gate between AI and infrastructure: every statement decided, masked, recorded and revocable.",
    )
    for command in (init, serve, live.status, login, request, lock, unlock, locks, certificate, version):
        app.command(epilog=epilog(command.__name__))(command)
    first = words[0] if words else ""
    for name in (first,) if first in GROUPS else GROUPS:
        app.add_typer(_load(name), name=name)
    return app


def run() -> None:
    """The entry point. What was to be expected ends in one clear message and status 2, never in a traceback."""
    try:
        with watched_output():
            build(sys.argv[1:])()
    except ReaderGoneError:
        sys.exit(_EXIT_ERROR)
    except PassgateError as error:
        said = visible(str(error))  # a gate elsewhere, or a provider, may have written it
        sys.stderr.write(f"passgate: {said}\n" if "\n" not in said else f"{said}\n")
        sys.exit(_EXIT_ERROR)
    except OSError as error:  # a disk that is full or broken, a folder of somebody else's
        where = f"{error.filename}: " if error.filename is not None else ""
        sys.stderr.write(f"passgate: {visible(f'{where}{error.strerror or error}')}\n")
        sys.exit(_EXIT_ERROR)
    except KeyboardInterrupt:
        sys.exit(_EXIT_INTERRUPTED)


def _load(name: str) -> typer.Typer:
    module, attribute = GROUPS[name]
    group: typer.Typer = getattr(importlib.import_module(module), attribute)
    known = {command.name for command in group.registered_commands}
    for live_name, command in LIVE_COMMANDS.get(name, {}).items():
        if live_name not in known:
            group.command(live_name)(command)
    for one in group.registered_commands:
        one.epilog = epilog(f"{name} {one.name or (one.callback.__name__ if one.callback else '')}")
    return group
