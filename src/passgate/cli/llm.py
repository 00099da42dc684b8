"""``passgate llm``: what is governed of models' APIs, place by place, and what the configuration makes of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import JsonOption
from passgate.cli.output import Json, note, printable, say, say_json, say_table
from passgate.core.errors import ConfigError

if TYPE_CHECKING:
    from passgate.cli.llm_disclosure import Treatment
    from passgate.codecs.llm.fields import FieldRow
    from passgate.config.llm import LlmResource

llm_app = typer.Typer(no_args_is_help=True, help="Models: check what is scanned, place by place.")


@llm_app.callback()
def _group() -> None:
    """Keeps ``check`` a command of its own while it is the only one."""


@llm_app.command()
def check(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Only paths that hold this: /v1/messages. [default: all]")
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Say too what each resource of kind llm in this configuration lets through."
        ),
    ] = None,
    as_: Annotated[
        str, typer.Option("--as", help="For whom: agent:reporter, human:ann@example.com, service:billing.")
    ] = "agent:someone",
    on_behalf_of: Annotated[str | None, typer.Option("--on-behalf-of", help="The human behind an agent.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List every path and every place of its body: scanned, scanned but never edited, not scannable, refused.

    What is in no list is refused: 404 in the dialect's own shape, and nothing of it is sent on.
    """
    rows = [row for row in _rows() if path in row.path]
    refused = [route for route in _refused() if path in route]
    treatments = {} if config is None else _treatments(config, as_, on_behalf_of)
    if as_json:
        say_json(
            {
                "fields": [_row_json(row) for row in rows],
                "refused": list(refused),
                "resources": {name: _resource_json(resource, found) for name, (resource, found) in treatments.items()},
            }
        )
    else:
        _say_rows(rows)
        for route in refused:
            say(f"{route}  refused: not governed")
        for name, (resource, found) in treatments.items():
            _say_resource(name, resource, found)
    if not rows and not refused:
        note(f"No path holds {printable(path)}: it is refused.")
        raise typer.Exit(1)


def _rows() -> "Iterator[FieldRow]":
    """Requests by path; answers, which are read alike whatever was asked, by dialect."""
    from passgate.codecs.llm.answers import anthropic_table, openai_table
    from passgate.codecs.llm.fields import FieldRow, field_table

    yield from field_table()
    for dialect, table in (("openai", openai_table.ANSWER), ("anthropic", anthropic_table.ANSWER)):
        for row in table.rows(""):
            yield FieldRow(
                method="", path=f"answers of {dialect}", where=row.where, field=row.field, verdict=row.verdict
            )


def _refused() -> tuple[str, ...]:
    from passgate.codecs.llm.ungoverned import ungoverned

    return ungoverned()


def _say_rows(rows: "Sequence[FieldRow]") -> None:
    heading = ""
    for row in rows:
        if (title := f"{row.method} {row.path}".strip()) != heading:
            heading = title
            say(title)
        say(f"  {row.where:<72} {row.field:<16} {row.verdict}")
    verdicts = Counter(row.verdict for row in rows)
    say()
    say_table(("PLACES", "VERDICT"), [(str(count), verdict) for verdict, count in verdicts.most_common()])
    say()


def _treatments(
    config: Path, who: str, on_behalf_of: str | None
) -> "dict[str, tuple[LlmResource, tuple[Treatment, ...]]]":
    """Raises ConfigError, BundleError."""
    from passgate.cli.llm_disclosure import treatments
    from passgate.cli.options import settings_from

    resources = settings_from(config, None).llm_resources
    if not resources:
        raise ConfigError(f"{config} has no resource of kind llm")
    return {
        name: (resource, treatments(name, resource, config=config, who=who, on_behalf_of=on_behalf_of))
        for name, resource in resources.items()
    }


def _say_resource(name: str, resource: "LlmResource", found: "Sequence[Treatment]") -> None:
    say()
    say(f"{name}: {resource.provider} at {resource.upstream.url}")
    say(f"  models   {', '.join(resource.models)}")
    if resource.fallback:
        say(f"  fallback {', '.join(resource.fallback)}")
    say_table(
        ("WAY", "CLASS", "WHAT HAPPENS", "FIELDS", "TYPES"),
        [(one.way, one.class_, one.what, ", ".join(one.fields), one.said_types) for one in found],
    )


def _row_json(row: "FieldRow") -> dict[str, Json]:
    return {"method": row.method, "path": row.path, "where": row.where, "field": row.field, "verdict": row.verdict}


def _resource_json(resource: "LlmResource", found: "Sequence[Treatment]") -> dict[str, Json]:
    return {
        "provider": resource.provider,
        "url": resource.upstream.url,
        "models": list(resource.models),
        "fallback": list(resource.fallback),
        "findings": [
            {
                "way": one.way,
                "class": one.class_,
                "what": one.what,
                "fields": list(one.fields),
                "types": list(one.types),
            }
            for one in found
        ],
    }
