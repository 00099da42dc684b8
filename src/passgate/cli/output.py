"""What commands print: tables and times for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from passgate.core.visible import visible

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_COLUMN_WIDTH = 10
"""Characters of a column at the least, with what is between it and the next."""


def say(text: str = "") -> None:
    """One line on standard output, exactly as it is."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """One line on standard error: what a person should know and a program need not read. Nothing in it steers the terminal."""
    sys.stderr.write(visible(text) + "\n")


def say_json(value: Json) -> None:
    """What a terminal would obey is written as JSON writes it: beyond ASCII too there are control characters, and such as turn a
    line around."""
    say("".join(map(_in_json, json.dumps(value, indent=2, ensure_ascii=False))))


def _in_json(character: str) -> str:
    """Line ends stand between values only; within texts they are escaped already."""
    return character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]


def say_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Text from outside is shown as it is: markup and control characters in it have no effect."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(Text(printable(heading)), overflow="fold")  # names of columns are from outside too
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())
    console.width = max(
        console.width, len(headings) * _COLUMN_WIDTH
    )  # else many columns leave each other no room at all
    console.print(table)


def printable(text: str) -> str:
    """Control characters, and what would turn the line around, are written out: a purpose must not steer a terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def reason_of(error: OSError | ValueError) -> str:
    """Why a file could not be read, without its name and without a number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def when(time: datetime) -> str:
    """To the second, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}Z"


def stamp(time: datetime) -> str:
    """For programs: RFC 3339, in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def how_long(duration: timedelta) -> str:
    """The two largest units, which is as much as a person wants: ``1h30m``, ``29m59s``."""
    seconds = max(int(duration.total_seconds()), 0)
    parts = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    written = [f"{count}{unit}" for count, unit in parts if count]
    return "".join(written[:2]) or "0s"
