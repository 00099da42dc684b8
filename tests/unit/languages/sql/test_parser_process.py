import os
import signal
import sys
from collections.abc import Iterator

import pytest

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.libpg_query import GrammarError, load
from passgate.languages.sql.parser_process import ParserProcess

HANGS = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")
DIES = (sys.executable, "-c", "import os, signal; os.read(0, 1); os.kill(os.getpid(), signal.SIGSEGV)")
CUTS_SHORT = (sys.executable, "-c", r"import os; os.read(0, 1); os.write(1, b'\0\0\0\x09+abc')")


@pytest.fixture(scope="module")
def process() -> Iterator[ParserProcess]:
    made = ParserProcess(timeout_seconds=20)
    yield made
    made.close()


def test_answers_are_the_librarys_own(process: ParserProcess) -> None:
    text = b"SELECT " + b",".join([b"a"] * 40_000)
    assert process.parse(text) == load().parse(text)
    assert process.fingerprint(text) == load().fingerprint(text)


def test_one_worker_serves_many_texts(process: ParserProcess) -> None:
    process.parse(b"SELECT 1")
    first = process.pid
    process.parse(b"SELECT 2")
    assert process.pid == first


def test_a_grammar_error_leaves_the_worker_alive(process: ParserProcess) -> None:
    process.parse(b"SELECT 1")
    first = process.pid
    with pytest.raises(GrammarError, match="syntax error") as caught:
        process.parse(b"SELEC 1")
    assert caught.value.position == 1
    assert process.pid == first


def test_a_killed_worker_costs_one_text(process: ParserProcess) -> None:
    process.parse(b"SELECT 1")
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with pytest.raises(NotUnderstoodError, match="brought the parser down"):
        process.parse(b"SELECT 1")
    assert process.parse(b"SELECT 1") == load().parse(b"SELECT 1")
    assert process.pid != first


@pytest.mark.parametrize("command", [DIES, CUTS_SHORT])
def test_a_worker_that_dies_or_cuts_short_is_refused(command: tuple[str, ...]) -> None:
    process = ParserProcess(timeout_seconds=20, command=command)
    with pytest.raises(NotUnderstoodError, match="brought the parser down"):
        process.parse(b"SELECT 1")
    assert process.pid is None


def test_a_worker_that_hangs_is_killed() -> None:
    process = ParserProcess(timeout_seconds=0.2, command=HANGS)
    with pytest.raises(NotUnderstoodError, match=r"longer than 0\.2 s"):
        process.parse(b"SELECT 1")
    assert process.pid is None


def test_a_worker_that_cannot_start_is_refused() -> None:
    process = ParserProcess(timeout_seconds=1, command=("/nonexistent/program",))
    with pytest.raises(NotUnderstoodError):
        process.parse(b"SELECT 1")


def test_close_ends_the_worker_and_may_be_repeated() -> None:
    process = ParserProcess(timeout_seconds=20)
    process.parse(b"SELECT 1")
    pid = process.pid
    assert pid is not None
    process.close()
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
