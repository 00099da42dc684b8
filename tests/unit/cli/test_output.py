"""What is printed."""

import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.cli.output import how_long, note, printable, say, say_json, say_table, when


def test_lines_go_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    say("[bold]out[/bold]")
    note("err\x1b[2J\u202e")
    say_json({"ä": [1, None]})
    captured = capsys.readouterr()
    assert captured.err == "err\\x1b[2J\\u202e\n"
    assert captured.out.startswith("[bold]out[/bold]\n")
    assert json.loads(captured.out.partition("\n")[2]) == {"ä": [1, None]}


def test_a_table_shows_text_from_outside_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("A", "PURPOSE"), [("1", "[red]x[/red] \x1b[2J\u202eevil")])
    out = capsys.readouterr().out
    assert "[red]x[/red] \\x1b[2J\\u202eevil" in out
    assert "\x1b" not in out


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) == text or not text.isprintable()


@given(st.text())
def test_nor_does_json(text: str) -> None:
    """Beyond ASCII there are control characters as well (U+009B begins a terminal's command), which JSON leaves as they are."""
    out = io.StringIO()
    with redirect_stdout(out):
        say_json({"a": [text], text: 1})
    assert all(line.isprintable() for line in out.getvalue().split("\n"))
    assert json.loads(out.getvalue()) == {"a": [text], text: 1}


def test_times() -> None:
    assert when(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)) == "2026-03-01 12:00:05Z"
    durations = [how_long(timedelta(seconds=s)) for s in (-5, 0, 59.9, 60, 1799, 5400, 90061)]
    assert durations == ["0s", "0s", "59s", "1m", "29m59s", "1h30m", "1d1h"]
