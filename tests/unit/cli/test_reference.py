"""docs/reference/cli.md is held to the commands: none is missing, none is invented, and neither are their options."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
import typer
from typer.models import OptionInfo

from passgate.cli import live, locks, login, passes, version
from passgate.cli.approvals import approvals_app
from passgate.cli.certificate import certificate
from passgate.cli.config import config_app
from passgate.cli.init import init
from passgate.cli.ledger import ledger_app
from passgate.cli.llm import llm_app
from passgate.cli.main import GROUPS, build
from passgate.cli.policy import policy_app
from passgate.cli.remote import remote_app
from passgate.cli.request import request, requests_app
from passgate.cli.secrets import secrets_app
from passgate.cli.serve import serve
from passgate.cli.sessions import sessions_app

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"
EVERYWHERE = {"--config", "-c", "--state", "--json"}


def sections() -> dict[str, str]:
    """Command, as in its heading without its arguments -> what is said about it."""
    parts = re.split(r"^##+ `passgate ([a-z -]+?)(?: [A-Z\[][^`]*)?`$", REFERENCE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands() -> Iterator[tuple[str, Callable[..., object]]]:
    build()  # puts the commands about running gates into their groups
    yield from (
        ("init", init),
        ("certificate", certificate),
        ("serve", serve),
        ("status", live.status),
        ("login", login.login),
        ("request", request),
        ("lock", locks.lock),
        ("unlock", locks.unlock),
        ("locks", locks.locks),
        ("version", version.version),
    )
    for name, group in (
        ("pass", passes.pass_app),
        ("catalog", live.catalog_app),
        ("config", config_app),
        ("llm", llm_app),
        ("secrets", secrets_app),
        ("approvals", approvals_app),
        ("requests", requests_app),
        ("policy", policy_app),
        ("ledger", ledger_app),
        ("sessions", sessions_app),
        ("remote", remote_app),
    ):
        for command in group.registered_commands:
            assert command.callback is not None
            yield f"{name} {command.name or command.callback.__name__}", command.callback


def options(callback: Callable[..., object]) -> Iterator[str]:
    hints = get_type_hints(callback, include_extras=True)
    for name in inspect.signature(callback).parameters:
        assert get_origin(hints[name]) is Annotated
        for extra in get_args(hints[name])[1:]:
            if isinstance(extra, OptionInfo):
                # Inside Annotated, Typer keeps the first of the option's names in the place of its default.
                yield from (str(extra.default), *(extra.param_decls or ()))


@pytest.mark.parametrize(("name", "callback"), list(commands()))
def test_a_command_and_its_options_are_documented(name: str, callback: Callable[..., object]) -> None:
    said = sections()[name]
    documented = set(re.findall(r"^\| `(--[a-z-]+)`(?:, `(-[a-z])`)?", said, re.MULTILINE))
    flat = {option for pair in documented for option in pair if option}
    assert flat == set(options(callback)) - EVERYWHERE


def test_every_group_has_its_section() -> None:
    app: typer.Typer = build()
    top = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    assert top | set(GROUPS) == {name for name in sections() if " " not in name}


def test_nothing_is_documented_that_is_not_there() -> None:
    assert {name for name in sections() if " " in name} == {name for name, _ in commands() if " " in name}
