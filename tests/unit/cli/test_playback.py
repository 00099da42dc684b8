"""Moments on a terminal."""

import pytest

from passgate.cli.playback import play, show, wait_seconds
from passgate.core.moment import Moment

MOMENTS = [
    Moment(at=0.0, kind="event", text="session.start"),
    Moment(at=1.5, kind="statement", text="SELECT 1\nFROM t"),
    Moment(at=4.0, kind="end", text="SELECT 1"),
]


def test_it_waits_as_long_as_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    waited: list[float] = []
    play(MOMENTS, speed=2.0, start=0.0, wait=waited.append)
    assert waited == [0.75, 1.25]
    assert capsys.readouterr().out.count("\n") == 4


def test_it_starts_where_it_is_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    waited: list[float] = []
    play(MOMENTS, speed=1.0, start=2.0, wait=waited.append)
    assert waited == [2.0]
    assert capsys.readouterr().out == "    4.000 < SELECT 1\n"


def test_without_a_wait_it_shows_everything_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    play(MOMENTS, speed=1.0, start=0.0, wait=None)
    assert "          > FROM t\n" in capsys.readouterr().out


def test_a_result_is_a_table_with_its_masked_columns(capsys: pytest.CaptureFixture[str]) -> None:
    result = Moment(
        at=0.0,
        kind="result",
        text="1 rows",
        facts={"masked": ["", "mask-email"]},
        columns=("id", "e\x1bmail"),
        rows=(("7", None),),
    )
    show(result)
    out = capsys.readouterr().out
    assert "e\\x1bmail (masked)" in out
    assert "NULL" in out


GROWN = Moment(
    at=1.0, kind="text", text="assistant: Hello\nyou", pieces=((1.0, "assistant: Hel"), (1.5, "lo\ny"), (3.0, "ou"))
)


def test_an_answer_grows_in_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[float, str]] = []
    out = ""

    def wait(seconds: float) -> None:
        nonlocal out
        out += capsys.readouterr().out
        seen.append((seconds, out))

    play([GROWN, Moment(at=3.0, kind="end", text="ok")], speed=1.0, start=0.0, wait=wait)
    assert seen == [
        (1.0, ""), (0.5, "    1.000 < assistant: Hel"), (1.5, "    1.000 < assistant: Hello\n          < y"),
    ]  # fmt: skip
    assert capsys.readouterr().out == "ou\n    3.000 < ok\n"


def test_started_in_the_middle_of_an_answer_it_is_shown_from_its_begin(capsys: pytest.CaptureFixture[str]) -> None:
    waited: list[float] = []
    play([GROWN], speed=1.0, start=2.0, wait=waited.append)
    assert waited == [1.0]
    assert "assistant: Hel" in capsys.readouterr().out


def test_nothing_in_a_piece_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    play([Moment(at=0.0, kind="text", text="", pieces=((0.0, "\x1b]0;x\x07\r"),))], speed=1.0, start=0.0, wait=None)
    assert all(character.isprintable() or character == "\n" for character in capsys.readouterr().out)


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "a\x00b", "\u202ecod", "x\rforged", "\x9b2J"])
def test_control_characters_are_written_out(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(Moment(at=0.0, kind="notice", text=text))
    out = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in out)


def test_the_wait_is_a_wait() -> None:
    import time

    begin = time.monotonic()
    wait_seconds(0.02)
    assert time.monotonic() - begin >= 0.019
