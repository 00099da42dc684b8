"""A replay on a terminal: moment by moment, at the speed it happened, with nothing in it that could steer the terminal."""

import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from passgate.cli.output import printable, say, say_table
from passgate.core.visible import visible_lines

if TYPE_CHECKING:
    from passgate.core.moment import Cells, Moment

_NULL = "NULL"
_MARKS = {
    "statement": ">", "verdict": "=", "result": " ", "notice": "!", "end": "<", "cut": "~", "event": "*",
    "request": ">", "message": ">", "scan": "?", "answer": "<", "text": "<", "call": "<",
}  # fmt: skip

Wait = Callable[[float], object]


def play(moments: "Sequence[Moment]", *, speed: float, start: float, wait: Wait | None) -> None:
    """``start``: seconds into the session; what came before is left out. ``wait`` None shows everything at once."""
    clock = start

    def until(at: float) -> None:
        nonlocal clock
        if wait is not None and at > clock:
            sys.stdout.flush()
            wait((at - clock) / speed)
            clock = at

    for moment in moments:
        if moment.until < start:
            continue
        until(moment.at)
        if moment.pieces:
            _grow(moment, until)
        else:
            show(moment)


def wait_seconds(seconds: float) -> None:
    """Until then, or Ctrl-C."""
    threading.Event().wait(seconds)


def _grow(moment: "Moment", until: Callable[[float], None]) -> None:
    """An answer as it came, each piece in its time."""
    mark = _MARKS[moment.kind]
    begin = f"{'':9} {mark} "
    sys.stdout.write(f"{moment.at:9.3f} {mark} ")
    for at, piece in moment.pieces:
        until(at)
        sys.stdout.write(f"\n{begin}".join(printable(line) for line in piece.split("\n")))
    sys.stdout.write("\n")


def show(moment: "Moment") -> None:
    mark = _MARKS[moment.kind]
    stamp = f"{moment.at:9.3f}"
    first, *more = visible_lines(moment.text)
    say(f"{stamp} {mark} {first}")
    for line in more:
        say(f"{'':9} {mark} {line}")
    if moment.kind == "result" and moment.columns:
        masked = moment.facts.get("masked")
        rules = masked if isinstance(masked, list) else []
        headings = [
            printable(name) + (" (masked)" if place < len(rules) and rules[place] else "")
            for place, name in enumerate(moment.columns)
        ]
        say_table(headings, [_cells(row) for row in moment.rows])


def _cells(row: "Cells") -> list[str]:
    return [_NULL if cell is None else cell for cell in row]
