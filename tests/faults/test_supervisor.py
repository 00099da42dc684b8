"""A gate of several workers, of which one is killed or stopped: no half of it may stay behind and go on serving."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from passgate.testing import GateSetup, LlmUpstream, RunningGate


class _Ended:
    """Tells when a process that is not our child has ended (pidfd_open(2))."""

    def __init__(self, pid: int) -> None:
        self._fd = os.pidfd_open(pid)

    def within(self, seconds: float) -> bool:
        return bool(select.select([self._fd], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._fd)


@contextmanager
def gate_of_two(folder: Path) -> Iterator[tuple[RunningGate, list[_Ended]]]:
    """With what tells of each worker's end."""
    model = LlmUpstream(name="local", provider="compatible", url="http://127.0.0.1:9")
    with (
        RunningGate.start(folder, None, GateSetup(packs=("llm-safe",), models=(model,), workers=2)) as gate,
        ExitStack() as stack,
    ):
        supervisor = gate.process.pid
        workers = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        assert len(workers) >= 2
        yield gate, [stack.enter_context(closing(_Ended(int(pid)))) for pid in workers]


def test_workers_end_with_a_supervisor_that_is_killed(tmp_path):
    with gate_of_two(tmp_path) as (gate, ended):
        gate.process.kill()
        assert all(one.within(20) for one in ended)


def test_a_supervisor_that_is_stopped_stops_its_workers_first(tmp_path):
    with gate_of_two(tmp_path) as (gate, ended):
        gate.process.terminate()
        assert gate.process.wait(20) == 0
        assert all(one.within(20) for one in ended)


def test_a_worker_that_ends_by_itself_ends_the_gate(tmp_path):
    with gate_of_two(tmp_path) as (gate, ended):
        supervisor = gate.process.pid
        last = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[-1]
        os.kill(int(last), signal.SIGKILL)
        assert gate.process.wait(20) == 2
        assert all(one.within(20) for one in ended)


def test_a_worker_that_is_stopped_for_a_while_ends_nothing(tmp_path):
    """A debugger does it, and a container that is frozen. Its parent is told as of an end, by the same signal."""
    with gate_of_two(tmp_path) as (gate, ended):
        supervisor = gate.process.pid
        last = int(Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[-1])
        for number in (signal.SIGSTOP, signal.SIGCONT):
            os.kill(last, number)
            assert not any(one.within(0.5) for one in ended)
        gate.process.terminate()
        assert gate.process.wait(20) == 0
        assert all(one.within(20) for one in ended)
