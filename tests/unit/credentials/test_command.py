"""Secrets that a program prints."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
import uvloop

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.command import CommandCredential


def program(code: str, *, timeout_seconds: float = 10) -> CommandCredential:
    return CommandCredential(argv=(sys.executable, "-S", "-c", code), timeout_seconds=timeout_seconds)


@pytest.mark.parametrize("code", ["print('hunter2')", "print('hunter2\\nmore\\n' * 9000)", "print('hunter2', end='')"])
async def test_the_first_line_that_it_prints(code: str) -> None:
    assert await program(code).obtain() == "hunter2"


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    argv = (sys.executable, "-S", "-c", "import sys; print(sys.argv[1])", f"$(touch {tmp_path}/made); *")
    assert asyncio.run(CommandCredential(argv=argv).obtain()) == f"$(touch {tmp_path}/made); *"
    assert list(tmp_path.iterdir()) == []


async def test_it_cannot_read_the_gates_input() -> None:
    assert await program("import sys; print(repr(sys.stdin.read()))").obtain() == "''"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("print('hunter2'); raise SystemExit(3)", "failed with status 3"),
        ("import os; print('hunter2', flush=True); os.kill(os.getpid(), 9)", "failed with status -9"),
        ("pass", "holds no secret"),
        ("print('hunter2' * 1000)", "prints a line longer than 4096"),
        ("import sys; sys.stdout.buffer.write(b'hunter2\\xff')", "is not UTF-8"),
        ("import sys; print('hunter2', file=sys.stderr)", "holds no secret"),
    ],
)
async def test_failures_say_what_but_never_show_it(code: str, problem: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SecretUnavailableError, match=problem) as caught:
        await program(code).obtain()
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in capfd.readouterr().err


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailableError, match="cannot be started: No such file"):
        await CommandCredential(argv=(str(tmp_path / "none"),)).obtain()


async def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        f"child = os.fork()\n"
        f"if child: open({str(tmp_path / 'child')!r}, 'w').write(str(child))\n"
        "time.sleep(600)\n"
    )
    started = time.monotonic()
    with pytest.raises(SecretUnavailableError, match=r"gave no answer within 0\.5 s"):
        await program(code, timeout_seconds=0.5).obtain()
    assert time.monotonic() - started < 5
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while running(child):
        assert time.monotonic() < deadline


async def test_a_child_left_behind_with_the_pipe_does_not_hold_the_gate() -> None:
    code = "import os, time\nprint('hunter2', flush=True)\nif os.fork() == 0: time.sleep(600)\n"
    with pytest.raises(SecretUnavailableError, match="gave no answer"):
        await program(code, timeout_seconds=0.5).obtain()


def test_it_works_on_uvloop_too() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(program("print('hunter2')").obtain()) == "hunter2"
        with pytest.raises(SecretUnavailableError, match="gave no answer"):
            runner.run(program("import time; time.sleep(600)", timeout_seconds=0.3).obtain())


async def test_a_caller_that_gives_up_leaves_nothing_behind(tmp_path: Path) -> None:
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    asking = asyncio.create_task(program(code).obtain())
    deadline = time.monotonic() + 5
    while not (written := read(tmp_path / "pid")):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not running(int(written))


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_running_tells_the_living() -> None:
    assert running(os.getpid())
