"""The examples in ``--help`` are shown, and are taken by the commands as they stand."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from passgate.cli.examples import EXAMPLES, epilog
from passgate.cli.main import build
from tests.unit.cli.conftest import Passgate


@pytest.mark.parametrize(("command", "example"), EXAMPLES.items())
def test_an_example_is_a_line_that_its_command_takes(command: str, example: str) -> None:
    name, *words = shlex.split(example)
    assert name == "passgate"
    found = typer.main.get_command(build())
    path = []
    context = found.make_context("passgate", words)
    while hasattr(found, "resolve_command"):
        step, found, words = found.resolve_command(context, [*context._protected_args, *context.args])
        path.append(step)
        context = found.make_context(
            step, words, parent=context
        )  # raises for an option that is not there, or is missing
    assert " ".join(path) == command


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


def test_every_command_that_must_be_told_something_has_an_example() -> None:
    whole = typer.main.get_command(build())
    needy = {name for name, one in commands(whole) if any(parameter.required for parameter in one.params)}
    assert needy - set(EXAMPLES) == set()


def test_help_ends_with_it(passgate: Passgate) -> None:
    shown = " ".join(passgate("pass", "issue", "--help").out.split())
    assert "Example: passgate pass issue --for agent:reporter" in shown
    assert "Example: passgate lock --human" in " ".join(passgate("lock", "--help").out.split())
    assert epilog("version") is None
