"""What a process and its children used, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """``cpu`` in seconds since the process began, ``resident`` and ``peak`` in bytes, all summed over the process tree."""

    cpu: float
    resident: int
    peak: int


def figures(pid: int) -> Figures:
    pids = [pid, *_children(pid)]
    return Figures(
        cpu=sum(map(_cpu, pids)),
        resident=sum(_memory(p, "VmRSS") for p in pids),
        peak=sum(_memory(p, "VmHWM") for p in pids),
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0
