"""A replay on a terminal: moment by moment, at the speed it happened, with nothing in it that could steer the terminal."""

import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from passgate.cli.output import printable, say, say_table

if TYPE_CHECKING:
    from passgate.ledger.replay import Cells, Moment

_NULL = "NULL"
_MARKS = {"statement": ">", "verdict": "=", "result": " ", "notice": "!", "end": "<", "cut": "~", "event": "*"}

Wait = Callable[[float], object]


def play(moments: "Sequence[Moment]", *, speed: float, start: float, wait: Wait | None) -> None:
    """``start``: seconds into the session; what came before is left out. ``wait`` None shows everything at once."""
    clock = start
    for moment in moments:
        if moment.at < start:
            continue
        if wait is not None and moment.at > clock:
            sys.stdout.flush()
            wait((moment.at - clock) / speed)
            clock = moment.at
        show(moment)


def wait_seconds(seconds: float) -> None:
    """Until then, or Ctrl-C."""
    threading.Event().wait(seconds)


def show(moment: "Moment") -> None:
    mark = _MARKS[moment.kind]
    stamp = f"{moment.at:9.3f}"
    first, *more = moment.text.splitlines() or [""]
    say(f"{stamp} {mark} {printable(first)}")
    for line in more:
        say(f"{'':9} {mark} {printable(line)}")
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
