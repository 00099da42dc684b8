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


@pytest.mark.parametrize("heading", ["[/x]", "[red]x[/red]", ":smile:", "[link=http://x]", "\x1b[2J", "\\[x]"])
def test_headings_are_text_from_outside_too(capsys: pytest.CaptureFixture[str], heading: str) -> None:
    """Class: names that a statement's writer chose (``SELECT 1 AS "[/x]"``), where a table takes markup."""
    say_table((heading, "b"), [("1", "2")])
    assert capsys.readouterr().out.startswith(printable(heading))


@pytest.mark.parametrize("columns", [1, 67, 200, 1600])
def test_no_column_is_squeezed_out(capsys: pytest.CaptureFixture[str], columns: int) -> None:
    """Class: a result so wide that nothing of it would be seen."""
    say_table([f"c{n}" for n in range(columns)], [[f"v{n}" for n in range(columns)]])
    assert capsys.readouterr().out.split() == [f"{kind}{n}" for kind in "cv" for n in range(columns)]


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
